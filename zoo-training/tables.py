"""Fills in what was measured of the bundled models, in docs/tasks and in zoo-training/README.md.

    python zoo-training/tables.py

A table stands between two marks, <!-- NAME: begin --> and <!-- NAME: end -->. Its numbers are those that came
with each model, in measured.json and known_circuits.json.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgewise import zoo
from edgewise.files import atomic_write
from edgewise.graph import Graph
from edgewise.models.load import describe
from edgewise.zoo.bundle import KNOWN_FILE, TASK_FILE
from edgewise.zoo.known import KnownCircuit, load_known

MEASURED_FILE = "measured.json"
HERE = Path(__file__).parent
PAGES = HERE.parent / "docs" / "tasks"
Measured = Mapping[str, Any]


def main() -> None:
    folders = {name: zoo.DATA / name for name in zoo.names()}
    trained = {name: each for name, each in folders.items() if (each / MEASURED_FILE).is_file()}
    for page in sorted(PAGES.glob("*.md")):
        models = {name: each for name, each in trained.items() if task_of(each) == page.stem}
        if models:
            fill(page, "measured", cards(models))
    measured = {name: json.loads((each / MEASURED_FILE).read_text()) for name, each in trained.items()}
    known = {name: known_of(each) for name, each in trained.items()}
    fill(HERE / "README.md", "acceptance", acceptance(measured, known))
    fill(HERE / "README.md", "eap", eap(measured, known))


def fill(page: Path, mark: str, lines: Iterable[str]) -> None:
    """Puts a table between its two marks."""
    begin, end = f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"
    text = page.read_text()
    if begin not in text:
        raise SystemExit(f"{page}: no place for the table {mark!r}. Write {begin} and {end} where it goes.")
    table = f"{begin}\n\n" + "\n".join(lines) + f"\n\n{end}"
    atomic_write(page, re.sub(f"{begin}.*{end}", lambda _: table, text, flags=re.DOTALL))
    print(f"{page.name}: {mark}")


def rows(head: Sequence[str], body: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *body]
    return [f"| {' | '.join(line)} |" for line in lines]


def cards(models: Mapping[str, Path]) -> list[str]:
    """What a task's models are and do, one a column."""
    names = sorted(models, key=lambda name: (len(name), name))
    columns = [card(models[name]) for name in names]
    every = dict.fromkeys(row for column in columns for row in column)
    body = ([row, *(column.get(row, "") for column in columns)] for row in every)
    return rows(["", *(f"`zoo:{name}`" for name in names)], body)


def card(folder: Path) -> dict[str, str]:
    measured = json.loads((folder / MEASURED_FILE).read_text())
    config, known = describe(folder), known_of(folder)
    mlps = f", MLPs of width {config.mlp_width}" if config.mlp_width else ", no MLPs"
    asked = measured["test examples"]["interchange"]
    steps = ", ".join(f"{node} {share(value)}" for node, value in measured["interchange"].items())
    swapped = share(max(measured["strictness"].values()))
    return {
        "model": f"{config.layers} layers of {config.heads} heads{mlps}",
        "width, vocabulary": f"{config.width}, {config.vocabulary} tokens",
        "edges in the graph": f"{Graph.of(config).edge_count:,}",
        f"right answers, of {asked} test prompts": share(measured["accuracy"]),
        "interchange: answers that follow a step's swap": steps,
        "strictness: answers changed by any other part, at most": swapped,
        **{f"known circuit, {truth}": told(each, measured[truth]) for truth, each in known.items()},
    }


def told(known: KnownCircuit, measured: Measured) -> str:
    against = f", {len(known.against)} of them against the answer" if len(known.against) else ""
    faithful = measured["faithfulness of the known circuit"]
    size = f"{len(known.circuit)} edges{against}, faithfulness {faithful:.3f}"
    if not len(known.backups):
        return size
    return f"{size}; backups: {len(known.backups)}, with them {measured['faithfulness with backups']:.3f}"


def acceptance(
    measured: Mapping[str, Measured], known: Mapping[str, Mapping[str, KnownCircuit]]
) -> list[str]:
    """Why each model was accepted, one a row."""
    body = []
    for name, each in measured.items():
        truth, found = known[name]["corrupted"], each["corrupted"]
        backups = f" + {len(truth.backups)}" if len(truth.backups) else ""
        alone, others = (
            found[f"{what} the lesson's circuit"] for what in ("faithfulness of", "lowest outside")
        )
        without = [found["edges removed alone"][edge] for edge in truth.circuit - truth.against]
        harm = [found["edges removed alone"][edge] for edge in truth.against]
        body.append(
            [
                f"`{name}`",
                str(each["made"]["seed"]),
                str(each["made"]["seconds"]),
                share(each["accuracy"]),
                share(min(each["interchange"].values())),
                share(max(each["strictness"].values())),
                f"{alone:.3f}",
                f"{len(truth.circuit)}{backups}",
                f"{max(without):.2f}",
                f"{min(others.values()):.2f}",
                f"{min(harm):.2f}" if harm else "",
            ]
        )
    head = (
        *("model", "seed", "seconds", "accuracy", "interchange, least", "swaps, most", "faithfulness"),
        *("edges", "without one that helps, most", "without another, least", "without one against, least"),
    )
    return rows(head, body)


def eap(measured: Mapping[str, Measured], known: Mapping[str, Mapping[str, KnownCircuit]]) -> list[str]:
    """What plain EAP finds of each truth, one truth a column where all models have it, else in the last."""
    common = ("corrupted", "mean", "zero")
    body = []
    for name, each in measured.items():
        cells = {truth: cell(circuit, each[truth]) for truth, circuit in known[name].items()}
        others = (f"{truth}: {told}" for truth, told in cells.items() if truth not in common)
        body.append([f"`{name}`", *(cells[truth] for truth in common), "; ".join(others)])
    return rows(["model", *common, "other corruptions"], body)


def cell(known: KnownCircuit, measured: Measured) -> str:
    size = f"({len(known.circuit)} + {len(known.backups)})"
    found = measured.get("eap")
    return f"{found['edge_auc']:.2f}, {found['precision_at_known_size']:.2f} {size}" if found else f"- {size}"


def known_of(folder: Path) -> dict[str, KnownCircuit]:
    return load_known(folder / KNOWN_FILE, Graph.of(describe(folder)))


def task_of(folder: Path) -> str:
    return json.loads((folder / TASK_FILE).read_text())["task"]


def share(value: float) -> str:
    return f"{100 * value:.1f} %"


if __name__ == "__main__":
    main()
