"""From the host to the model's device, without a wait.

A plain copy to a GPU waits until all work that was given to it is done, and so does an index that is a list:
the host, which should be ahead of the GPU, would stand still at each. What a step needs goes by `sent`.
"""

from __future__ import annotations

import torch
from torch import Tensor


def sent(tensor: Tensor, device: torch.device | str | None) -> Tensor:
    """The tensor on a device; where it is there already, itself."""
    if device is None or torch.device(device) == tensor.device:
        return tensor
    if torch.device(device).type == "cuda" and tensor.device.type == "cpu":
        tensor = tensor.pin_memory()
    # Elsewhere only what is pinned may be copied behind the host's back.
    return tensor.to(device, non_blocking=torch.device(device).type in ("cuda", "meta"))


def sent_indices(indices: list[int], device: torch.device) -> Tensor:
    return sent(torch.tensor(indices), device)


def sums_on(device: torch.device) -> torch.device:
    """Where sums in float64 are kept: on the device, but for Apple's GPUs, which have no such numbers."""
    return torch.device("cpu") if device.type == "mps" else device
