"""The loop by which every mask is learned.

    each step, on the next few examples:
        draw the gates' numbers, several times if asked;  mask = their product
        loss of the masked runs  +  penalty of the gates   ->   gradients  ->  one step of the optimiser

One masked forward and backward a step, besides the reference runs: the corrupted one where the ablation
takes replacements from it, the full model's where the loss compares with it. A step's random numbers follow
from its number, so that training which was broken off goes on to the very same masks. Examples are run
`batch_size` at a time, which changes memory and no result.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.checkpoint import Checkpoint
from edgewise.distributed import here, summed
from edgewise.errors import BadNumbers, Lost
from edgewise.masks.gates import Gates, mask_of, settled_mask
from edgewise.masks.held import Held
from edgewise.masks.log import Log
from edgewise.masks.optimisers import optimiser_of, set_rates
from edgewise.masks.penalties import Penalty
from edgewise.masks.runs import MaskedRun, losses_under
from edgewise.masks.settings import Settings
from edgewise.masks.stream import Stream
from edgewise.models.sending import sent, sums_on
from edgewise.models.transformer import Transformer
from edgewise.progress import Progress
from edgewise.tasks.pairs import Pairs

SECONDS_BETWEEN_SAVES = 10.0
SECONDS_BETWEEN_SHOWN = 0.1


@dataclass(frozen=True)
class Taken:
    """What a step found."""

    damage: float
    """What the loss is made of, before the flow turns it round."""
    loss: float
    penalty: float
    opened: Float[Tensor, "*mask"]
    """How far gates are open after it, as they settle."""


@dataclass
class Training:
    """Everything that a step reads and changes."""

    model: Transformer
    pairs: Pairs
    masked: MaskedRun
    held: Held
    gates: Sequence[Gates]
    penalty: Penalty
    settings: Settings
    batch_size: int = 16
    counted: str = "edges"
    """What the mask has numbers of."""

    def __post_init__(self) -> None:
        settings = self.settings
        self.stream = Stream(self.pairs, settings.examples, settings.seed)
        self.judges = Stream(self.pairs, settings.examples, 0)
        """By whose examples losses are told: the same whatever the seed."""
        self.optimiser = optimiser_of(
            settings.optimiser,
            settings.rate,
            settings.memory,
            [each.parameters for each in self.gates],
            self.masked.also_learned,
            settings.constant_rate,
        )
        self.done = 0
        self.opened = torch.zeros_like(settled_mask(self.gates), dtype=torch.float64)
        """Summed over the steps so far: how far each edge's gates are open, as they settle."""
        self.late = self.opened.clone()
        """The same over the last fifth of all steps."""

    def run(self, stage: str, progress: Progress, log: Log, checkpoint: Checkpoint) -> None:
        """To the last step, from the first or from where it was broken off."""
        if saved := checkpoint.load():
            self.restore(saved)
        else:
            checkpoint.save(self.state())
        log.begin(stage, self.done)
        steps, often = self.settings.steps, max(1, self.settings.steps // 500)
        saved_at = started = time.monotonic()
        first, shown, shown_at = self.done, "", -math.inf
        with progress.counting(f"learning {stage}", steps, "steps", self.done) as advance:
            while self.done < steps:
                try:
                    found = self.step()
                except (BadNumbers, Lost):
                    checkpoint.save(self.state())
                    raise
                now = time.monotonic()
                # What nobody sees is not asked for: to ask is to wait for a GPU.
                tells = self.done % often == 0 or self.done == steps
                told: dict[str, float] = {}
                if tells or (progress.shown and now - shown_at >= SECONDS_BETWEEN_SHOWN):
                    told, shown_at = self.told(found), now
                    shown = _in_short(told, self.counted)
                if tells:
                    seconds = (now - started) / (self.done - first)
                    log.tell(self.done, {**told, "seconds a step": round(seconds, 6)})
                advance(1, shown)
                if now - saved_at >= SECONDS_BETWEEN_SAVES and self.done < steps:
                    checkpoint.save(self.state())
                    saved_at = now
        checkpoint.save(self.state())

    def step(self) -> Taken:
        """One step. BadNumbers before anything has changed.

        Of all that a GPU works out in it the host asks once: whether it may go on, and what the losses are.
        """
        settings, step = self.settings, self.done
        set_rates(self.optimiser, settings.schedule, step, settings.steps)
        numbers = [each.draw(settings.seed, step, settings.draws) for each in self.gates]
        mask = mask_of(self.gates, numbers)
        self.optimiser.zero_grad()
        losses, aimed, of_mask = self.gradient(self.stream.at(step), mask.detach())
        penalty = self.penalty.of(self.gates, numbers, step)
        # The mask's own gradient, and the penalty's, go back to the parameters together. The former is of
        # this process's examples, the latter the same in every process.
        processes = here().count
        ((mask * of_mask).sum() * processes + penalty).backward()
        for each in self.gates:
            each.parameters.grad = summed(needed(each.parameters.grad)) / processes
        gradients = [
            each.grad for each in (*(each.parameters for each in self.gates), *self.masked.also_learned)
        ]
        finite = [each.isfinite().all() for each in gradients if each is not None]
        asked = [losses.mean(), aimed.mean(), penalty.detach(), *finite]
        damage, loss, cost, *sound = torch.stack([each.to(losses) for each in asked]).tolist()
        if not (math.isfinite(loss) and math.isfinite(cost) and all(sound)):
            raise BadNumbers(
                f"NaN or infinity in step {step + 1:,}: loss {loss:.4g}, penalty {cost:.4g}. "
                "The mask as it was before that step is kept where there is a checkpoint. "
                "Begin anew with a lower rate."
            )
        self.optimiser.step()
        self.penalty.learn(loss)
        with torch.no_grad():
            for each in self.gates:
                each.after(settings.seed, step + 1)
            opened = settled_mask(self.gates)
            self.opened += opened
            if self.done >= settings.steps - self.late_steps:
                self.late += opened
        self.done += 1
        return Taken(damage, loss, cost, opened)

    @property
    def late_steps(self) -> int:
        return -(-self.settings.steps // 5)

    def learned(self) -> Float[Tensor, "*mask"]:
        """The mask: the mean over the last fifth of the steps, for gates hover about where they belong."""
        return self.late.float().cpu() / self.late_steps

    def gradient(
        self, index: list[int], numbers: Float[Tensor, "draws ..."]
    ) -> tuple[Float[Tensor, " draws"], Float[Tensor, " draws"], Tensor]:
        """The mean loss of these examples under each mask, what of it is held small, and the gradient of that
        at the masks: this process's share of it."""
        numbers.requires_grad_()
        total = torch.zeros(2, len(numbers), dtype=torch.float64, device=sums_on(numbers.device))
        with torch.enable_grad():
            for masks, losses in self.losses(index, numbers):
                aimed = self.masked.aim(losses)
                (aimed.sum() / (len(index) * len(numbers))).backward(
                    inputs=[numbers, *self.masked.also_learned]
                )
                for row, each in zip(total, (losses, aimed), strict=True):
                    row[masks] += sent(each.detach(), total.device).double().sum(1) / len(index)
        for each in self.masked.also_learned:
            each.grad = summed(needed(each.grad))
        total = summed(total)
        return total[0], total[1], needed(numbers.grad)

    def losses(
        self, index: list[int], numbers: Float[Tensor, "draws ..."]
    ) -> Iterator[tuple[slice, Float[Tensor, "some_draws some_examples"]]]:
        """Of these examples under the masks, as many at a time as memory allows; and of which masks."""
        return losses_under(self.model, self.pairs, self.masked, self.held, self.batch_size, index, numbers)

    def told(self, found: Taken) -> dict[str, float]:
        edges = self.gates[0].edges
        left = found.opened.sum().item() / self.gates[0].repeats
        return {
            "loss": found.loss,
            self.held.metric.name: self.held.value(found.damage),
            "penalty": found.penalty,
            self.counted: left,
            "sparsity": 1 - left / edges,
            **self.penalty.told(),
        }

    def state(self) -> dict[str, Tensor]:
        """All that a later step depends on."""
        kept = {f"parameters {each.name}": each.parameters.detach().clone() for each in self.gates}
        for place, moments in self.optimiser.state_dict()["state"].items():
            kept |= {f"optimiser {place} {name}": value.clone() for name, value in moments.items()}
        kept |= {f"penalty {name}": value.clone() for name, value in self.penalty.state().items()}
        for place, each in enumerate(self.masked.also_learned):
            kept[f"also learned {place}"] = each.detach().clone()
        sums = {"opened": self.opened.clone(), "late": self.late.clone()}
        return {**kept, **sums, "done": torch.tensor(self.done)}

    def restore(self, saved: dict[str, Tensor]) -> None:
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in saved.items():
            if name.startswith("optimiser "):
                _, place, moment = name.split(" ", 2)
                moments.setdefault(int(place), {})[moment] = value
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": moments})
        with torch.no_grad():
            for each in self.gates:
                each.parameters.copy_(saved[f"parameters {each.name}"])
            for place, each in enumerate(self.masked.also_learned):
                each.copy_(saved[f"also learned {place}"])
        of_penalty = [name for name in saved if name.startswith("penalty ")]
        self.penalty.restore({name.removeprefix("penalty "): saved[name] for name in of_penalty})
        self.opened, self.late = saved["opened"].to(self.opened), saved["late"].to(self.late)
        self.done = int(saved["done"])


def needed(gradient: Tensor | None) -> Tensor:
    """One that a backward pass has left."""
    assert gradient is not None
    return gradient


def _in_short(told: dict[str, float], counted: str) -> str:
    """A step, for a line of progress."""
    target = f", target {told['target']:.1%}" if "target" in told else ""
    left = f"{told[counted]:,.0f} {counted}"
    return f"loss {told['loss']:.3f}, {left}, sparsity {told['sparsity']:.1%}{target}"
