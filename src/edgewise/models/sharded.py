"""Weights that are shared out: of every matrix each process holds a part (FSDP2, `fully_shard`).

    a process holds     weights / processes  +  the layer at work, whole

A layer's matrices are put together while it works and taken apart after it, in its backward pass again.
Embeddings and unembedding are cut into pieces no larger than a layer, which are put together one after the
other. The model knows nothing of it: all work with a layer's weights goes through the layer
(`Layer.forward`), and this file puts `fully_shard` around that from outside. Norms, biases and positions are
small, and each process has them all. Weights are never trained, so no gradients are sent.

Every process must run the model as often as the others, with the same layers in the same order; on how many
prompts, is its own affair. So whatever decides how often something is run - chunks, masks at once - is asked
of `Transformer.most_of_all`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh

from edgewise.distributed import here, largest
from edgewise.models.fingerprint import fingerprint_as
from edgewise.models.layer import Attention, Layer
from edgewise.models.transformer import Transformer

OLDEST_TORCH = (2, 7)


def check_torch() -> list[str]:
    """Why the torch that is installed cannot share weights out."""
    version = torch.__version__
    if tuple(map(int, version.split(".")[:2])) >= OLDEST_TORCH:
        return []
    oldest = ".".join(map(str, OLDEST_TORCH))
    return [f"--shard-weights needs torch {oldest} or newer. Got {version}. Update torch, or leave it out."]


class Piece(nn.Module):
    """Some rows of a table, from `start` on."""

    forward = Layer.forward

    def __init__(self, start: int, rows: Tensor) -> None:
        super().__init__()
        self.start, self.stop = start, start + len(rows)
        self.rows_weight = nn.Parameter(rows, requires_grad=False)

    def look_up(self, tokens: Tensor) -> Tensor:
        """The rows of these tokens; nothing where a token has its row elsewhere."""
        mine = (tokens >= self.start) & (tokens < self.stop)
        found = F.embedding((tokens - self.start).clamp(0, self.stop - self.start - 1), self.rows_weight)
        return found * mine[..., None]

    def project(self, normed: Tensor) -> Tensor:
        return F.linear(normed, self.rows_weight)


class SharedAttention(Attention):
    """The output matrix lies as it is used for all heads at once, so that no run keeps a copy."""

    joined_weight: Tensor

    @property
    def output_weight(self) -> Any:
        return self.joined_weight.transpose(0, 1)


class ShardedTransformer(Transformer):
    """A model whose matrices are whole only while they are at work."""

    embeds: Sequence[Piece]
    unembeds: Sequence[Piece]

    @property
    def token_embedding(self) -> Any:
        """A part of it, which tells dtype and device."""
        return self.embeds[0].rows_weight

    @property
    def is_tied(self) -> bool:
        return self.embeds is self.unembeds

    def most_of_all(self, number: int) -> int:
        return largest(number)

    def look_up(self, tokens: Tensor) -> Tensor:
        found, *others = (piece(piece.look_up, tokens) for piece in self.embeds)
        for other in others:
            found = found + other
        return found

    def project_out(self, normed: Tensor) -> Tensor:
        logits = torch.cat([piece(piece.project, normed) for piece in self.unembeds], -1)
        return logits if self.unembed_bias is None else logits + self.unembed_bias


def share_out(model: Transformer, dtype: torch.dtype | None, device: torch.device | None) -> Transformer:
    """The same model, of which this process holds its part; layer by layer, so that no more than one is whole
    in this dtype and on this device."""
    device = torch.device("cpu") if device is None else device
    model.fingerprint = fingerprint_as(model, dtype)
    mesh = init_device_mesh(device.type, (here().count,))
    given, out = (model._parameters.pop(name) for name in ("token_embedding", "unembed_weight"))
    assert given is not None
    assert out is not None
    # A piece of a table is no larger than a layer.
    rows = max(1, sum(each.numel() for each in model.layers[0].parameters()) // model.config.width)
    model.__class__ = ShardedTransformer
    _move(model, dtype, device, skipped=nn.ModuleList(model.layers))
    for layer in model.layers:
        _join(layer.attention)
        _move(layer, dtype, device)
        _share_out(layer, mesh)
    embeds = _in_pieces(given, rows, dtype, device, mesh)
    tied = given.data_ptr() == out.data_ptr() and given.shape == out.shape
    model.add_module("embeds", embeds)
    model.add_module("unembeds", embeds if tied else _in_pieces(out, rows, dtype, device, mesh))
    return model


def _join(attention: Attention) -> None:
    given = attention._parameters.pop("output_weight")
    assert given is not None
    attention.__class__ = SharedAttention
    attention.register_parameter("joined_weight", nn.Parameter(given.transpose(0, 1), requires_grad=False))


def _in_pieces(
    table: Tensor, rows: int, dtype: torch.dtype | None, device: torch.device, mesh: DeviceMesh
) -> nn.ModuleList:
    found = nn.ModuleList()
    for start in range(0, len(table), rows):
        piece = Piece(start, table[start : start + rows])
        _move(piece, dtype, device)
        _share_out(piece, mesh)
        found.append(piece)
    return found


def _move(
    module: nn.Module, dtype: torch.dtype | None, device: torch.device, skipped: nn.Module | None = None
) -> None:
    """A module's weights in another dtype and place, each in memory of its own."""
    kept = {id(each) for each in skipped.parameters()} if skipped is not None else set()
    for each in module.parameters():
        if id(each) not in kept:
            each.data = each.data.to(device, dtype, copy=True).contiguous()


def _share_out(module: nn.Module, mesh: DeviceMesh) -> None:
    # It takes a second, and a newer torch than all else.
    from torch.distributed.fsdp import fully_shard

    whole = {each for name, each in module.named_parameters() if not name.endswith("_weight")}
    fully_shard(module, mesh=mesh, reshard_after_forward=True, ignored_params=whole)
