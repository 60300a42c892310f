"""What depends on the positions of a prompt alone: rotation tables and which token may look at which.

Worked out once a forward pass and shared by its layers.
"""

from __future__ import annotations

import torch
from torch import Tensor

from edgewise.models.config import ModelConfig, Rotary
from edgewise.models.sending import sent


class Places:
    """Rotation tables and visibility for prompts of `tokens` tokens, on one device."""

    def __init__(self, config: ModelConfig, tokens: int, like: Tensor) -> None:
        self.tokens, self.device = tokens, like.device
        self.causal = config.causal
        tables = {
            rotary: _rotation(rotary, tokens, like) for rotary in set(config.rotaries) if rotary is not None
        }
        self.rotations = [None if rotary is None else tables[rotary] for rotary in config.rotaries]
        visible = {window: self._visible(window, like.device) for window in set(config.windows)}
        self.visible = [visible[window] for window in config.windows]
        """Per layer [tokens, tokens]; None where plain causal (or full) attention says it all."""

    def seen_from(self, layer: int, queries: slice | None) -> tuple[Tensor | None, bool]:
        """What the queries of these positions (None: all) look at; and whether that is plain causal."""
        visible = self.visible[layer]
        if queries is None:
            return visible, self.causal and visible is None
        if visible is None and self.causal and queries.start + 1 < self.tokens:
            visible = self.back_from_each()
        return None if visible is None else visible[queries], False

    def back_from_each(self) -> Tensor:
        """Plain causal attention, [tokens, tokens]."""
        return torch.ones(self.tokens, self.tokens, dtype=torch.bool, device=self.device).tril()

    def _visible(self, window: int, device: torch.device) -> Tensor | None:
        if not window or window >= self.tokens:
            return None
        position = torch.arange(self.tokens, device=device)
        back = position[:, None] - position[None, :]
        near = back < window
        return near & (back >= 0) if self.causal else near & (back > -window)


def rotate(x: Tensor, rotation: tuple[Tensor, Tensor] | None, positions: slice | None = None) -> Tensor:
    """Turn the first numbers of each head by its position. x: [..., positions, head_width]."""
    if rotation is None:
        return x
    cosine, sine = rotation if positions is None else (table[positions] for table in rotation)
    width = cosine.shape[-1]
    turned, rest = x[..., :width], x[..., width:]
    left, right = turned.chunk(2, dim=-1)
    turned = turned * cosine + torch.cat((-right, left), dim=-1) * sine
    return turned if rest.shape[-1] == 0 else torch.cat((turned, rest), dim=-1)


def _rotation(rotary: Rotary, tokens: int, like: Tensor) -> tuple[Tensor, Tensor]:
    exact = torch.float64 if like.dtype == torch.float64 else torch.float32
    frequencies = sent(torch.tensor(rotary.frequencies_for(tokens), dtype=exact), like.device)
    angles = torch.arange(tokens, device=like.device, dtype=exact)[:, None] * frequencies
    angles = torch.cat((angles, angles), dim=-1)
    return (angles.cos() * rotary.scale).to(like.dtype), (angles.sin() * rotary.scale).to(like.dtype)
