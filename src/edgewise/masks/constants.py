"""Replacements that are learned (Li and Janson 2024, arXiv:2409.09951): a constant for each source.

    what stands in for a source = its mean over prompts + what is learned x how much it varies

One and the same for every prompt; as with the mean, for each position where prompts have one length, and for
all positions elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from edgewise.distributed import summed
from edgewise.models.tape import SOURCES
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Replacements, Replacer, Sources, mean_sources, run_tape
from edgewise.tasks.ablations import replacement_prompts
from edgewise.tasks.pairs import Pairs

OPTIMAL = "optimal"


class Constants(Replacer):
    """What stands in is worked out from `learned`, so that gradients reach it: 0 is the mean."""

    def __init__(self, model: Transformer, mean: Sources, spread: Sources) -> None:
        super().__init__(OPTIMAL, model, mean)
        self.mean, self.spread = mean, spread
        every = [*mean.embeddings, *mean.heads, *mean.mlps]
        exact = torch.promote_types(model.dtype, torch.float32)
        self.learned = [torch.zeros_like(each, dtype=exact).requires_grad_() for each in every]

    @classmethod
    def of(cls, model: Transformer, pairs: Pairs, batch_size: int, others: Pairs | None = None) -> Constants:
        """`others`: pairs that they are to serve, too."""
        lengths = {len(pair.clean) for each in (pairs, others or ()) for pair in each}
        batches = pairs.own_batches(batch_size, model.device)
        prompts, counted = [replacement_prompts(each) for each in batches], [each.counts for each in batches]
        mean = mean_sources(model, prompts, len(lengths) == 1, counted)
        return cls(model, mean, spread_around(mean, model, prompts, counted))

    def replacements(self, corrupted: Tensor | None) -> Replacements:
        return Replacements.of_sources(self.model, self.sources(corrupted))

    def sources(self, corrupted: Tensor | None) -> Sources:
        left = iter(self.learned)
        return Sources(
            *(
                [
                    (mean + next(left) * spread).to(mean.dtype)
                    for mean, spread in zip(means, spreads, strict=True)
                ]
                for means, spreads in _lists(self.mean, self.spread)
            )
        )

    @torch.no_grad()
    def settled(self) -> Replacer:
        """As they are now."""
        return Replacer(OPTIMAL, self.model, self.sources(None))


@torch.no_grad()
def spread_around(
    mean: Sources, model: Transformer, batches: Sequence[Tensor], counted: Sequence[bool]
) -> Sources:
    """The root mean square of what sources differ by from their means; one number a source, or head."""
    totals = Sources(*([0.0 * each[..., :1].double() for each in means] for (means,) in _lists(mean)))
    exact, count = torch.promote_types(model.dtype, torch.float32), 0
    for tokens, counts in zip(batches, counted, strict=True):
        run = Sources.of_tape(run_tape(model, tokens, *SOURCES))
        for values, means, sums in _lists(run, mean, totals):
            for place, (value, middle) in enumerate(zip(values, means, strict=True)):
                squares = (value.double() - middle).square().mean(-1, keepdim=True).sum((0, 1), keepdim=True)
                sums[place] = sums[place] + counts * squares
        count += counts * tokens.numel()
    whole = summed(torch.tensor(count)).item()
    return Sources(
        *([(summed(each) / whole).sqrt().to(exact) for each in sums] for (sums,) in _lists(totals))
    )


def _lists(*several: Sources) -> Iterator[tuple[list[Tensor], ...]]:
    """The embeddings of all, then the heads, then the MLPs."""
    for name in ("embeddings", "heads", "mlps"):
        yield tuple(getattr(each, name) for each in several)
