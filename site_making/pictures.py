"""The pictures of docs/how-it-works.md: the residual stream, a reader's mix, a layer's mixes as one product.

    python -m site_making.pictures

Lengths are inches; names and their order are those of a `Graph`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrow, FancyBboxPatch, Rectangle

from edgewise.graph import PARTS, Graph
from edgewise.pictures.paper import COLOURS, GREY, SETTINGS

FOLDER = Path(__file__).parents[1] / "docs" / "how-it-works"
GRAPH = Graph(layers=2, heads=2, key_readers=2)
PART_COLOURS: dict[str, str] = dict(zip(PARTS, COLOURS, strict=False))
LIVE, REPLACED = COLOURS[4:6]
INK, PALE = "#1e293b", "#e2e8f0"
WIDTH = 6.2
SMALL = 7.5

MIX = {"embed": 1.0, "a0.h0": 0.0, "a0.h1": 0.5, "m0": 1.0}
"""A row of a mask, by source."""
MASK = ((1, 0, 0, 1), (0, 1, 0, 0), (1, 1, 0, 0), (0, 0, 0, 0), (1, 0, 1, 1), (0, 1, 1, 0))
"""Its rows for q, k and v of the last layer's heads."""


def draw_stream(axes: Axes) -> None:
    """Nodes in the order in which they write; ports of their readers at the foot of each."""
    stream, foot, half, port = 0.42, 1.15, 0.31, 0.15
    arrow(axes, (0.1, stream), (WIDTH - 0.15, stream), PALE, 0.14)
    axes.text(0.1, 0.12, "residual stream", color=GREY)
    for place, node in enumerate((*GRAPH.sources, "logits")):
        left = 0.1 + 0.755 * place
        box(axes, left, foot, 2 * half, 0.48)
        axes.text(left + half, foot + 0.32, node, ha="center", va="center")
        readers = [name for name in GRAPH.readers if name.partition("<")[0] == node]
        for index, reader in enumerate(readers):
            part = reader.partition("<")[2][:1]
            at, colour = left + 0.13 + 0.155 * index, PART_COLOURS.get(part, GREY)
            arrow(axes, (at, stream + 0.1), (at, foot), colour, 0.014)
            axes.add_patch(Rectangle((at - port / 2, foot), port, port, facecolor=colour))
            axes.text(
                at, foot + port / 2, part, ha="center", va="center_baseline", color="white", fontsize=SMALL
            )
        if node in GRAPH.source_index:
            at = left + 2 * half - 0.07
            arrow(axes, (at, foot), (at, stream + 0.1), INK, 0.03)
    key(axes, 1.85, ((INK, "a source writes"), *((PART_COLOURS[part], f"{part} reads") for part in PARTS)))
    key(axes, 1.85, [(GREY, "an MLP or logits read")], left=4.45)


def draw_mix(axes: Axes) -> None:
    """What `a1.h0<q>` sees of each source: so much of what is live, the rest of what replaces it."""
    top, step, bar = 1.75, 0.42, 0.22
    for left, heading in (
        (0.1, "source"),
        (0.85, "live"),
        (1.75, "replacement"),
        (2.9, "mask"),
        (3.5, "mix"),
    ):
        axes.text(left, top + 0.42, heading, color=GREY)
    total = (5.0, top - 1.5 * step + bar / 2)
    for row, (source, share) in enumerate(MIX.items()):
        low = top - row * step
        middle = low + bar / 2
        axes.text(0.1, middle, source, va="center")
        axes.add_patch(Rectangle((0.85, low), 0.6, bar, facecolor=LIVE))
        axes.add_patch(Rectangle((1.75, low), 0.6, bar, facecolor=REPLACED))
        axes.text(2.9, middle, f"{share:g}", va="center")
        axes.add_patch(Rectangle((3.5, low), 0.8 * share, bar, facecolor=LIVE))
        axes.add_patch(Rectangle((3.5 + 0.8 * share, low), 0.8 * (1 - share), bar, facecolor=REPLACED))
        axes.plot((4.36, total[0]), (middle, total[1]), color=GREY, linewidth=0.9)
    axes.plot(*total, "o", markersize=15, color="white", markeredgecolor=INK)
    axes.text(*total, "+", ha="center", va="center_baseline", fontsize=12)
    arrow(axes, (total[0] + 0.13, total[1]), (total[0] + 0.38, total[1]), INK, 0.02)
    axes.text(total[0] + 0.43, total[1], "a1.h0<q>", va="center", color=PART_COLOURS["q"])
    axes.text(0.1, 0.12, "mix = mask x live + (1 - mask) x replacement", color=INK)


