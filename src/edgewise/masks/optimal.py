"""Optimal ablation (Li and Janson 2024, arXiv:2409.09951): what a circuit does with the best that could stand
in for all else.

    constants* = those at which the mean loss of the run is smallest

So what is left of the damage is what the rest really tells the circuit, and not that a value was unusual. The
loss is KL to the full model, or the metric where pairs have targets. Constants are learned for a circuit, or
for each source alone, on four fifths of the pairs. The other fifth judges: what is kept is what does best on
it, the mean itself among the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.circuit import Circuit
from edgewise.distributed import summed
from edgewise.errors import BadNumbers
from edgewise.graph import Graph
from edgewise.masks.constants import OPTIMAL, Constants
from edgewise.masks.flows import Flow
from edgewise.masks.held import in_own_unit
from edgewise.masks.runs import EdgesRun, losses_under
from edgewise.masks.stream import Stream, generator_for
from edgewise.masks.training import needed
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Replacer
from edgewise.progress import Progress
from edgewise.tasks.ablations import replacer_for
from edgewise.tasks.losses import loss_metric
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Pairs

STEPS, RATE, EXAMPLES, DRAWS = 300, 0.03, 16, 8
"""Adam's, its rate falling to 0; a step's examples, and the sources alone that are drawn in it."""
LOOK, JUDGED = 20, 16
"""Every so many steps what was learned is judged, on at most so many steps' examples."""
AT_ONCE = 64
"""Sources, as masks of all edges."""
LEAST_GAIN = 0.001
"""Over the mean, as a share of the loss with everything replaced: what gains less is the mean."""


def fitted(
    constants: Constants,
    pairs: Pairs,
    metric: Metric,
    circuit: Circuit | None,
    batch_size: int = 16,
    progress: Progress | None = None,
    steps: int | None = None,
    seed: int = 0,
) -> Replacer:
    """Learned for what the circuit does alone; None: for the model without one source, drawn anew each
    time."""
    steps = steps or STEPS
    model, graph = constants.model, Graph.of(constants.model.config)
    held = in_own_unit(loss_metric("auto", metric, pairs))
    run = EdgesRun(model, Flow("kept", graph), constants)
    of_learning, of_judging = ((Stream(part, EXAMPLES, seed), part) for part in parted(pairs, seed))

    def loss(step: int, learns: bool, alone: Circuit | None = circuit) -> float:
        """Of a step's examples; and its gradient, where it learns."""
        of, part = of_learning if learns else of_judging
        index, total = of.at(step), 0.0
        with torch.set_grad_enabled(learns):
            for masks, count in masks_of(graph, alone, seed, step if learns else None):
                masks = masks.to(model.like)
                for _, losses in losses_under(model, part, run, held, batch_size, index, masks):
                    share = losses.sum() / (len(index) * count)
                    if learns:
                        share.backward(inputs=constants.learned)
                    total += share.item()
        if learns:
            for each in constants.learned:
                each.grad = summed(needed(each.grad))
        return summed(torch.tensor(total, dtype=torch.float64)).item()

    def judged(alone: Circuit | None = circuit) -> float:
        return sum(loss(step, learns=False, alone=alone) for step in range(min(of_judging[0].steps, JUDGED)))

    mean, best = constants.settled(), judged()
    enough = best - LEAST_GAIN * abs(judged(Circuit.empty(graph)))
    kept = mean
    optimiser = torch.optim.Adam(constants.learned, lr=RATE)
    with (progress or Progress()).counting(f"replacements {_of(circuit)}", steps, "steps") as advance:
        for step in range(steps):
            for group in optimiser.param_groups:
                group["lr"] = RATE * (1 - step / steps)
            optimiser.zero_grad()
            told = loss(step, learns=True)
            if told != told:
                raise BadNumbers(f"NaN in step {step + 1:,} of learning replacements.")
            optimiser.step()
            if (step + 1) % LOOK == 0 and (now := judged()) < best:
                best, kept = now, constants.settled()
            advance(1, f"loss {told:.3g}")
    return kept if best < enough else mean


def _of(circuit: Circuit | None) -> str:
    """What is learned for, in words."""
    if circuit is None:
        return "of each source"
    return f"beside {len(circuit):,} edge{'s' * (len(circuit) != 1)}"


def parted(pairs: Pairs, seed: int) -> tuple[Pairs, Pairs]:
    """Those to learn on, and a fifth to judge on; one pair is for both."""
    order = torch.randperm(len(pairs), generator=generator_for(seed, 0, "judged")).tolist()
    apart = max(1, len(pairs) // 5)
    judges, others = sorted(order[:apart]), sorted(order[apart:])
    return (
        Pairs(tuple(pairs[place] for place in others or judges)),
        Pairs(tuple(pairs[place] for place in judges)),
    )


def masks_of(
    graph: Graph, circuit: Circuit | None, seed: int, step: int | None
) -> Iterator[tuple[Float[Tensor, "some readers sources"], int]]:
    """The circuit's; or without one source each: some that are drawn for a step, or every one. As many at a
    time as memory bears, and how many there are in all."""
    if circuit is not None:
        yield circuit.mask()[None], 1
        return
    sources = torch.arange(len(graph.sources))
    if step is not None:
        draw = generator_for(seed, step, "sources alone")
        sources = torch.randint(len(graph.sources), (DRAWS,), generator=draw)
    for some in sources.split(AT_ONCE):
        masks = graph.edges.float().repeat(len(some), 1, 1)
        masks[torch.arange(len(some)), :, some] = 0
        yield masks, len(sources)


def replacer_to_discover(
    ablation: str,
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    batch_size: int,
    progress: Progress,
    learns_masks: bool,
) -> Replacer:
    """Constants are learned with the mask, where one is; else before, for each source alone."""
    if ablation != OPTIMAL:
        return replacer_for(ablation, model, pairs, batch_size, progress)
    constants = Constants.of(model, pairs, batch_size)
    return constants if learns_masks else fitted(constants, pairs, metric, None, batch_size, progress)


def replacers_to_judge(
    ablation: str,
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    learned_on: Pairs | None,
    batch_size: int,
    progress: Progress | None = None,
) -> Callable[[Circuit], Replacer]:
    """What stands in for the rest of a circuit that is judged on these pairs: the same for all, or constants
    learned for each on other pairs."""
    if ablation != OPTIMAL:
        same = replacer_for(ablation, model, pairs, batch_size, progress)
        return lambda circuit: same
    assert learned_on is not None, "checked before"
    constants, wanted = Constants.of(model, learned_on, batch_size, others=pairs), learned_on
    found: list[tuple[Circuit, Replacer]] = []

    def replacing(circuit: Circuit) -> Replacer:
        for of, learned in found:
            if of is circuit:
                return learned
        found.append((circuit, fitted(constants, wanted, metric, circuit, batch_size, progress)))
        return found[-1][1]

    return replacing
