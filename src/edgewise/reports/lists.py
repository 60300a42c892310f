"""What can be chosen, for people: tables of methods, grains, metrics, ablations, families and formats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from edgewise.errors import BadInput, unknown


def methods() -> dict[str, dict[str, Any]]:
    from edgewise.methods import METHODS

    return {
        name: {
            "choose": method.choose,
            "cost": method.cost,
            "ranks": method.ranks,
            "paper": method.paper,
            "options": _options(method.discover),
        }
        for name, method in METHODS.items()
    }


def grains() -> dict[str, dict[str, Any]]:
    from edgewise.masks.units import UNIT_GRAINS
    from edgewise.methods.fine_pruning import LEARNERS

    return {
        grain: {"what": what, "options": _options(LEARNERS[grain])} for grain, what in UNIT_GRAINS.items()
    }


def _options(method: Callable[..., Any]) -> dict[str, str]:
    """What each option takes, and its default."""
    from edgewise.methods.options import describe_kind, in_words, own_options

    return {
        option: f"{describe_kind(parameter.annotation)}, default {in_words(parameter.default)}"
        for option, parameter in own_options(method).items()
    }


def metrics() -> dict[str, dict[str, Any]]:
    from edgewise.methods import METHODS
    from edgewise.tasks.entries import Pair
    from edgewise.tasks.metrics import METRICS
    from edgewise.tasks.pairs import Pairs

    without_target = Pairs((Pair(clean=(0,), read=(0,), correct=(0,), wrong=(0,)),))
    found: dict[str, dict[str, Any]] = {}
    for name, metric in METRICS.items():
        never = [method for method, one in METHODS.items() if one.check(metric, Pairs(()))]
        lacking = [method for method, one in METHODS.items() if one.check(metric, without_target)]
        to_have_a_target = [method for method in lacking if method not in never]
        why = "flat at the clean run" if metric.differentiable else "no gradient"
        found[name] = {
            "what": metric.what,
            "needs": [
                *(f"{field} answers" for field in metric.needs),
                *([f"a target, for {', '.join(to_have_a_target)}"] if to_have_a_target else []),
            ],
            "not for": [f"{', '.join(never)} ({why})"] if never else [],
        }
    return found


def ablations() -> dict[str, dict[str, Any]]:
    from edgewise.patching.replacements import ABLATIONS

    return {name: {"what": what} for name, what in ABLATIONS.items()}


def families() -> dict[str, dict[str, Any]]:
    from edgewise.models.families import FAMILIES

    return {name: {} for name in FAMILIES}


def formats() -> dict[str, dict[str, Any]]:
    from edgewise.formats import FORMATS

    return {name: {"what": one.description} for name, one in FORMATS.items()}


def models() -> dict[str, dict[str, Any]]:
    from edgewise.graph import Graph
    from edgewise.models.bundled import PREFIX, bundled_folder, bundled_names
    from edgewise.models.load import describe
    from edgewise.zoo.bundle import KNOWN_FILE, task_of
    from edgewise.zoo.known import load_known

    found = {}
    for name in bundled_names():
        graph = Graph.of(describe(PREFIX + name))
        known = load_known(bundled_folder(name) / KNOWN_FILE, graph)
        sizes = {
            truth: _counted(len(each.circuit), "edge")
            + (f", {len(each.against)} against the answer," if each.against else "")
            + " and "
            + _counted(len(each.backups), "backup")
            for truth, each in sorted(known.items())
        }
        task = task_of(bundled_folder(name))
        found[PREFIX + name] = {"what": graph.describe(), "task": task, "known circuits": sizes}
    return found


def tasks() -> dict[str, dict[str, Any]]:
    from edgewise.tasks import programs
    from edgewise.tasks.catalogue import TASKS, model_for

    text = {
        name: {
            "what": task.what,
            "metric": task.metric,
            "corruptions": dict(task.corruptions),
            "model": model_for(name) or "any that knows its words",
            "paper": task.paper,
        }
        for name, task in TASKS.items()
    }
    of_programs = {
        name: {
            "what": what,
            "metric": programs.METRIC,
            "corruptions": programs.CORRUPTIONS,
            "model": model_for(name),
        }
        for name, what in programs.PROGRAMS.items()
    }
    return text | of_programs


LISTS: dict[str, Callable[[], dict[str, dict[str, Any]]]] = {
    "models": models,
    "tasks": tasks,
    "methods": methods,
    "grains": grains,
    "metrics": metrics,
    "ablations": ablations,
    "families": families,
    "formats": formats,
}


def check_names(names: Iterable[str], problems: Iterable[str] = ()) -> list[str]:
    """The lists to show: all when none is named. Other problems are told with those of the names."""
    names = list(dict.fromkeys(names))
    if wrong := [*problems, *(unknown("list", name, LISTS) for name in names if name not in LISTS)]:
        raise BadInput(*wrong)
    return names or list(LISTS)


def list_tables(told: Mapping[str, dict[str, dict[str, Any]]]) -> Group:
    """Of lists by their names."""
    parts = ((Text(name, style="bold"), list_table(entries), Text()) for name, entries in told.items())
    return Group(*(part for three in parts for part in three))


def list_table(entries: dict[str, dict[str, Any]]) -> Table | Padding:
    if not any(entries.values()):
        return Padding(", ".join(entries), (0, 0, 0, 2))
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="cyan")
    table.add_column()
    for key, facts in entries.items():
        table.add_row(f"  {key}", "\n".join(_lines(facts)))
    return table


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _lines(facts: dict[str, Any]) -> Iterable[str]:
    """The main fact bare, the others with their names."""
    for name, fact in facts.items():
        if name == "options":
            yield from (f"--set {option}=  {what}" for option, what in fact.items())
            continue
        if isinstance(fact, list):
            fact = ", ".join(fact)
        if isinstance(fact, dict):
            fact = "; ".join(f"{option}: {what}" for option, what in fact.items())
        if fact:
            yield fact if name in ("what", "choose") else f"{name}: {fact}"
