"""A `Transformer` from a config and a state dict: weights are assigned; misfits are told.

None is copied but an output matrix that does not lie as it is used.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.errors import BrokenFile
from edgewise.models.config import ModelConfig
from edgewise.models.transformer import Transformer

SHOWN = 5


def assemble(
    config: ModelConfig,
    weights: dict[str, Tensor],
    name: str,
    dtype: torch.dtype | None = None,
    device: torch.device | None = None,
) -> Transformer:
    """The model of these weights, in their own dtype and where they are unless told otherwise.

    `BrokenFile` names the tensors that are missing, left over or of the wrong shape.
    """
    with torch.device("meta"):
        model = Transformer(config)
    needed = {entry: tuple(tensor.shape) for entry, tensor in model.state_dict().items()}
    shapes = {entry: tuple(tensor.shape) for entry, tensor in weights.items()}
    misfits = {
        "missing": [entry for entry in needed if entry not in shapes],
        "not part of this model": [entry for entry in shapes if entry not in needed],
        "of the wrong shape": [
            f"{entry} (needed {needed[entry]}, got {shape})"
            for entry, shape in shapes.items()
            if shape != needed.get(entry, shape)
        ],
        "not in memory": [entry for entry, tensor in weights.items() if tensor.is_meta],
    }
    if any(misfits.values()):
        raise BrokenFile(
            *(f"{name}: tensors {what}: {shown(found)}." for what, found in misfits.items() if found)
        )
    model.load_state_dict(_moved(weights, dtype, device), strict=True, assign=True)
    model.name = name
    return model.eval()


def _moved(
    weights: dict[str, Tensor], dtype: torch.dtype | None, device: torch.device | None
) -> dict[str, Tensor]:
    """The weights in another dtype or place; those that were one tensor (tied embeddings) stay one."""
    done: dict[tuple[object, ...], Tensor] = {}
    for name, tensor in weights.items():
        if _place(tensor) not in done:
            moved = tensor.to(device=device, dtype=dtype)
            done[_place(tensor)] = _joined(moved) if name.endswith("output_weight") else moved
    return {name: done[_place(tensor)] for name, tensor in weights.items()}


def _joined(weight: Float[Tensor, "heads width head_width"]) -> Tensor:
    """In memory as it is used for all heads at once, as Hugging Face has it: so no run copies it."""
    by_row = weight.transpose(0, 1)
    return (
        weight if by_row.flatten(1).data_ptr() == weight.data_ptr() else by_row.contiguous().transpose(0, 1)
    )


def _place(tensor: Tensor) -> tuple[object, ...]:
    return tensor.device, tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype


def shown(names: list[str]) -> str:
    """The first few of many names."""
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
