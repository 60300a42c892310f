"""How matrix products are taken on a GPU: in the model's bfloat16, summed up in float32.

Mixes and projections are rounded to the model's precision as in any run of it. Sums that are told - scores,
and the gradient of a mask - come out of the product in float32, whatever
`torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction` says; no setting of torch's is changed. On
a processor, or by an older torch, scores are multiplied in float32, and a mask's gradient in the model's
precision, a chunk of positions at a time, and added up in float32.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from edgewise.models.transformer import Transformer

PRODUCTS: dict[int, Callable[..., Tensor]] = {1: torch.mv, 2: torch.mm, 3: torch.bmm}
SUMS_APART = hasattr(torch.ops.aten.mm, "dtype")
"""Whether a product may come out in another precision than it goes in; from torch 2.8 on."""
LARGER = {"cuda": 20, "meta": 10**6}
"""How many times larger chunks are there than on a processor: on a GPU a launch costs more than a miss of the
cache, and `meta` holds nothing."""


def chunk_bytes(bytes_: int, device: torch.device) -> int:
    """How large a chunk may be there that is so large on a processor."""
    return bytes_ * LARGER.get(device.type, 1)


def operands_dtype(model: Transformer) -> torch.dtype:
    """Of what is multiplied to scores."""
    if SUMS_APART and model.device.type == "cuda" and model.dtype == torch.bfloat16:
        return model.dtype
    return torch.promote_types(model.dtype, torch.float32)


def product(left: Tensor, right: Tensor) -> Tensor:
    """Of a matrix and a vector, of two matrices, or of two batches of them; on a GPU, of bfloat16, in
    float32."""
    if not (SUMS_APART and left.is_cuda and left.dtype == torch.bfloat16):
        return PRODUCTS[right.ndim](left, right)
    if right.ndim == 1:
        return product(left, right[:, None])[:, 0]
    return PRODUCTS[right.ndim](left, right, out_dtype=torch.float32)
