"""What the tests of drawn circuits share: circuits to draw, and what is in a picture of one."""

from bisect import bisect_left
from pathlib import Path

import torch
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path as Drawing
from matplotlib.text import Text

from edgewise.circuit import Scores
from edgewise.graph import Graph

PICTURES = Path(__file__).parents[1] / "docs" / "tasks"
GPT2 = Graph(layers=12, heads=12, key_readers=12)


def boxes(picture):
    """Left, bottom, right and top of every node, by name."""
    found = [each for each in picture.figure.axes[0].patches if isinstance(each, FancyBboxPatch)]
    corners = [(each.get_x(), each.get_y(), each.get_width(), each.get_height()) for each in found]
    assert len({each.get_gid() for each in found}) == len(found)
    return {
        each.get_gid(): (x, y, x + width, y + height)
        for each, (x, y, width, height) in zip(found, corners, strict=True)
    }


def lines(picture):
    """The line of every edge, by name."""
    found = [
        each for each in picture.figure.axes[0].patches if isinstance(each, PathPatch) and each.get_gid()
    ]
    assert len({each.get_gid() for each in found}) == len(found)
    return {each.get_gid(): each for each in found}


def ways(line):
    """The ends of the pieces of each way that a line takes: one, or one to each head of its reader."""
    found = []
    for points, code in line.get_path().iter_segments(curves=True, simplify=False):
        if code == Drawing.MOVETO:
            found.append([])
        found[-1].append((float(points[-2]), float(points[-1])))
    return found


def bands(picture):
    patches = picture.figure.axes[0].patches
    return [each for each in patches if isinstance(each, PathPatch) and not each.get_gid()]


def words(picture):
    return [text.get_text() for text in picture.figure.findobj(Text) if text.get_text()]


def heavy_scores(seed):
    """As scores are: a few nodes have most of what there is, the ends and late layers more of it."""
    draw = torch.Generator().manual_seed(seed)
    sources, readers = (torch.randn(size, generator=draw).exp() for size in reversed(GPT2.shape))
    late = torch.linspace(0, 2, GPT2.shape[1]).exp() * torch.linspace(0, 2, GPT2.shape[0]).exp()[:, None]
    values = torch.randn(GPT2.shape, generator=draw) * sources * readers[:, None] * late
    values[-1] *= 10
    values[:, 0] *= 10
    return Scores(GPT2, values)


def circuit_of(scores, size):
    """With so many edges, or the next more that there can be."""
    fewest = bisect_left(range(6000), size, key=lambda chosen: len(scores.top(chosen).prune()))
    return scores.top(fewest).prune()


def hexes(line):
    from matplotlib.colors import to_hex

    return to_hex(line.get_edgecolor())


def on_the_way(start, end, share):
    """On the curve from one to the other that leaves and enters upright."""
    aside = 3 * share**2 - 2 * share**3
    up = 1.5 * share * (1 - share) + share**3
    return start[0] + aside * (end[0] - start[0]), start[1] + up * (end[1] - start[1])


def inside(x, y, corner):
    return corner[0] < x < corner[2] and corner[1] + 1e-9 < y < corner[3] - 1e-9
