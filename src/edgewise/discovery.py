"""`discover`: a method, a metric and an ablation by their names, checked together, to scores of all edges."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from edgewise.checkpoint import Checkpoint, told_if_stopped
from edgewise.circuit import Circuit, Scores
from edgewise.errors import BadInput, check_kind, check_name
from edgewise.graph import Graph
from edgewise.masks.constants import OPTIMAL
from edgewise.masks.log import Log
from edgewise.masks.optimal import replacer_to_discover
from edgewise.methods import METHODS
from edgewise.methods.learned import LEARNED
from edgewise.methods.options import as_arguments, in_words, read_options, takes, with_defaults
from edgewise.methods.scorers import Method
from edgewise.models.fingerprint import weights_fingerprint
from edgewise.models.transformer import SHARED_OUT, Transformer
from edgewise.progress import Progress
from edgewise.tasks.checks import check_fit, check_kinds, check_task, metric_of
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Pairs, pairs_hash, prompt_rules


def discover(
    model: Transformer,
    pairs: Pairs,
    method: str = "eap",
    *,
    metric: str | None = None,
    ablation: str = "corrupted",
    batch_size: int = 16,
    edges: Circuit | None = None,
    checkpoint: str | PathLike[str] | Checkpoint | None = None,
    log: str | PathLike[str] | None = None,
    preset: str | None = None,
    progress: bool | Progress = False,
    **options: Any,
) -> Scores:
    """Score every edge; positive = keeping it helps the metric. `options` are the method's own.

    The metric is the task's that the pairs belong to unless one is given; without a task, logit-diff.

    - edges: for methods that go edge by edge, those to go through.
    - checkpoint: for methods that take long, a folder to keep in what is done so far. The same call goes on
      from there, and removes it when it is done.
    - log: for methods that learn a mask, a file for what they tell on the way, a JSON object a line.
    - preset: options that were published, by their name; `options` go before them.
    """
    metric = metric_of(pairs) if metric is None else metric
    checked = pairs if isinstance(pairs, Pairs) else None
    problems = check_kinds(model, pairs)
    if edges is not None:
        problems += check_kind(edges, Circuit, "an ew.Circuit", "Circuit.of(graph, names) makes one.")
    options, unknown_preset = with_preset(method, preset, options)
    problems += unknown_preset
    shared_out = not problems and model.is_shared_out
    given = (method, metric, ablation, batch_size, checked, options, edges is not None, shared_out)
    problems += check_discovery(*given)
    if problems or (problems := check_fit(pairs, prompt_rules(model))):
        raise BadInput(*problems)
    shown = Progress(progress) if isinstance(progress, bool) else progress
    chosen = METHODS[method]
    own, _ = read_options(method, chosen.discover, options)
    offered: dict[str, Any] = {}
    if edges is not None:
        offered["edges"] = on_graph(edges, Graph.of(model.config))
    keeper = checkpoint
    if keeper is not None and not isinstance(keeper, Checkpoint):
        settings = {"metric": metric, "ablation": ablation, "batch size": batch_size, "edges": edges}
        keeper = checkpoint_in(Path(keeper), model, pairs, method, options, settings)
    if keeper is not None and takes(chosen.discover, "checkpoint"):
        offered["checkpoint"] = keeper
    if log is not None and takes(chosen.discover, "log"):
        offered["log"] = Log(Path(log))
    learns_masks = method in LEARNED
    replacer = replacer_to_discover(ablation, model, pairs, METRICS[metric], batch_size, shown, learns_masks)
    with told_if_stopped(keeper):
        scores = chosen.discover(
            model,
            pairs,
            METRICS[metric],
            replacer,
            batch_size=batch_size,
            progress=shown,
            **offered,
            **as_arguments(chosen.discover, own),
        )
    if keeper is not None and keeper is not checkpoint:
        keeper.remove()
    return scores


def with_preset(
    method: str, preset: str | None, options: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """The options that a preset and those given come to; and what is wrong with the preset."""
    if not preset or method not in METHODS:
        return dict(options), []
    known = METHODS[method].presets
    if not known:
        having = ", ".join(name for name, each in METHODS.items() if each.presets)
        return dict(options), [f"{method} has no presets. Got {preset!r}. Those that have: {having}."]
    if problems := check_name(f"preset of {method}", preset, known):
        return dict(options), problems
    return {**known[preset], **options}, []


def checkpoint_in(
    folder: Path,
    model: Transformer,
    pairs: Pairs,
    method: str,
    options: Mapping[str, Any],
    settings: Mapping[str, Any],
    overwrite: bool = False,
) -> Checkpoint | None:
    """What a method keeps there of all that its scores depend on; None where it keeps nothing.

    `settings`: metric, ablation, batch size, edges.
    """
    if not takes(METHODS[method].discover, "checkpoint"):
        return None
    own, _ = read_options(method, METHODS[method].discover, options)
    edges = settings["edges"]
    asked = {
        **settings,
        "method": method,
        "options": with_defaults(METHODS[method].discover, own),
        "edges": None if edges is None else list(edges),
    }
    return checkpoint_of(folder, model, pairs, asked, overwrite)


def checkpoint_of(
    folder: Path, model: Transformer, pairs: Pairs, asked: Mapping[str, Any], overwrite: bool = False
) -> Checkpoint:
    """Of what is asked for, of this model on these pairs."""
    given = {
        "prompts": pairs_hash(pairs),
        "dtype": str(model.dtype).removeprefix("torch."),
        "model settings": repr(model.config),
        "weights": weights_fingerprint(model),
    }
    return Checkpoint(folder, {**asked, **given}, overwrite)


def on_graph(edges: Circuit, graph: Graph) -> Circuit:
    """Edges of this very graph, and at least one."""
    if edges.graph != graph:
        raise BadInput(
            f"edges of {graph.describe()}, the model's, were needed. Got those of {edges.graph.describe()}."
        )
    if not len(edges):
        raise BadInput("edges to go through were needed. Got none.")
    return edges


def check_discovery(
    method: str,
    metric: str,
    ablation: str,
    batch_size: int,
    pairs: Pairs | None,
    options: Mapping[str, Any],
    some_edges: bool = False,
    shared_out: bool = False,
) -> list[str]:
    """Everything that keeps `discover` from starting; without pairs, what can be said without them."""
    problems = check_task(metric, ablation, batch_size, pairs) + check_apart(ablation, pairs)
    if unknown_method := check_name("method", method, METHODS):
        return unknown_method + problems
    chosen = METHODS[method]
    own, wrong = read_options(method, chosen.discover, options)
    if not check_name("metric", metric, METRICS):
        looked_at = {name: value for name, value in own.items() if takes(chosen.check, name)}
        problems += chosen.check(METRICS[metric], pairs or Pairs(()), **looked_at)
    problems += idle_options(chosen, own) if not wrong else []
    if "constant_rate" in own and ablation != OPTIMAL:
        problems.append(
            f"option 'constant_rate' of {method} does nothing while ablation is {ablation}. "
            "Choose optimal, or leave this out."
        )
    if shared_out and chosen.whole_weights:
        problems.append(f"{method} needs all weights in each process. Got {SHARED_OUT}. Leave that out.")
    if some_edges and not takes(chosen.discover, "edges"):
        able = ", ".join(name for name, one in METHODS.items() if takes(one.discover, "edges"))
        what_to_do = f"Leave them out, or choose one of {able}."
        problems.append(f"{method} scores all edges at once. Got some to go through. {what_to_do}")
    return problems + wrong


def check_apart(ablation: str, pairs: Pairs | None) -> list[str]:
    """Why nothing is to be found: the two prompts of every pair are the same."""
    if ablation != "corrupted" or not pairs or any(pair.clean != pair.corrupted for pair in pairs):
        return []
    return [
        "ablation 'corrupted' finds what tells the two prompts of a pair apart. "
        "Got the same two in every pair. Change 'corrupted', or choose zero or mean."
    ]


def idle_options(method: Method, given: Mapping[str, Any]) -> list[str]:
    """Why options that would change nothing cannot be followed."""
    every = with_defaults(method.discover, given)
    return [
        f"option {name!r} of {method.name} does nothing while {other} is {in_words(every[other])}. "
        "Choose that, too, or leave this out."
        for name, (other, value) in method.idle_without.items()
        if name in given and every[other] == value
    ]
