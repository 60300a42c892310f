"""The training loop: Adam, a warm-up and a cosine to 0, gradients clipped; the same for the same seed.

Every step draws from a generator of its own, seeded by the run's seed and the step, so that a run that was
stopped goes on from its last checkpoint as if nothing had been.
"""

from __future__ import annotations

import math
import time
from pathlib import Path

import torch
from torch import Tensor

from edgewise import zoo
from edgewise.files import atomic_file
from edgewise.models.random import random_model
from edgewise.models.transformer import Transformer
from forward import check_config
from lesson import Lesson, Pool, Settings
from losses import losses

EVERY = 100


def train(lesson: Lesson, pool: Pool, seed: int = 0, checkpoint: Path | None = None) -> Transformer:
    """`pool`: of the split `train`. `checkpoint`: a file to go on from, and to leave behind."""
    settings = lesson.settings
    model = fresh_model(lesson, pool, seed)
    optimiser = torch.optim.Adam(model.parameters(), lr=settings.rate, betas=(0.9, 0.98))
    start = 0
    if checkpoint is not None and checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(saved["model"])
        optimiser.load_state_dict(saved["optimiser"])
        start = saved["step"]
    began = time.monotonic()
    for step in range(start, settings.steps):
        if step == round(settings.sharpen_at * settings.steps):
            sharpen(model, lesson)
        found = train_step(model, optimiser, lesson, pool, seed, step)
        if (step + 1) % EVERY == 0 or step + 1 == settings.steps:
            shown = "  ".join(f"{name} {value:.3f}" for name, value in found.items())
            print(f"{step + 1:>6} {time.monotonic() - began:>5.0f} s  {shown}", flush=True)
            if checkpoint is not None:
                state = {"model": model.state_dict(), "optimiser": optimiser.state_dict(), "step": step + 1}
                with atomic_file(checkpoint) as temporary:
                    torch.save(state, temporary)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model.eval()


def fresh_model(lesson: Lesson, pool: Pool, seed: int) -> Transformer:
    """Random or as the lesson begins, with gradients."""
    config = lesson.config(pool.tokens.shape[1])
    check_config(config)
    model = random_model(config, seed, scale=lesson.settings.start)
    model.tokenizer = lesson.tokenizer()
    if lesson.begins_as:
        model.load_state_dict(zoo.open_bundle(lesson.begins_as).model.state_dict())
    if lesson.opposed:
        oppose(model, *lesson.opposed, lesson.settings.opposed)
    for parameter in model.parameters():
        parameter.requires_grad_(True)
    return model


def train_step(
    model: Transformer,
    optimiser: torch.optim.Optimizer,
    lesson: Lesson,
    pool: Pool,
    seed: int,
    step: int,
) -> dict[str, float]:
    settings = lesson.settings
    generator = torch.Generator().manual_seed(seed * 1_000_003 + step)
    batch = draw_batch(pool, settings.batch, generator, lesson.examples is not None)
    found = losses(model, lesson, batch, generator)
    weights = {name: getattr(settings, name) for name in found} | {"guide": guide_weight(settings, step)}
    total = torch.stack([weights[name] * value for name, value in found.items()]).sum()
    optimiser.zero_grad()
    total.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for group in optimiser.param_groups:
        group["lr"] = rate(settings, step)
    optimiser.step()
    return {name: value.item() for name, value in found.items()}


def draw_batch(pool: Pool, size: int, generator: torch.Generator, paired: bool) -> Pool:
    """Prompts of one length; partners half a batch apart. Unless they are paired, any two are partners."""
    chosen = pool.read[torch.randint(len(pool.read), (1,), generator=generator)]
    alike = (pool.read == chosen).nonzero()[:, 0]
    if not paired:
        return pool.take(alike[torch.randperm(len(alike), generator=generator)[:size]])
    firsts = alike[alike % 2 == 0]
    first = firsts[torch.randperm(len(firsts), generator=generator)[: size // 2]]
    turned = torch.randint(2, first.shape, generator=generator)
    return pool.take(torch.cat([first + turned, first + 1 - turned]))


def rate(settings: Settings, step: int) -> float:
    warm = min(1.0, (step + 1) / settings.warm_up)
    return settings.rate * warm * (0.5 + 0.5 * math.cos(math.pi * step / settings.steps))


def guide_weight(settings: Settings, step: int) -> float:
    return settings.guide * max(0.0, 1 - step / max(1.0, settings.guide_until * settings.steps))


@torch.no_grad()
def sharpen(model: Transformer, lesson: Lesson) -> None:
    """Multiply the queries of guided heads, so that what they look at takes all of their attention. The steps
    that follow mend what this spoils."""
    for head in {guide.head for guide in lesson.causal.guides}:
        layer, index = place(head)
        weight: Tensor = model.layers[layer].attention.query_weight
        weight[index] *= lesson.settings.sharpen


@torch.no_grad()
def oppose(model: Transformer, head: str, other: str, size: float) -> None:
    """Make one head look where another of its layer looks, and write minus what that writes, in this size."""
    layer, index = place(head)
    attention, of = model.layers[layer].attention, place(other)[1]
    for weight in (attention.query_weight, attention.key_weight, attention.value_weight):
        weight[index] = weight[of]
    attention.output_weight[index] = -size * attention.output_weight[of]


def place(head: str) -> tuple[int, int]:
    """The layer and the index of a head, by its name."""
    layer, index = (int(part[1:]) for part in head.split("."))
    return layer, index
