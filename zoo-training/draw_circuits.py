"""Draws the circuits that are known into docs/tasks, and fills in there what was measured of the models.

    python zoo-training/draw_circuits.py [FOLDER ...]

    <model>.svg         a bundled model's, under the ablation `corrupted`
    <model>-zero.svg    a compiled model's, under `zero`
    <task>-<model>.svg  one that a paper found by hand in a model of others

FOLDER: a model to take besides the bundled ones, or in place of the bundled one of its name.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgewise import zoo
from edgewise.circuit import Circuit
from edgewise.files import atomic_write
from edgewise.graph import Graph
from edgewise.models.load import describe
from edgewise.reports.drawing import draw
from edgewise.zoo import published
from edgewise.zoo.bundle import KNOWN_FILE, TASK_FILE
from edgewise.zoo.known import KnownCircuit, load_known

PAGES = Path(__file__).parents[1] / "docs" / "tasks"
MEASURED_FILE = "measured.json"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def main(folders: list[str]) -> None:
    models = {name: zoo.DATA / name for name in zoo.names()}
    models |= {Path(each).name: Path(each) for each in folders}
    for name, folder in sorted(models.items()):
        _draw_known(name, folder)
    for path in sorted(published.FOLDER.glob("*.json")):
        _draw_published(path)
    for page in sorted(PAGES.glob("*.md")):
        _fill(page, {name: folder for name, folder in models.items() if _task(folder)["task"] == page.stem})


def _draw_known(name: str, folder: Path) -> None:
    known = _known(folder)
    pictures = {"corrupted": name} | ({"zero": f"{name}-zero"} if "program" in _task(folder) else {})
    for ablation, picture in pictures.items():
        title = f"zoo:{name}, ablation {ablation}"
        _write(picture, draw(known[ablation].circuit, known[ablation].backups, title))


def _draw_published(path: Path) -> None:
    found = json.loads(path.read_text())
    sizes = found["graph"]
    graph = Graph(sizes["layers"], sizes["heads"], sizes["heads"], mlps=sizes["mlps"])
    title = f"{found['task']} in {found['names'][0]}, as published"
    _write(path.stem, draw(Circuit.of(graph, found["edges"]), title=title))


def _write(name: str, picture: str) -> None:
    atomic_write(PAGES / f"{name}.svg", picture)
    print(f"{name}.svg: {len(picture) / 1024:.0f} kB")


def _fill(page: Path, models: Mapping[str, Path]) -> None:
    """Puts the table between its two marks; what is there stays where nothing was measured."""
    text = page.read_text()
    measured = (name for name in models if (models[name] / MEASURED_FILE).is_file())
    columns = {name: _card(models[name]) for name in sorted(measured, key=lambda name: (len(name), name))}
    if BEGIN not in text or not columns:
        return
    rows = dict.fromkeys(row for column in columns.values() for row in column)
    lines = [
        f"| | {' | '.join(f'`zoo:{name}`' for name in columns)} |",
        f"|---|{'---|' * len(columns)}",
        *(f"| {row} | {' | '.join(column.get(row, '') for column in columns.values())} |" for row in rows),
    ]
    table = f"{BEGIN}\n\n" + "\n".join(lines) + f"\n\n{END}"
    filled = re.sub(f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: table, text, flags=re.DOTALL)
    atomic_write(page, filled)
    print(f"{page.name}: measured {', '.join(columns)}")


def _card(folder: Path) -> dict[str, str]:
    measured = json.loads((folder / MEASURED_FILE).read_text())
    config, known = describe(folder), _known(folder)
    mlps = f", MLPs of width {config.mlp_width}" if config.mlp_width else ", no MLPs"
    heads = f"{config.layers} layers of {config.heads} heads{mlps}"
    asked = measured["test examples"]["interchange"]
    steps = ", ".join(f"{node} {_share(value)}" for node, value in measured["interchange"].items())
    return {
        "model": heads,
        "width, vocabulary": f"{config.width}, {config.vocabulary} tokens",
        "edges in the graph": f"{Graph.of(config).edge_count:,}",
        f"right answers, of {asked} test prompts": _share(measured["accuracy"]),
        "interchange: answers that follow a step's swap": steps,
        "strictness: answers changed by any other part, at most": _share(
            max(measured["strictness"].values())
        ),
        **{
            f"known circuit, {ablation}": _told(known[ablation], measured[ablation])
            for ablation in ("corrupted", "mean", "zero")
            if ablation in known and ablation in measured
        },
    }


def _told(known: KnownCircuit, measured: Mapping[str, float]) -> str:
    size = f"{len(known.circuit)} edges, faithfulness {measured['faithfulness of the known circuit']:.3f}"
    if not len(known.backups):
        return size
    return f"{size}; backups: {len(known.backups)}, with them {measured['faithfulness with backups']:.3f}"


def _known(folder: Path) -> dict[str, KnownCircuit]:
    return load_known(folder / KNOWN_FILE, Graph.of(describe(folder)))


def _task(folder: Path) -> dict[str, Any]:
    return json.loads((folder / TASK_FILE).read_text())


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


if __name__ == "__main__":
    main(sys.argv[1:])
