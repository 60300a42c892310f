"""What works against the answer: a mask of edges to replace, and what each does when it is replaced alone.

    gain of an edge = how much better the full model does without it, in shares of the damage that replacing
                      everything does

Of edges in a row, of which each can be cut to the same end, a trimmed mask has one. All of a path that harms
the answer is to be told, so the strongest of the mask are replaced each alone in the full model, exactly:
some tens of them, or as many as cost a ninth of the training. What gains more than `trim` is added; what
harms less than a twentieth as much as the strongest is not told, as so little is often chance.

    score of an edge against the answer    1 + what is lost when it is not replaced, in the mask or alone
"""

from __future__ import annotations

import math

import torch

from edgewise.circuit import Scores
from edgewise.masks.training import Training
from edgewise.masks.trimming import Trimming
from edgewise.progress import Progress

LEAST_TRIED = 32
LEAST = 0.05
"""Of the strongest's harm."""


def with_what_harms_alone(training: Training, found: Scores, trim: float, progress: Progress) -> Scores:
    """What an adversary found, and more of the same paths."""
    coefficients = training.gates[0].coefficients
    strengths = coefficients.gather(found.values)
    tries = Trimming(training, strengths, progress)
    tried = strengths.sort(descending=True, stable=True).indices[: max(LEAST_TRIED, tries.allowed // 3)]
    masks = torch.zeros(1 + len(tried), len(strengths), dtype=torch.bool)
    masks[torch.arange(1, len(masks)), tried] = True
    losses = tries.of(masks)
    gains = losses[0] - losses[1:]
    harms = gains > trim
    strengths[tried[harms]] = strengths[tried[harms]].maximum(1 + gains[harms])
    told = strengths - 1 >= LEAST * (strengths.max() - 1).clamp(min=0)
    # What is too weak to be told is still the strongest of the rest.
    strengths[~told] = strengths[~told].clamp(max=math.nextafter(1.0, 0.0))
    chosen = int(coefficients.worth[told].sum())
    return Scores(found.graph, coefficients.spread(strengths), chosen)
