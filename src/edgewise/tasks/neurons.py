"""What stands in for neurons, the numbers of an MLP's hidden layer, when a model is run on prompt pairs.

corrupted   their values in the run of the corrupted prompt
zero        0
mean        their mean over the corrupted prompts (the clean ones where there are none), per position when
            all prompts have one length
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.distributed import summed
from edgewise.models.layer import Layer
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import run_tape
from edgewise.tasks.ablations import replacement_prompts
from edgewise.tasks.pairs import Pairs

MLP_INPUT = "mlp_input"


def hidden(
    layer: Layer, stream: Float[Tensor, "examples positions width"]
) -> Float[Tensor, "examples positions neurons"]:
    """What the neurons of a layer are, from the stream that its MLP reads."""
    assert layer.mlp is not None
    return layer(layer.mlp.hidden, layer.mlp_norm(stream))


@torch.no_grad()
def fixed_hidden(model: Transformer, pairs: Pairs, ablation: str, batch_size: int) -> list[Tensor] | None:
    """Replacements of neurons that serve all batches; None where each batch has its own."""
    if ablation == "corrupted":
        return None
    if ablation == "zero":
        return [model.like.new_zeros(1, 1, 1)] * model.config.layers
    axes = (0,) if pairs.aligned else (0, 1)
    totals: list[Tensor | float] = [0.0] * model.config.layers
    count = 0
    for batch in pairs.own_batches(batch_size, model.device):
        prompts = replacement_prompts(batch)
        streams = run_tape(model, prompts, MLP_INPUT)[MLP_INPUT]
        for index, layer in enumerate(model.layers):
            sums = hidden(layer, streams.pop(0)).double().sum(axes, keepdim=True)
            totals[index] += batch.counts * sums
        count += batch.counts * (prompts.shape[0] if pairs.aligned else prompts.numel())
    count = summed(torch.tensor(count)).item()
    return [(summed(torch.as_tensor(total)) / count).to(model.dtype) for total in totals]
