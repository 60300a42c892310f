"""The pieces of work that are compared, each on one batch of 16 pairs; they go round the batches in turn."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import cached_property

import torch
from torch import Tensor

from benchmarks.shapes import Shape
from edgewise.graph import Graph
from edgewise.methods.eap import batch_gradients
from edgewise.methods.gradients import between_ends
from edgewise.patching.forward import patched_logits
from edgewise.patching.replacements import Replacements, replacer
from edgewise.patching.workspace import Workspace
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Batch, Pairs

METRIC = METRICS["logit-diff"]
STEPS = 5
FROM_THE_LEFT = {step / STEPS: 1 / STEPS for step in range(STEPS)}


class Works:
    """Each method does one piece of work on the next batch."""

    def __init__(self, shape: Shape, batch_size: int) -> None:
        self.theirs, self.model = shape.theirs, shape.ours
        self.clean, self.corrupted = shape.clean, shape.corrupted
        self.batches = [
            _batch(clean.to(self.model.device), corrupted.to(self.model.device))
            for clean, corrupted in zip(
                shape.clean.split(batch_size), shape.corrupted.split(batch_size), strict=True
            )
        ]
        rows = zip(shape.clean.tolist(), shape.corrupted.tolist(), strict=True)
        self.pairs = Pairs.from_list(
            [
                {"clean": clean, "corrupted": corrupted, "correct": place, "wrong": batch_size + place}
                for place, (clean, corrupted) in enumerate(rows)
            ],
            self.model,
        )
        self.replacing = replacer("corrupted", self.model, list)
        self.mask = torch.rand(Graph.of(self.model.config).shape)
        self.workspace = Workspace()
        self.turns: dict[str, Iterator[int]] = {}

    @cached_property
    def replacements(self) -> list[Replacements]:
        """Of each batch."""
        return [self.replacing.replacements(batch.corrupted) for batch in self.batches]

    def next_batch(self, work: str) -> int:
        return next(self.turns.setdefault(work, itertools.cycle(range(len(self.batches)))))

    def their_forward(self) -> None:
        with torch.no_grad():
            self.theirs(self.batches[self.next_batch("their_forward")].clean)

    def their_forward_backward(self) -> None:
        """Weights frozen: the gradient goes to the embeddings, as attribution needs it."""
        batch = self.batches[self.next_batch("their_forward_backward")]
        embedded = self.theirs.get_input_embeddings()(batch.clean).requires_grad_()
        METRIC(self.theirs(inputs_embeds=embedded).logits[:, -1:], batch).sum().backward()

    def forward(self) -> None:
        batch = self.batches[self.next_batch("forward")]
        with torch.no_grad():
            self.model(batch.clean, batch.read)

    def forward_backward(self) -> None:
        batch = self.batches[self.next_batch("forward_backward")]
        embedded = [each.requires_grad_() for each in self.model.embed(batch.clean)]
        METRIC(self.model.run(embedded, batch.read), batch).sum().backward()

    def eap(self) -> None:
        batch_gradients(self.model, self.batches[self.next_batch("eap")], METRIC, self.replacing)

    def eap_ig_inputs(self) -> None:
        batch = self.batches[self.next_batch("eap_ig_inputs")]
        between_ends(self.model, batch, METRIC, self.replacing, FROM_THE_LEFT)

    def masked_forward(self) -> None:
        with torch.no_grad():
            self._masked(self.next_batch("masked_forward"), self.mask)

    def masked_forward_backward(self) -> None:
        """One step of a learned mask: the gradient of a metric by every edge's mask."""
        index = self.next_batch("masked_forward_backward")
        mask = self.mask.clone().requires_grad_()
        METRIC(self._masked(index, mask), self.batches[index]).sum().backward()

    def _masked(self, index: int, mask: Tensor) -> Tensor:
        batch, replacements = self.batches[index], self.replacements[index]
        return patched_logits(
            self.model, batch.clean, mask, replacements, read=batch.read, workspace=self.workspace
        )

    def all(self) -> dict[str, Callable[[], None]]:
        return {
            "Hugging Face forward": self.their_forward,
            "Hugging Face forward + backward": self.their_forward_backward,
            "our forward": self.forward,
            "our forward + backward": self.forward_backward,
            "EAP": self.eap,
            "EAP-IG-inputs": self.eap_ig_inputs,
            "masked forward": self.masked_forward,
            "masked forward + backward": self.masked_forward_backward,
        }


def _batch(clean: Tensor, corrupted: Tensor) -> Batch:
    examples, tokens = clean.shape
    places = torch.arange(examples, device=clean.device)
    return Batch(
        clean=clean,
        corrupted=corrupted,
        read=torch.full_like(places, tokens - 1)[:, None],
        correct=places[:, None],
        wrong=places[:, None] + examples,
        target=None,
        index=places,
        where=slice(tokens - 1, tokens),
    )
