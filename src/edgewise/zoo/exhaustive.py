"""Which edges a compiled model needs, found by trying every prompt there is.

An edge belongs to the known circuit when removing it alone changes any answer to any prompt: under `zero` for
every prompt, under `corrupted` for every pair of prompts of one length. Edges that carry nothing
(`reading.py`) need no trial. Where edges back each other up, none of them is needed alone and the needed ones
do not suffice; then the rest is pruned greedily, once from the first edge and once from the last, and what
either pruning had to keep is told apart as `backups`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from edgewise.circuit import Circuit
from edgewise.graph import Graph
from edgewise.patching.forward import patched_logits
from edgewise.patching.replacements import Ablation, replacer
from edgewise.patching.workspace import Workspace
from edgewise.progress import Progress
from edgewise.zoo.compiled import Compiled
from edgewise.zoo.known import KnownCircuit
from edgewise.zoo.reading import edges_that_carry

CHANGED = 1e-3
"""Of a number that is put out. Programs' numbers are small fractions; compiled ones are exact to 1e-6."""
PAIRS = 16_384
"""Prompts times masks in one run."""


def all_prompts(compiled: Compiled) -> dict[int, Int[Tensor, "prompts positions"]]:
    """Token ids of every prompt, by its number of words."""
    ids = [compiled.words.index(word) for word in compiled.vocabulary]
    bos = compiled.encode(())
    return {
        length: torch.tensor([[*bos, *prompt] for prompt in itertools.product(ids, repeat=length)])
        for length in range(1, compiled.longest + 1)
    }


def known_circuit(compiled: Compiled, ablation: Ablation, progress: Progress | None = None) -> KnownCircuit:
    """`ablation`: zero or corrupted."""
    trials = _Trials(compiled, ablation, progress or Progress())
    graph = trials.graph
    carries = edges_that_carry(compiled.model, trials.prompts, ablation)
    places = carries.nonzero().tolist()
    without = carries.float().repeat(len(places), 1, 1)
    for index, (reader, source) in enumerate(places):
        without[index, reader, source] = 0
    needed = torch.zeros(graph.shape, dtype=torch.bool)
    for place, kept in zip(places, trials.keep_all_answers(without).tolist(), strict=True):
        needed[tuple(place)] = not kept
    backups = torch.zeros_like(needed)
    if not trials.keep_all_answers(needed.float()[None]).item():
        others = [place for place in places if not needed[tuple(place)]]
        for order in (others, others[::-1]):
            backups |= trials.prune(carries, order) & ~needed
    return KnownCircuit(Circuit(graph, needed), Circuit(graph, backups), Circuit.empty(graph))


class _Trials:
    """Runs of one model on every prompt, or pair of prompts, that an ablation calls for."""

    @torch.no_grad()
    def __init__(self, compiled: Compiled, ablation: Ablation, progress: Progress) -> None:
        self.progress, self.what = progress, f"trying all prompts, ablation {ablation}"
        self.compiled, self.graph = compiled, Graph.of(compiled.model.config)
        self.paired = ablation == "corrupted"
        self.prompts = all_prompts(compiled)
        self.full = {length: compiled.model(prompts) for length, prompts in self.prompts.items()}
        self.replacing = replacer(ablation, compiled.model, self.prompts.values)
        self.workspace = Workspace()

    @torch.no_grad()
    def keep_all_answers(self, masks: Float[Tensor, "masks readers sources"]) -> Bool[Tensor, " masks"]:
        """Under which masks every answer stays what it is."""
        kept = torch.ones(len(masks), dtype=torch.bool)
        runs = list(self._runs(len(masks)))
        for clean, other, full in self.progress.track(runs, self.what, len(runs), "runs"):
            if not kept.any():
                break
            model, trial = self.compiled.model, masks[kept]
            replacements = self.replacing.replacements(other)
            logits = patched_logits(model, clean, trial, replacements, workspace=self.workspace)
            kept[kept.clone()] = ~self._changed(logits, full).flatten(1).any(1)
        return kept

    def prune(
        self, kept: Bool[Tensor, "readers sources"], order: list[list[int]]
    ) -> Bool[Tensor, "readers sources"]:
        """What is left when every edge that can go goes, in this order."""
        mask = kept.float()
        for reader, source in order:
            mask[reader, source] = 0
            if not self.keep_all_answers(mask[None]).item():
                mask[reader, source] = 1
        return mask.bool()

    def _runs(self, masks: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Prompts, those that replace their sources, and the full model's answers, as many as fit at once."""
        most = max(1, PAIRS // masks)
        for length, prompts in self.prompts.items():
            for shift in range(1, len(prompts)) if self.paired else (0,):
                parts = (prompts, prompts.roll(shift, 0), self.full[length])
                yield from zip(*(part.split(most) for part in parts), strict=True)

    def _changed(self, logits: Tensor, full: Tensor) -> Bool[Tensor, "masks prompts words"]:
        """BOS has no answer."""
        logits, full = logits[:, :, 1:], full[:, 1:]
        if self.compiled.values is None:
            return ((logits - full).abs() > CHANGED).any(-1)
        return logits.argmax(-1) != full.argmax(-1)
