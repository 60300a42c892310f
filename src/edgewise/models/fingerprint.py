"""A short text that tells models apart: equal for equal weights, whatever their layout and device."""

from __future__ import annotations

import hashlib

import torch

from edgewise.models.transformer import Transformer

SAMPLED = 4096
"""Numbers of each tensor that are looked at, evenly spaced: it must cost little on a large model."""


def weights_fingerprint(model: Transformer) -> str:
    """SHA-256 over the name, dtype, shape and a sample of every tensor."""
    return model.fingerprint or fingerprint_as(model)


@torch.no_grad()
def fingerprint_as(model: Transformer, dtype: torch.dtype | None = None) -> str:
    """What it would be if all weights were in this dtype; None: in their own."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {dtype or tensor.dtype} {list(tensor.shape)}\n".encode())
        step = max(1, tensor.numel() // SAMPLED)
        places = torch.arange(0, tensor.numel(), step, device=tensor.device)
        sample = tensor[torch.unravel_index(places, tensor.shape)].to(dtype or tensor.dtype)
        digest.update(sample.cpu().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
