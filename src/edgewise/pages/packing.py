"""Numbers as text: little-endian, in base64, with their kind."""

from __future__ import annotations

import base64
from typing import Literal

import numpy as np
from torch import Tensor

Kind = Literal["u8", "u16", "f32"]
TYPES: dict[Kind, str] = {"u8": "|u1", "u16": "<u2", "f32": "<f4"}


def packed(values: Tensor, kind: Kind) -> dict[str, str]:
    """What the viewer unpacks; whole numbers must fit."""
    numbers = np.ascontiguousarray(values.detach().cpu().numpy().astype(TYPES[kind]))
    return {"type": kind, "base64": base64.b64encode(numbers.tobytes()).decode("ascii")}
