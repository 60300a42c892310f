"""Which examples a step is made of: every pair once before any comes again, in an order drawn from the seed.

A step's examples follow from its number alone, so that training goes on from any step as if it had not been
broken off; and what a step costs does not depend on how many pairs there are.
"""

from __future__ import annotations

import hashlib

import torch

from edgewise.tasks.pairs import Pairs


class Stream:
    def __init__(self, pairs: Pairs, examples: int, seed: int) -> None:
        """`examples`: how many a step, all of one shape; fewer where a shape has no more."""
        self.shapes = pairs.by_shape()
        self.examples, self.seed = examples, seed
        self.steps = sum(-(-len(alike) // examples) for alike in self.shapes)
        """Of a round, in which every pair comes once."""
        self.round = -1
        self.order: list[list[int]] = []

    def at(self, step: int) -> list[int]:
        """The places of the examples of a step."""
        turn, place = divmod(step, self.steps)
        if turn != self.round:
            self.round, self.order = turn, self._drawn(turn)
        return self.order[place]

    def _drawn(self, turn: int) -> list[list[int]]:
        draw = generator_for(self.seed, turn, "examples")
        steps: list[list[int]] = []
        for alike in self.shapes:
            mixed = torch.tensor(alike)[torch.randperm(len(alike), generator=draw)]
            steps += [some.tolist() for some in mixed.split(self.examples)]
        return [steps[place] for place in torch.randperm(len(steps), generator=draw).tolist()]


def generator_for(
    seed: int, number: int, what: str, of: int = 0, device: torch.device | None = None
) -> torch.Generator:
    """Random numbers that follow from the seed, the number of the step, and what they are for. A GPU draws
    its own, which are others than the host's."""
    mixed = hashlib.blake2b(repr((seed, number, what, of)).encode(), digest_size=4).digest()
    # The generator reads 32 bits of its seed.
    own = device if device is not None and device.type == "cuda" else "cpu"
    return torch.Generator(own).manual_seed(int.from_bytes(mixed, "little"))
