"""The programs of the compiled models, in RASP (Weiss et al. 2021, arXiv:2106.06981)."""

from tracr.compiler import lib
from tracr.rasp import rasp


def proportion_of_x() -> rasp.SOp:
    """At each position, what part of the words so far are "x"."""
    return lib.make_frac_prevs(rasp.tokens == "x")


def reverse() -> rasp.SOp:
    """The words, last first."""
    opposite = rasp.Select(rasp.indices, lib.make_length() - rasp.indices - 1, rasp.Comparison.EQ)
    return rasp.Aggregate(opposite, rasp.tokens).named("reverse")


PROGRAMS = {
    "tracr-xproportion": (proportion_of_x, ("w", "x", "y", "z"), 5),
    "tracr-reverse": (reverse, (1, 2, 3), 5),
}
"""Program, vocabulary and longest prompt, by the model's name."""
