"""How a mask was learned, step by step, from the lines of its log: `training.jsonl`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgewise.pictures.paper import GREY, INK, Picture, check_some, label, sheet, styles
from edgewise.reports.training import told_lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT = 1.35
"""Of a panel."""
QUANTITIES = {
    "loss": "loss",
    "penalty": "penalty",
    "edges": "edges open",
    "price": "price",
    "temperature": "temperature",
    "l1": "price of\nthe sparsity",
    "l2": "price of\nits square",
}
"""What has a panel, where the log tells it, by its name there."""
ENDS = {"loss": ("rounded loss", "trimmed loss"), "edges": ("edges after rounding", "edges after trimming")}
"""What is told at the end of a stage, as marks in a panel."""
MARKS = {"rounded": "s", "trimmed": "x"}


@dataclass(frozen=True)
class Stage:
    """What the log tells of one training."""

    steps: Sequence[Mapping[str, Any]]
    end: Mapping[str, Any]

    def of(self, quantity: str) -> tuple[list[int], list[float | int]]:
        """Step and value, where it is told."""
        told = [(step["step"], step[quantity]) for step in self.steps if quantity in step]
        return [step for step, _ in told], [value for _, value in told]

    def aims(self) -> tuple[list[int], list[float | int]]:
        """How many edges the target of each step would leave."""
        steps, targets = self.of("target")
        return steps, [max(1 - target, 0.0) * self.end.get("edges learned", 0.0) for target in targets]


def training_picture(training: str, title: str = "") -> Picture:
    """`training`: the text of the log. A line a stage, whose end, rounded and trimmed, is marked; thin and
    grey: the edges that the target of each step would leave."""
    stages = stages_of(training)
    shown = [name for name in QUANTITIES if any(stage.of(name)[0] for stage in stages.values())]
    check_some(shown)
    with sheet(rows=len(shown), height=HEIGHT) as (figure, every):
        for axes, quantity in zip(every, shown, strict=True):
            for (name, stage), style in zip(stages.items(), styles(len(stages)), strict=True):
                axes.plot(*stage.of(quantity), label=label(name), **style)
                if quantity == "edges" and stage.aims()[0]:
                    axes.plot(*stage.aims(), color=GREY, linewidth=0.7, label="target")
                _mark_ends(axes, stage, quantity)
            axes.set(ylabel=QUANTITIES[quantity])
        every[0].set_title(title)
        every[-1].set_xlabel("step")
        named: dict[str, Any] = {}
        for axes in every:
            named |= dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
        figure.legend(named.values(), named.keys(), loc="outside lower center", ncols=3)
    return Picture(figure, {name: _numbers(stage, shown) for name, stage in stages.items()})


def stages_of(training: str) -> dict[str, Stage]:
    lines: dict[str, list[dict[str, Any]]] = {}
    for told in told_lines(training):
        lines.setdefault(told["stage"], []).append(told)
    return {
        name: Stage(
            [each for each in told if "rounded loss" not in each],
            next((each for each in told if "rounded loss" in each), {}),
        )
        for name, told in lines.items()
    }


def _mark_ends(axes: Axes, stage: Stage, quantity: str) -> None:
    for end, (name, mark) in zip(ENDS.get(quantity, ()), MARKS.items(), strict=False):
        if end in stage.end:
            look: dict[str, Any] = {"color": INK, "fillstyle": "none", "markersize": 5, "label": name}
            axes.plot([stage.end["step"]], [stage.end[end]], mark, **look)


def _numbers(stage: Stage, shown: Sequence[str]) -> dict[str, Any]:
    told = {name: stage.of(name) for name in shown}
    return {
        **{name: {"steps": steps, "values": values} for name, (steps, values) in told.items() if steps},
        "end": {end: stage.end[end] for ends in ENDS.values() for end in ends if end in stage.end},
    }
