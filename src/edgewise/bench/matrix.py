"""What a matrix is of, from a TOML file, from flags or from both, to its cells: one run each.

    model = ["zoo:ioi", "gpt2"]
    task = ["ioi"]                       # where a model has one of its own, that unless given
    seed = [0, 1, 2]                     # draws the examples, and whatever the method draws
    method = ["eap", "edge-pruning",
              {name = "acdc, small tau", method = "acdc", options = {tau = 0.001}}]
    sparsity = 0.95                      # these and the rest hold for all cells

The keys are the names of the flags; a flag goes before the file's key. Every cell is asked for in the words
of `edgewise discover`, and is known by what it asks: another setting is another cell.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from importlib import import_module
from pathlib import Path
from typing import Any

from edgewise.discovery import with_preset
from edgewise.errors import BadInput, Problems, check_name, gathered, kind_of, unknown
from edgewise.files import read_text
from edgewise.meaning import read_model
from edgewise.methods import METHODS
from edgewise.methods.options import own_options, read_options
from edgewise.models.load import check_placement
from edgewise.request import BenchRequest, Request
from edgewise.tasks.catalogue import PROGRAMS, TASKS
from edgewise.tasks.checks import check_task
from edgewise.zoo.truth import own_task

AXES = ("model", "task", "prompts", "method", "seed")
OF_EVERY_CELL = (
    *("metric", "ablation", "examples", "corruption", "edges", "sparsity"),
    *("batch_size", "dtype", "device"),
)
OF_A_METHOD = ("name", "method", "options", "preset", "edges", "sparsity")
KINDS: dict[str, type | tuple[type, ...]] = {
    "examples": int,
    "edges": int,
    "batch_size": int,
    "sparsity": (int, float),
    "seed": int,
}
"""Of what is no text."""


@dataclass(frozen=True)
class Variant:
    """A method as it is to be run."""

    name: str
    method: str
    options: Mapping[str, Any] = field(default_factory=dict)
    preset: str = ""
    edges: int | None = None
    sparsity: float | None = None


@dataclass(frozen=True)
class Cell:
    model: str
    task: str
    """Of it, or of the model; empty where prompts are a file's."""
    variant: Variant
    seed: int
    asked: Mapping[str, Any]
    """What is the same in every cell."""
    prompts: str = ""

    @property
    def place(self) -> str:
        return Path(self.prompts).name or self.task

    @property
    def name(self) -> str:
        """For its files: what it is in short, and a mark of all that it asks for."""
        short = "--".join((Path(self.model).name, self.place, self.variant.name, f"seed-{self.seed}"))
        everything = json.dumps(asdict(self), sort_keys=True, default=str)
        mark = hashlib.sha256(everything.encode()).hexdigest()[:8]
        return f"{re.sub(r'[^A-Za-z0-9.=_-]+', '-', short)}--{mark}"

    def request(self, out: Path) -> Request:
        """As `edgewise discover` would be asked."""
        method = METHODS[self.variant.method].discover
        own = {"seed": self.seed} if "seed" in own_options(method) else {}
        given = {name: value for name, value in self.asked.items() if value is not None}
        size = {
            name: value
            for name in ("edges", "sparsity")
            if (value := getattr(self.variant, name)) is not None
        }
        if size:
            given = {name: value for name, value in given.items() if name not in ("edges", "sparsity")}
        # A file's prompts are what they are: no seed draws them.
        drawn = {"prompts": self.prompts} if self.prompts else {"task": self.task, "seed": self.seed}
        return Request(
            out=str(out),
            model=self.model,
            method=self.variant.method,
            preset=self.variant.preset,
            options={**own, **self.variant.options},
            **{**given, **size, **drawn},
        )


def cells_of(request: BenchRequest) -> list[Cell]:
    """All of them, in the order of models, tasks, methods and seeds; BadInput with all problems."""
    problems = Problems(*request.misread)
    given: dict[str, Any] = {}
    if request.matrix is not None:
        with gathered(problems):
            given = read_matrix(request.matrix)
    given |= {
        name: list(value) if isinstance(value, tuple) else value
        for name in (*AXES, *OF_EVERY_CELL)
        if (value := getattr(request, name)) not in (None, ())
    }
    variants = variants_of(given.get("method", []), request.options, problems)
    seeds = given.get("seed", [0])
    if len(set(seeds)) < len(seeds):
        problems.add(f"seeds that differ were needed. Got {', '.join(map(str, seeds))}.")
    asked = {name: given[name] for name in OF_EVERY_CELL if name in given}
    problems.add(*check_asked(asked))
    for name in ("model", "method"):
        if not given.get(name) and not problems.found:
            problems.add(
                f"a matrix needs a {name} or more. Got none. Give --{name}, or {name} = [...] in a file."
            )
    cells = []
    for model in given.get("model", []):
        read_model(model, grouped_readers=False, problems=problems)
        with gathered(problems):
            for task, prompts in places_of(model, given):
                cells += [
                    Cell(model, task, variant, seed, asked, prompts) for variant in variants for seed in seeds
                ]
    problems.raise_any()
    return cells


