"""Small random models, the same for the same seed: for tests, the demo and benchmarks."""

from __future__ import annotations

import torch
from torch import Tensor

from edgewise.models.assemble import assemble
from edgewise.models.config import ModelConfig
from edgewise.models.transformer import Transformer


def random_model(
    config: ModelConfig,
    seed: int = 0,
    scale: float = 1.0,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
) -> Transformer:
    """A model whose matrices keep the size of what they read times `scale`; norms near 1, biases not 0.

    The numbers are drawn in float32, tensor by tensor, so that models of several dtypes are one model,
    rounded; each device draws its own.
    """
    generator = torch.Generator(device).manual_seed(seed)
    with torch.device("meta"):
        shapes = {name: tensor.shape for name, tensor in Transformer(config).state_dict().items()}

    def draw(name: str, shape: torch.Size) -> Tensor:
        numbers = torch.randn(shape, generator=generator, device=device)
        if name.endswith("norm.weight"):
            return 1 + 0.1 * numbers
        if name.endswith("bias"):
            return 0.1 * scale * numbers
        if name.endswith("embedding"):
            return scale * numbers / config.embedding_scale
        # What a head writes is summed over heads: its matrix reads all of them.
        inputs = config.heads * config.head_width if name.endswith("output_weight") else shape[-1]
        return scale * numbers / inputs**0.5

    weights = {name: draw(name, shape).to(dtype) for name, shape in shapes.items()}
    return assemble(config, weights, f"random-{seed}")
