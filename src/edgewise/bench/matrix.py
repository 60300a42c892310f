"""What a matrix is of, from a TOML file, from flags or from both, to its cells: one run each.

    model = ["zoo:ioi", "gpt2"]
    task = ["ioi"]                       # where a model has one of its own, that unless given
    seed = [0, 1, 2]                     # draws the examples, and whatever the method draws
    method = ["eap", "edge-pruning",
              {name = "acdc, small tau", method = "acdc", options = {tau = 0.001}}]
    sparsity = 0.95                      # these and the rest hold for all cells

The keys are the names of the flags; a flag takes the place of the file's key. What is wrong with the file is
told with all else.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from edgewise.bench.cell import Cell, Variant
from edgewise.bench.stamps import stamp
from edgewise.discovery import with_preset
from edgewise.errors import BadInput, Problems, check_name, gathered, kind_of, unknown
from edgewise.files import read_text
from edgewise.meaning import read_model, read_prompts
from edgewise.methods import METHODS
from edgewise.methods.options import read_options
from edgewise.models.load import Preview, check_placement
from edgewise.request import Request
from edgewise.tasks.catalogue import PROGRAMS, TASKS
from edgewise.tasks.checks import METRIC, check_task
from edgewise.validation import check_selection
from edgewise.verb_requests import BenchRequest
from edgewise.zoo.truth import own_task

AXES = ("model", "task", "prompts", "method", "seed")
OF_EVERY_CELL = (
    *("metric", "ablation", "examples", "corruption", "evaluate_on", "edges", "sparsity"),
    *("batch_size", "dtype", "device"),
)
KEYS = (*AXES, *OF_EVERY_CELL)
NUMBER, WHOLE, TEXT, TABLE = (int, float), (int,), (str,), (dict,)
KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("examples", "edges", "batch_size", "seed"), WHOLE),
    "sparsity": NUMBER,
    "method": (*TEXT, *TABLE),
}
"""Of what is no text."""
OF_A_METHOD: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("name", "method", "preset"), TEXT),
    "options": TABLE,
    "edges": WHOLE,
    "sparsity": NUMBER,
}
IN_WORDS = {TEXT: "text", WHOLE: "a whole number", NUMBER: "a number", TABLE: "a table"}


def cells_of(request: BenchRequest) -> list[Cell]:
    """All of them, in the order of models, tasks, methods and seeds; BadInput with all problems."""
    problems = Problems(*request.misread)
    given: dict[str, Any] = {}
    if request.matrix is not None:
        with gathered(problems):
            given = read_matrix(request.matrix, problems)
    given |= {
        name: list(value) if isinstance(value, tuple) else value
        for name in KEYS
        if (value := getattr(request, name)) not in (None, ())
    }
    variants = variants_of(given.get("method", []), request.options, problems)
    problems.add(*check_axes(given))
    asked = {name: given[name] for name in OF_EVERY_CELL if name in given}
    if request.gpus:
        asked.setdefault("device", "cuda")
    problems.add(*check_asked(asked, request))
    cells: list[Cell] = []
    for model in given.get("model", []):
        preview = read_model(model, grouped_readers=False, problems=problems)
        for task, prompts in places_of(model, preview, given, problems):
            mark = stamp(model, prompts, asked.get("evaluate_on"))
            for variant in variants:
                every = [Cell(model, task, variant, seed, asked, prompts, mark) for seed in seeds_of(given)]
                # A file's prompts are what they are: what draws nothing comes to the same from every seed.
                cells += every if task or every[0].draws else every[:1]
    problems.raise_any()
    return cells


def seeds_of(given: Mapping[str, Any]) -> list[int]:
    return given.get("seed", [0])


def read_matrix(path: str, problems: Problems) -> dict[str, Any]:
    """The keys of a TOML file that are right, single values of the axes as lists of one."""
    # Python has it from 3.11 on.
    tomllib = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        found = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path} is not TOML: {error}.") from error
    right: dict[str, Any] = {}
    for key, value in found.items():
        if key not in KEYS:
            problems.add(unknown(f"key of {path}", key, KEYS))
        elif key in OF_EVERY_CELL and isinstance(value, list):
            problems.add(f"{path}: {key} is the same in every cell. Got a list. Give one.")
        else:
            every = value if isinstance(value, list) else [value]
            wrong = [told for each in every if (told := check_value(key, each, KINDS))]
            problems.add(*(f"{path}: {each}" for each in wrong))
            if not wrong:
                right[key] = every if key in AXES else value
    return right


def check_value(key: str, value: object, kinds: Mapping[str, tuple[type, ...]]) -> str | None:
    """Why it is not of the kind that the key takes."""
    kind = kinds.get(key, TEXT)
    if isinstance(value, kind) and not isinstance(value, bool):
        return None
    needed = IN_WORDS.get(kind, "text, or a table")
    return f"{key} must be {needed}. Got {kind_of(value)}: {value!r}."


def variants_of(methods: Sequence[Any], options: Mapping[str, Any], problems: Problems) -> list[Variant]:
    """Methods by name, or as tables with settings of their own. `options`: by METHOD.NAME, of flags."""
    found: list[Variant] = []
    for given in methods:
        table: dict[str, Any] = {"method": given} if isinstance(given, str) else dict(given)
        wrong = [unknown("key of a method", key, OF_A_METHOD) for key in table if key not in OF_A_METHOD]
        wrong += [
            told
            for key, value in table.items()
            if key in OF_A_METHOD and (told := check_value(key, value, OF_A_METHOD))
        ]
        if "method" not in table:
            wrong.append(f"a table of a method needs the key 'method'. Got {table!r}.")
        elif not wrong:
            wrong += check_name("method", table["method"], METHODS)
        problems.add(*wrong)
        if wrong:
            continue
        method = table["method"]
        of_flags = {
            name.partition(".")[2]: value
            for name, value in options.items()
            if name.partition(".")[0] == method
        }
        variant = Variant(**{"name": method, **table, "options": {**table.get("options", {}), **of_flags}})
        every, unknown_preset = with_preset(method, variant.preset, variant.options)
        problems.add(*unknown_preset, *read_options(method, METHODS[method].discover, every)[1])
        problems.add(*check_size(variant.edges, variant.sparsity))
        found.append(variant)
    for name in options:
        if name.partition(".")[0] not in [one.method for one in found] or "." not in name:
            problems.add(f"--set needs METHOD.NAME=VALUE, of a method of the matrix. Got {name!r}.")
    return found


def check_axes(given: Mapping[str, Any]) -> list[str]:
    """None may be empty, nor have anything twice."""
    problems = [
        f"a matrix needs a {name} or more. Got none. Give --{name}, or {name} = [...] in a file."
        for name in ("model", "method")
        if not given.get(name)
    ]
    problems += [f"{name} must have a value or more. Got none." for name in AXES if given.get(name) == []]
    for name in AXES:
        values = [_told(each) for each in given.get(name, [])]
        twice = sorted({each for each in values if values.count(each) > 1})
        problems += [f"{name} {each} stands there more than once. Give it once." for each in twice]
    if wrong := [seed for seed in seeds_of(given) if isinstance(seed, int) and seed < 0]:
        problems.append(f"seeds must be 0 or more. Got {', '.join(map(str, wrong))}.")
    return problems


def _told(value: Any) -> str:
    """What a value of an axis is called: a path can be written in several ways."""
    if isinstance(value, dict):
        return str(value.get("name", value.get("method")))
    path = Path(str(value)).expanduser()
    return str(path.resolve()) if path.exists() else str(value)


def check_asked(asked: Mapping[str, Any], request: BenchRequest) -> list[str]:
    """What is wrong in every cell."""
    metric = asked.get("metric") or METRIC
    ablation, batch_size = asked.get("ablation", "corrupted"), asked.get("batch_size", 16)
    problems = check_task(metric, ablation, batch_size, None)
    problems += check_placement(asked.get("dtype"), device := asked.get("device"), not request.on)
    if request.on and str(device).startswith("cuda") and not request.gpus:
        problems.append(
            f"on Ray a cell on the device {device} needs a GPU. Give --gpus 1, or a share of one."
        )
    if (examples := asked.get("examples")) is not None and examples < 1:
        problems.append(f"examples must be 1 or more. Got {examples}.")
    return problems + check_size(asked.get("edges"), asked.get("sparsity"))


def check_size(edges: int | None, sparsity: float | int | None) -> list[str]:
    share = None if sparsity is None else float(sparsity)
    return check_selection(Request(out="", edges=edges, sparsity=share), None)


def places_of(
    model: str, preview: Preview | None, given: Mapping[str, Any], problems: Problems
) -> list[tuple[str, str]]:
    """Where a model's prompts are from, as (task, file): tasks, files of prompts, or the model's own task."""
    own = ""
    with gathered(problems):
        own = own_task(model) or ""
    tasks, files = given.get("task", []), given.get("prompts", [])
    for task in tasks:
        problems.add(*check_name("task", task, {*TASKS, *PROGRAMS, *filter(None, [own])}))
    for path in [*files, *filter(None, [given.get("evaluate_on")])]:
        read_prompts(path, preview, problems)
    if preview is not None and not tasks and not files and not own:
        problems.add(f"{model} comes with no task. Give --task or --prompts.")
    return [*((task, "") for task in tasks), *(("", path) for path in files)] or [(own, "")]
