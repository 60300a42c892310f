"""A device whose numbers nobody has, in the place of a GPU: what a host waits for there is found here.

A model on torch's `meta` device runs, forward and backward, without a number. Whatever asks for one would
make the host of a GPU wait, and so would a plain copy to the device, or an index that lies on the host.
"""

from collections import Counter
from pathlib import Path
from traceback import extract_stack

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

aten = torch.ops.aten
ASKING = {
    "_local_scalar_dense", "nonzero", "masked_select", "equal", "is_nonzero", "bincount", "_unique2",
    "unique_dim", "unique_consecutive", "repeat_interleave.Tensor", "_linalg_check_errors",
}  # fmt: skip
MAKING = {torch.tensor, torch.as_tensor, torch.asarray}
INDEXING = {torch.Tensor.__getitem__, torch.Tensor.__setitem__}


class Waits(TorchDispatchMode):
    """Counts them, by what was called and where in the package; numbers that were asked for are 1."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()
        self.made = _Made(self)

    def __enter__(self):
        self.made.__enter__()
        return super().__enter__()

    def __exit__(self, *given):
        super().__exit__(*given)
        return self.made.__exit__(*given)

    def waited(self, what: str) -> None:
        frames = [frame for frame in extract_stack() if "edgewise" in Path(frame.filename).parts]
        where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
        self.found[what + where] += 1

    def __torch_dispatch__(self, called, types, given=(), named=None):
        named = named or {}
        name = called._schema.name.removeprefix("aten::")
        there = any(each.is_meta for each in _tensors(given))
        target = named.get("device")
        if called is aten._to_copy.default and target is not None and given[0].device != target:
            if given[0].is_meta:
                self.waited("copy to the host")
                return torch.ones(given[0].shape, dtype=named.get("dtype") or given[0].dtype)
            if not named.get("non_blocking"):
                self.waited("copy to the device")
        elif called is aten.copy_.default and given[0].device != given[1].device:
            self.waited("copy between devices")
        elif there and name in ("index", "index_put", "index_put_"):
            for index in _tensors(given[1]):
                if index.dtype == torch.bool or not index.is_meta:
                    self.waited("index that must be looked at")
        elif there and (name in ASKING or f"{name}.{called._overloadname}" in ASKING):
            self.waited(name)
            if called is aten._local_scalar_dense.default:
                return torch.ones((), dtype=given[0].dtype).item()
        return called(*given, **named)


class _Made(TorchFunctionMode):
    """Tensors made of lists on the device: torch makes them on the host and copies them."""

    def __init__(self, waits: Waits) -> None:
        super().__init__()
        self.waits = waits

    def __torch_function__(self, called, types, given=(), named=None):
        named = named or {}
        device = named.get("device")
        if called in MAKING and device is not None and torch.device(device).type != "cpu":
            self.waits.waited("tensor of a list")
        if called in INDEXING and given[0].is_meta:
            indices = given[1] if isinstance(given[1], tuple) else (given[1],)
            for _ in filter(lambda each: isinstance(each, list), indices):
                self.waits.waited("index that is a list")
        return called(*given, **named)


def _tensors(given):
    for each in given:
        if isinstance(each, torch.Tensor):
            yield each
        elif isinstance(each, (list, tuple)):
            yield from _tensors(each)
