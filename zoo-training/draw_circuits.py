"""Draws the circuits that are known into docs/tasks.

python zoo-training/draw_circuits.py

<model>.svg         a bundled model's, under the ablation `corrupted`
<model>-zero.svg    a compiled model's, under `zero`
<task>-<model>.svg  one that a paper found by hand in a model of others

Beside each, its numbers: <name>.numbers.json.
"""

from __future__ import annotations

import json
from pathlib import Path

from edgewise import zoo
from edgewise.circuit import Circuit
from edgewise.graph import Graph
from edgewise.pictures.circuit_picture import circuit_picture
from edgewise.pictures.paper import Picture
from edgewise.tasks.programs import PROGRAMS
from edgewise.zoo import published
from tables import PAGES, known_of


def main() -> None:
    for name in zoo.names():
        _draw_known(name, zoo.DATA / name)
    for path in sorted(published.FOLDER.glob("*.json")):
        _draw_published(path)


def _draw_known(name: str, folder: Path) -> None:
    known = known_of(folder)
    pictures = {"corrupted": name} | ({"zero": f"{name}-zero"} if name in PROGRAMS else {})
    for ablation, picture in pictures.items():
        title = f"zoo:{name}, ablation {ablation}"
        truth = known[ablation]
        drawn = circuit_picture(truth.circuit, title=title, backups=truth.backups, against=truth.against)
        _save(picture, drawn)


def _draw_published(path: Path) -> None:
    found = json.loads(path.read_text())
    sizes = found["graph"]
    graph = Graph(sizes["layers"], sizes["heads"], sizes["heads"], mlps=sizes["mlps"])
    title = f"{found['task']} in {found['names'][0]}, as published"
    _save(path.stem, circuit_picture(Circuit.of(graph, found["edges"]), title=title))


def _save(name: str, picture: Picture) -> None:
    path = PAGES / f"{name}.svg"
    picture.save(path)
    print(f"{path.name}: {path.stat().st_size / 1024:.0f} kB")


if __name__ == "__main__":
    main()
