"""What stands in for the sources when a model is run on prompt pairs."""

from __future__ import annotations

from typing import cast

from jaxtyping import Int
from torch import Tensor

from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Ablation, Replacer, replacer
from edgewise.progress import Progress
from edgewise.tasks.pairs import Batch, Pairs


def replacer_for(
    ablation: str, model: Transformer, pairs: Pairs, batch_size: int, progress: Progress | None = None
) -> Replacer:
    """The replacer of an ablation, which has been checked, on these pairs."""
    batches = pairs.own_batches(batch_size, model.device)
    averaged = (progress or Progress()).track(batches, "averaging sources", len(batches))
    return replacer(
        cast(Ablation, ablation),
        model,
        lambda: map(replacement_prompts, averaged),
        pairs.aligned,
        [batch.counts for batch in batches],
    )


def replacement_prompts(batch: Batch) -> Int[Tensor, "examples positions"]:
    """The corrupted prompts; where there are none, the clean ones."""
    return batch.clean if batch.corrupted is None else batch.corrupted
