"""The table of a matrix: a row a cell as CSV and Parquet, a line for model, task and method for people.

Means over seeds, with the standard deviation where there are several. Where a number has no value - no
circuit is known, a search went on from a checkpoint - there is a dash, and a mean is of those that have one.
"""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from edgewise.bench.attempts import in_a_line
from edgewise.bench.cell import FIELDS
from edgewise.errors import BadInput
from edgewise.files import atomic_file, atomic_write

Row = Mapping[str, Any]
Form = Callable[[float | int], str]
WHAT = ("model", "task", "method")
"""What a line of the table is of."""


def _digits(count: int) -> Form:
    # Rounding before formatting, and a sum, so that nothing reads as -0.000.
    return lambda value: f"{round(value, count) + 0.0:,.{count}f}"


COLUMNS: dict[str, tuple[str, Form]] = {
    "edges": ("edges", _digits(0)),
    "edge_auc": ("AUC", _digits(3)),
    "cpr": ("CPR", _digits(3)),
    "cmd": ("CMD", _digits(3)),
    "kl_at_sparsity": ("KL 96.6 %", lambda value: f"{value:.3g}"),
    "seconds": ("s", _digits(1)),
    "peak_bytes": ("GB", lambda value: f"{value / 1e9:.2f}"),
    "forwards": ("runs", _digits(0)),
}
"""Heading and form of each number."""


def lines(rows: Sequence[Row], spread: bool = True) -> list[list[str]]:
    """For people: what it is of, how many seeds, and the columns; `spread`: with standard deviations."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in WHAT), []).append(row)
    return [
        [
            *of,
            str(len(some)),
            *(_cell([row[name] for row in some], form, spread) for name, (_, form) in COLUMNS.items()),
        ]
        for of, some in groups.items()
    ]


def heading() -> list[str]:
    return [*WHAT, "seeds", *(name for name, _ in COLUMNS.values())]


def _cell(values: Iterable[float | int | None], form: Form, spread: bool) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    around = f" ± {form(statistics.stdev(known))}" if spread and len(known) > 1 else ""
    return form(statistics.mean(known)) + around


def as_markdown(rows: Sequence[Row], failed: Mapping[str, str]) -> str:
    head = heading()
    under = ["---"] * len(WHAT) + ["---:"] * (len(head) - len(WHAT))
    text = [f"| {' | '.join(_escaped(line))} |" for line in (head, under, *lines(rows))]
    if failed:
        text += ["", f"Not done, {len(failed)}:", ""]
        text += [f"- {_escaped([name])[0]}: {_escaped([in_a_line(why)])[0]}" for name, why in failed.items()]
    return "\n".join(text) + "\n"


def _escaped(words: Iterable[str]) -> list[str]:
    """A name shall neither end its cell or its line, nor be taken for HTML."""
    return [" ".join(word.split()).replace("|", "\\|").replace("<", "&lt;") for word in words]


def as_csv(rows: Sequence[Row]) -> str:
    written = io.StringIO()
    writer = csv.DictWriter(written, list(FIELDS), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def check_parquet() -> list[str]:
    """Why none can be written."""
    if find_spec("pyarrow") is not None:
        return []
    return ["Parquet needs pyarrow. Install it: pip install 'edgewise[parquet]', or leave --parquet out."]


def write_parquet(rows: Sequence[Row], path: Path) -> None:
    if problems := check_parquet():
        raise BadInput(*problems)
    import pyarrow
    import pyarrow.parquet

    kinds = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64()}
    schema = pyarrow.schema([(name, kinds[kind]) for name, kind in FIELDS.items()])
    table = pyarrow.Table.from_pylist([dict(row) for row in rows], schema)
    with atomic_file(path) as temporary:
        pyarrow.parquet.write_table(table, temporary)


def write_tables(rows: Sequence[Row], failed: Mapping[str, str], folder: Path, parquet: bool) -> list[Path]:
    """The files that were written."""
    atomic_write(folder / "table.md", as_markdown(rows, failed))
    atomic_write(folder / "table.csv", as_csv(rows))
    if parquet:
        write_parquet(rows, folder / "table.parquet")
    return [folder / f"table.{form}" for form in ("md", "csv", *(["parquet"] if parquet else []))]
