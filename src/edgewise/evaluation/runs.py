"""The runs that evaluations are made of, and what is measured of each.

A circuit of every edge is the full model, by what a mask of 1 everywhere is, and is not run again. Circuits
of like sizes run together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.circuit import Circuit
from edgewise.distributed import summed
from edgewise.graph import Graph
from edgewise.models.transformer import Transformer
from edgewise.patching.budget import masks_at_once
from edgewise.patching.forward import run_patched
from edgewise.patching.replaced import replaced_logits
from edgewise.patching.replacements import Replacer
from edgewise.patching.workspace import Workspace
from edgewise.progress import Progress
from edgewise.tasks.finite import require_finite
from edgewise.tasks.metrics import METRICS, Metric
from edgewise.tasks.pairs import Batch, Pairs

ALIKE = 1.2
"""How much larger one circuit may be than another that it is run with."""


@torch.no_grad()
def measured(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    runs: Callable[[Batch, Tensor], Iterable[Tensor]],
    count: int,
    batch_size: int,
    progress: Progress | None,
) -> dict[str, Float[Tensor, "runs examples"]]:
    """The metric, KL, and accuracy where there are answers: of the full model, and of `count` runs by their
    logits. `runs` is given the full model's."""
    measures = {"metric": metric, "kl": METRICS["kl"]}
    if not pairs.missing("correct"):
        measures["accuracy"] = METRICS["accuracy"]
    values = {name: torch.zeros(1 + count, len(pairs), dtype=torch.float64) for name in measures}
    batches = pairs.own_batches(batch_size, model.device)
    with (progress or Progress()).counting("evaluating", len(batches) * (1 + count), "runs") as advance:
        for batch in batches:
            full = model(batch.clean, batch.read)
            for run, logits in enumerate(chain([full], runs(batch, full))):
                require_finite(logits, model, batch)
                for name, measure in measures.items() if batch.counts else ():
                    values[name][run, batch.index.cpu()] = measure(logits, batch, full).double().cpu()
                advance(1)
    return {name: summed(each) for name, each in values.items()}


def circuit_runs(
    model: Transformer,
    batch: Batch,
    full: Float[Tensor, "examples reads vocabulary"],
    circuits: Sequence[Circuit],
    replacers: Sequence[Replacer],
    workspace: Workspace,
) -> Iterator[Float[Tensor, "examples reads vocabulary"]]:
    """The logits of everything replaced, and of each circuit. `replacers`: first that of everything, then
    each circuit's own."""
    last, replacements = replacers[0], replacers[0].replacements(batch.corrupted)
    yield replaced_logits(model, batch.clean, batch.read, replacements)
    tokens, width, sources = batch.clean.numel(), model.config.width, len(Graph.of(model.config).sources)
    most = -model.most_of_all(-masks_at_once(tokens, width, sources, full.numel(), model.dtype))
    for part in _alike(circuits, replacers[1:], most):
        if is_full(circuits[part.start]):
            yield from [full] * (part.stop - part.start)
            continue
        if replacers[1 + part.start] is not last:
            last = replacers[1 + part.start]
            replacements = last.replacements(batch.corrupted)
        masks = torch.stack([circuit.mask(model.dtype, model.device) for circuit in circuits[part]])
        yield from run_patched(
            model,
            batch.clean,
            masks,
            replacements,
            read=batch.read,
            where=batch.where,
            workspace=workspace,
        )


def _alike(circuits: Sequence[Circuit], replacers: Sequence[Replacer], most: int) -> Iterator[slice]:
    """Runs of circuits to go together: of one replacer, and no larger than `ALIKE` times the smallest, as
    together they cost as much as if all had the edges of any."""
    start, sizes = 0, [len(circuit) for circuit in circuits]
    for end in range(1, len(circuits) + 1):
        together = sizes[start : end + 1]
        if (
            end == len(circuits)
            or end - start == most
            or replacers[end] is not replacers[start]
            or is_full(circuits[end]) != is_full(circuits[start])
            or max(together) > ALIKE * min(together)
        ):
            yield slice(start, end)
            start = end


def is_full(circuit: Circuit) -> bool:
    return len(circuit) == circuit.graph.edge_count