def read_matrix(path: str) -> dict[str, Any]:
    """The keys of a TOML file, single values of the axes as lists of one."""
    # Python has it from 3.11 on.
    tomllib = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        found = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path} is not TOML: {error}.") from error
    known = (*AXES, *OF_EVERY_CELL)
    problems = [unknown(f"key of {path}", key, known) for key in found if key not in known]
    for key in (key for key in found if key in known):
        value, kind = found[key], KINDS.get(key, (str, dict) if key == "method" else str)
        if isinstance(value, list) and key not in AXES:
            problems.append(f"{path}: {key} is the same in every cell. Got a list. Give one.")
            continue
        every = value if isinstance(value, list) else [value]
        wrong = [each for each in every if not isinstance(each, kind) or isinstance(each, bool)]
        needed = _named(kind)
        problems += [f"{path}: {key} must be {needed}. Got {kind_of(each)}: {each!r}." for each in wrong]
        found[key] = every if key in AXES else value
    if problems:
        raise BadInput(*problems)
    return found


def _named(kind: type | tuple[type, ...]) -> str:
    return {str: "text", int: "a whole number", (int, float): "a number"}.get(kind, "text, or a table")


def variants_of(methods: Sequence[Any], options: Mapping[str, Any], problems: Problems) -> list[Variant]:
    """Methods by name, or as tables with settings of their own. `options`: by METHOD.NAME, of flags."""
    found = []
    for given in methods:
        table: dict[str, Any] = {"method": given} if isinstance(given, str) else dict(given)
        problems.add(
            *(unknown("key of a method", key, OF_A_METHOD) for key in table if key not in OF_A_METHOD)
        )
        table = {key: value for key, value in table.items() if key in OF_A_METHOD}
        method = table.setdefault("method", "")
        if wrong := check_name("method", method, METHODS):
            problems.add(*wrong)
            continue
        of_flags = {
            name.partition(".")[2]: value
            for name, value in options.items()
            if name.partition(".")[0] == method
        }
        variant = Variant(**{"name": method, **table, "options": {**table.get("options", {}), **of_flags}})
        every, unknown_preset = with_preset(method, variant.preset, variant.options)
        problems.add(*unknown_preset, *read_options(method, METHODS[method].discover, every)[1])
        found.append(variant)
    for name in options:
        if name.partition(".")[0] not in [one.method for one in found] or "." not in name:
            problems.add(f"--set needs METHOD.NAME=VALUE, of a method of the matrix. Got {name!r}.")
    names = [one.name for one in found]
    problems.add(
        *(
            f"methods need names that differ. Got {name!r} twice. Give each a name."
            for name in names
            if names.count(name) > 1
        )
    )
    return found


def check_asked(asked: Mapping[str, Any]) -> list[str]:
    """What is wrong in every cell."""
    known = {each.name: each.default for each in fields(Request)}
    metric = asked.get("metric") or "logit-diff"
    ablation, batch_size = (asked.get(name, known[name]) for name in ("ablation", "batch_size"))
    problems = check_task(metric, ablation, batch_size, None)
    problems += check_placement(asked.get("dtype"), asked.get("device"))
    if asked.get("edges") is not None and asked.get("sparsity") is not None:
        problems.append("one of edges and sparsity chooses circuits. Got both.")
    return problems


def places_of(model: str, given: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Where a model's prompts are from: tasks, files of prompts, or the model's own task."""
    problems = Problems()
    own = own_task(model) or ""
    tasks, files = given.get("task", []), given.get("prompts", [])
    for task in tasks:
        problems.add(*check_name("task", task, {*TASKS, *PROGRAMS, *filter(None, [own])}))
    for path in files:
        if not Path(path).is_file():
            problems.add(f"{path} could not be read: no such file of prompts.")
    if not tasks and not files and not own:
        problems.add(f"{model} comes with no task. Give --task or --prompts.")
    problems.raise_any()
    return [*((task, "") for task in tasks), *(("", path) for path in files)] or [(own, "")]