def draw_outbox(axes: Axes) -> None:
    """Rows of the mask times the outbox, and the stream in which all is replaced: what q, k and v see."""
    cell, top, wide, slot = 0.2, 2.2, 0.8, 1.05
    sources = GRAPH.sources[: GRAPH.sources_before(1)]
    readers = GRAPH.readers[GRAPH.head_readers(1)]
    mask, outbox, stream, seen = 0.95, 2.15, 4.12, 5.3
    for row, (reader, kept) in enumerate(zip(readers, MASK, strict=True)):
        low = top - (row + 1) * cell
        axes.text(
            mask - 0.08, low + cell / 2, reader, ha="right", va="center", color=PART_COLOURS[reader[-2]]
        )
        for column, one in enumerate(kept):
            fill(axes, mask + column * cell, low, cell, cell, INK if one else "white")
            axes.text(
                mask + (column + 0.5) * cell,
                low + cell / 2,
                str(one),
                ha="center",
                va="center_baseline",
                fontsize=SMALL,
                color="white" if one else GREY,
            )
        fill(axes, seen, low, wide, cell, PALE)
    for column, source in enumerate(sources):
        axes.text(mask + (column + 0.5) * cell, top + 0.08, source, ha="center", va="bottom", rotation=90)
    for row, source in enumerate(GRAPH.sources):
        low, written = top - (row + 1) * cell, source in sources
        fill(axes, outbox, low, slot, cell, LIVE if written else "white")
        told = "live - replaced" if written else "not yet written"
        axes.text(
            outbox + slot / 2,
            low + cell / 2,
            told,
            ha="center",
            va="center_baseline",
            fontsize=SMALL - 0.5,
            color=INK if written else GREY,
        )
        axes.text(outbox + slot + 0.08, low + cell / 2, source, va="center", color=INK if written else GREY)
    middle = top - 3 * cell
    fill(axes, stream, middle - cell / 2, wide, cell, REPLACED)
    for at, sign in ((1.95, "\u00d7"), (3.95, "+"), (5.11, "=")):
        axes.text(at, middle, sign, ha="center", va="center", fontsize=13)
    for left, width, name, shape in (
        (mask, 4 * cell, "mask", "[readers, sources]"),
        (outbox, slot, "outbox", "[sources, width]"),
        (stream, wide, "all replaced", "[width]"),
        (seen, wide, "what is read", "[readers, width]"),
    ):
        axes.text(left + width / 2, 0.42, name, ha="center")
        axes.text(left + width / 2, 0.22, shape, ha="center", color=GREY, fontsize=SMALL)


def arrow(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str, width: float
) -> None:
    away = (end[0] - start[0], end[1] - start[1])
    head = {"head_width": 2 * width + 0.05, "head_length": width + 0.05, "length_includes_head": True}
    axes.add_patch(FancyArrow(*start, *away, width=width, color=colour, linewidth=0, **head))


def box(axes: Axes, left: float, foot: float, width: float, height: float) -> None:
    shape = FancyBboxPatch(
        (left, foot), width, height, "round,pad=0,rounding_size=0.06", facecolor="white", edgecolor=INK
    )
    axes.add_patch(shape)


def fill(axes: Axes, left: float, foot: float, width: float, height: float, colour: str) -> None:
    axes.add_patch(Rectangle((left, foot), width, height, facecolor=colour, edgecolor=GREY, linewidth=0.6))


def key(axes: Axes, foot: float, entries: Sequence[tuple[str, str]], left: float = 0.1) -> None:
    for colour, told in entries:
        axes.add_patch(Rectangle((left, foot + 0.02), 0.12, 0.09, facecolor=colour))
        axes.text(left + 0.18, foot, told)
        left += 0.42 + 0.075 * len(told)


PICTURES = {"stream": (draw_stream, 2.1), "mix": (draw_mix, 2.4), "outbox": (draw_outbox, 2.85)}
"""How each is drawn, and its height."""


def drawn(name: str) -> Figure:
    draw, height = PICTURES[name]
    figure = Figure(figsize=(WIDTH, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(0, height))
    axes.axis("off")
    draw(axes)
    return figure


def draw_all(folder: Path = FOLDER) -> None:
    folder.mkdir(exist_ok=True)
    for name in PICTURES:
        with rc_context(SETTINGS):
            # No date, so that the same picture is the same file.
            drawn(name).savefig(folder / f"{name}.svg", metadata={"Date": None})


if __name__ == "__main__":
    draw_all()
