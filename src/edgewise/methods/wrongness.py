"""What a maximally wrong answer is, and how far the model's answer is from it: four definitions.

The slides leave open which is meant (P. Talavante, Gradient Based Circuits Discovery). With l(t) the logit of
token t where a prompt is read, l(A) the mean logit of answers A, U the unembedding, V the tokens it has:

    difference   (l(correct) - l(wrong))^2
                 the slides' own loss: the squared distance between the two answers' logits. Theirs adds that
                 of the mirrored prompt, in which the other answer is right; ours, too (`mirrored`).
    dissimilar   (l(correct) - l(t*))^2,   t* = the t outside correct of least mean cos(U[t], U[c]), c correct
                 the same beside the token that is least like the answer, whatever the prompt.
    inverse      mean over t of (c(t) - target(t))^2,   target = -c held constant,   c = l - mean over t of l
                 the whole answer upside down. Softmax does not see what all logits share, and turning that
                 round would be no answer, so the mean goes first; a single number has no mean to lose. The
                 target is held constant, as labels are: its gradient is half of what it would be otherwise.
                 Of a target in the pairs nothing is used: the model's own numbers are turned round.
    counterpart  -log of the summed probability of the wrong answers
                 cross entropy with the right answer of the counterpart prompt. It pulls towards that answer
                 and, alone among the four, does not vanish where the model has no preference.

Several reads of an example are averaged. Everything is worked out in float32 or better.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from edgewise.tasks.answers import lacking
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Batch, Field, Pairs

Wrong = Literal["dissimilar", "inverse", "difference", "counterpart"]
NEEDS: dict[Wrong, tuple[Field, ...]] = {
    "dissimilar": ("correct",),
    "inverse": (),
    "difference": ("correct", "wrong"),
    "counterpart": ("wrong",),
}


def check_wrong(name: str, wrong: Wrong, pairs: Pairs) -> list[str]:
    """Why these pairs have no maximally wrong answer of this kind; one problem for each thing missing."""
    otherwise = "choose wrong=inverse, which turns the model's own numbers round and needs no answers"
    return lacking(f"{name} with wrong={wrong}", NEEDS[wrong], pairs, otherwise)


def wrong_losses(
    wrong: Wrong,
    logits: Float[Tensor, "examples reads vocabulary"],
    batch: Batch,
    unembed: Float[Tensor, "vocabulary width"],
) -> Float[Tensor, " examples"]:
    """How far each example's answer is from the maximally wrong one."""
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    if wrong == "inverse":
        centred = logits - logits.mean(-1, keepdim=True) if logits.shape[-1] > 1 else logits
        return (centred + centred.detach()).square().mean((-1, -2))
    if wrong == "counterpart":
        towards = replace(batch, correct=batch.wrong)
        return METRICS["neg-log-prob"].per_read(logits, towards, None).mean(-1)
    if wrong == "dissimilar":
        batch = replace(batch, wrong=least_similar(unembed, batch.correct)[:, None])
    return METRICS["logit-diff"].per_read(logits, batch, None).square().mean(-1)


def least_similar(
    unembed: Float[Tensor, "vocabulary width"], correct: Int[Tensor, "examples answers"]
) -> Int[Tensor, " examples"]:
    """The token, none of the correct ones, whose row is on the mean least like theirs."""
    directions = F.normalize(unembed.detach().to(torch.promote_types(unembed.dtype, torch.float32)), dim=-1)
    given = (correct >= 0)[..., None]
    places = correct.clamp(min=0)
    # The sum of cosines puts tokens in the order of their mean.
    alike = (directions[places] * given).sum(1) @ directions.T
    taken = torch.zeros_like(alike).scatter_add_(1, places, given[..., 0].to(alike.dtype)) > 0
    return alike.masked_fill(taken, torch.inf).argmin(-1)
