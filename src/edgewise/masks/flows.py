"""What flows where a mask is open, and what the run is to come to.

kept       the clean prompt flows, everything else is replaced; what the full model does is to stay
broken     the corrupted prompt flows, everything else is as in the clean run; what the full model does
           is to go (Taggart: the corrupted stream through coefficients, clean heads beside them)
against    what the mask holds is replaced, everything else flows; the run is to do better than the full
           model: what stands in such a mask works against the answer
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from jaxtyping import Float, Int
from torch import Tensor

from edgewise.graph import Graph
from edgewise.models.sending import sent
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Replacements, Replacer, run_tape
from edgewise.tasks.pairs import Batch

FlowName = Literal["kept", "broken", "against"]


@dataclass(frozen=True)
class Arranged:
    """What a masked run is made of."""

    tokens: Int[Tensor, "examples positions"]
    replacements: Replacements
    embeddings: list[Float[Tensor, "examples positions width"]] | None = None


@dataclass(frozen=True)
class Flow:
    name: FlowName
    graph: Graph
    frozen_mlps: bool = False
    """MLPs write what they write in the clean run, whatever they read."""
    own_unit: bool = False
    """Losses are in the metric's own unit, not in shares of the damage done."""

    def arrange(self, model: Transformer, batch: Batch, replacer: Replacer) -> Arranged:
        if self.name != "broken":
            return Arranged(batch.clean, self.replacements(model, batch, replacer))
        clean = Replacements.of_run(model, batch.clean)
        if batch.corrupted is not None and replacer.fixed is None:
            return Arranged(batch.corrupted, clean)
        shape = (*batch.clean.shape, model.config.width)
        given = [each.expand(shape) for each in replacer.sources(batch.corrupted).embeddings]
        return Arranged(batch.clean, clean, given)

    def replacements(self, model: Transformer, batch: Batch, replacer: Replacer) -> Replacements:
        """What stands where the clean prompt does not flow."""
        if not self.frozen_mlps:
            return replacer.replacements(batch.corrupted)
        replaced = replacer.sources(batch.corrupted)
        clean = run_tape(model, batch.clean, "mlp")
        return Replacements.of_sources(model, replace(replaced, mlps=clean["mlp"]))

    def mask(self, numbers: Float[Tensor, "*leading readers sources"]) -> Tensor:
        """Of the run: 1 where what flows is live."""
        if self.name != "against":
            return numbers
        live = self.graph.edges
        if self.frozen_mlps and self.graph.mlps:
            live = live.clone()
            live[:, [self.graph.mlp_source(layer) for layer in range(self.graph.layers)]] = False
        return sent(live, numbers.device).to(numbers.dtype) - numbers

    def aim(self, losses: Float[Tensor, ...]) -> Tensor:
        """What is held small. Broken: the share of the damage that is not done, or how good the run is."""
        if self.name != "broken":
            return losses
        return -losses if self.own_unit else (1 - losses).clamp(min=0)
