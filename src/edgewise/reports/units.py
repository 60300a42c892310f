"""What the terminal shows of a mask of units: how many of each part are kept, and what rounding came to."""

from __future__ import annotations

from typing import NamedTuple

from rich.table import Table
from rich.text import Text

from edgewise.masks.units import Units
from edgewise.reports.summary import BAR, table_of

SHOWN = 24
"""Parts at most: where there are more, those of which the largest share is kept."""
ROUNDING_COST = 0.02
"""That is worth a note."""
KINDS = {"neurons": "MLPs", "channels": "heads", "weights": "matrices"}
"""Of parts, by the grain; the stream has none."""


class Part(NamedTuple):
    name: str
    kept: int
    of: int

    @property
    def share(self) -> float:
        return self.kept / self.of


def parts(units: Units) -> list[Part]:
    """Neurons by MLP, channels by head, weights by matrix, in the model's order."""
    if units.grain not in KINDS:
        return []
    kept = units.kept()
    if units.grain == "weights":
        return [Part(name, int(each.sum()), each.numel()) for name, each in kept.items()]
    [each] = kept.values()
    numbers, of = each.sum(-1), each.shape[-1]
    if units.grain == "neurons":
        return [Part(f"m{layer}", number, of) for layer, number in enumerate(numbers.tolist())]
    layers = enumerate(numbers.tolist())
    return [Part(f"a{layer}.h{head}", number, of) for layer, row in layers for head, number in enumerate(row)]


def parts_table(found: list[Part]) -> Table:
    """A part a row, with a bar for the share of it that is kept; the last row has all that are not shown."""
    shown = table_of(("part",), ("kept", "of"))
    shown.add_column()
    most = set(sorted(found, key=lambda part: part.share, reverse=True)[:SHOWN])
    others = [part for part in found if part not in most]
    rows = [part for part in found if part in most]
    if others:
        kept, of = (sum(numbers) for numbers in list(zip(*others, strict=True))[1:])
        rows.append(Part(f"{len(others):,} others", kept, of))
    for part in rows:
        bar = "━" * max(1, round(BAR * part.share)) if part.kept else ""
        shown.add_row(part.name, f"{part.kept:,}", f"{part.of:,}", Text(bar, style="green"))
    return shown


def units_line(units: Units) -> str:
    """How many are kept, and in how many parts."""
    line = f"{units.chosen:,} of {units.count:,} {units.what} ({units.share:.1%})"
    if not (found := parts(units)):
        return line
    return f"{line}, in {sum(part.kept > 0 for part in found):,} of {len(found):,} {KINDS[units.grain]}"


def rounding_units_line(units: Units) -> str:
    kept = f"{units.chosen:,} {units.what}"
    return f"loss {units.settled_loss:.2g} learned, {units.loss:.2g} rounded ({kept})"


def notes_on_units(units: Units) -> list[str]:
    """What a reader of the mask should know."""
    if not units.chosen:
        return ["no unit is kept: at this price none is worth it. Choose a lower price: --set price=0.01."]
    if units.chosen == units.count:
        return [f"all {units.count:,} {units.what} are kept. Choose a higher price: --set price=0.5."]
    if units.loss > units.settled_loss + ROUNDING_COST:
        return [
            f"rounding the mask took its loss from {units.settled_loss:.2g} to {units.loss:.2g}: gates are "
            "neither open nor shut. Choose more steps."
        ]
    return []
