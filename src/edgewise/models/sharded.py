"""Weights that are shared out: of every matrix each process holds a part (FSDP2, `fully_shard`).

    a process holds     weights / processes  +  the layer at work, whole

A layer's matrices are put together while it works and taken apart after it, in its backward pass again; so
are the embeddings and the unembedding. The model knows nothing of it: all work with a layer's weights goes
through the layer (`Layer.forward`), and this file puts `fully_shard` around that from outside. Norms and
biases are small, and each process has them all. Weights are never trained, so no gradients are sent.

Every process must run the model as often as the others, with the same layers in the same order; on how many
prompts, is its own affair. So whatever decides how often something is run - chunks, masks at once - is asked
of `Transformer.most_of_all`.
"""

from __future__ import annotations

from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh

from edgewise.distributed import here, largest
from edgewise.models.fingerprint import fingerprint_as
from edgewise.models.layer import Layer
from edgewise.models.transformer import Transformer

Made = TypeVar("Made")
TABLES = ("token_embedding", "position_embedding", "unembed_weight")
"""Matrices that belong to no layer."""


class Tables(nn.Module):
    """Those of a model; what is one tensor (tied embeddings) stays one."""

    forward = Layer.forward

    def __init__(self, matrices: dict[str, Tensor]) -> None:
        super().__init__()
        self.names = tuple(matrices)
        done: dict[tuple[int, torch.Size], nn.Parameter] = {}
        for name, matrix in matrices.items():
            place = (matrix.data_ptr(), matrix.shape)
            if place not in done:
                done[place] = nn.Parameter(matrix, requires_grad=False)
            self.register_parameter(name, done[place])


class ShardedTransformer(Transformer):
    """A model whose matrices are whole only while they are at work."""

    tables: Tables

    def __getattr__(self, name: str) -> Any:
        tables = self.__dict__["_modules"].get("tables")
        return getattr(tables, name) if name in getattr(tables, "names", ()) else super().__getattr__(name)

    def most_of_all(self, number: int) -> int:
        return largest(number)

    def embed(self, tokens: Tensor) -> list[Tensor]:
        # Positions apart are a view of their table, which is gone after this.
        return self.tables(lambda: [each.clone() for each in Transformer.embed(self, tokens)])

    def unembed_normed(self, normed: Tensor) -> Tensor:
        return self.tables(super().unembed_normed, normed)


def share_out(model: Transformer, dtype: torch.dtype | None, device: torch.device | None) -> Transformer:
    """The same model, of which this process holds its part; layer by layer, so that no more than one is whole
    in this dtype and on this device."""
    device = torch.device("cpu") if device is None else device
    model.fingerprint = fingerprint_as(model, dtype)
    mesh = init_device_mesh(device.type, (here().count,))
    matrices = {name: model._parameters.pop(name) for name in _tables_of(model)}
    model.__class__ = ShardedTransformer
    _move(model, dtype, device, skipped=nn.ModuleList(model.layers))
    for layer in model.layers:
        _move(layer, dtype, device)
        _share_out(layer, mesh)
    model.add_module("tables", Tables({name: each for name, each in matrices.items() if each is not None}))
    _move(model.get_submodule("tables"), dtype, device)
    _share_out(model.get_submodule("tables"), mesh)
    return model


def _tables_of(model: Transformer) -> list[str]:
    """Positions that queries and keys see are read all the time, and are small."""
    small = "position_embedding" if model.config.positions == "query-key" else ""
    return [name for name in TABLES if name != small and getattr(model, name) is not None]


def _move(
    module: nn.Module, dtype: torch.dtype | None, device: torch.device, skipped: nn.Module | None = None
) -> None:
    """A module's weights in another dtype and place, each in memory of its own."""
    kept = {id(each) for each in skipped.parameters()} if skipped is not None else set()
    for each in module.parameters():
        if id(each) not in kept:
            each.data = each.data.to(device, dtype, copy=True).contiguous()


def _share_out(module: nn.Module, mesh: DeviceMesh) -> None:
    from torch.distributed.fsdp import fully_shard

    whole = {each for name, each in module.named_parameters() if not name.endswith(("_weight", "_embedding"))}
    fully_shard(module, mesh=mesh, reshard_after_forward=True, ignored_params=whole)
