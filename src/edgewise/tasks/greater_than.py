"""Greater-than (Hanna et al. 2023, arXiv:2305.00586): a span of years ends later than it begins.

    The war lasted from the year 1517 to 15 -> 18, 19 ... 99

Right is every two-digit ending above that of the first year, wrong every other; probabilities are added up.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from edgewise.tasks.task import Example, Task, Words, fill

NOUNS = (
    *("war", "siege", "voyage", "reign", "famine", "strike", "trial", "drought", "project", "journey"),
    *("alliance", "campaign", "conflict", "construction", "dispute", "dynasty", "expedition", "festival"),
    *("investigation", "marriage", "mission", "negotiation", "occupation", "plague", "rebellion", "study"),
)
CENTURIES = tuple(str(century) for century in range(11, 18))
ENDINGS = tuple(f"{ending:02}" for ending in range(2, 99))
FIRST = "01"
"""The ending that a corrupted prompt begins with: every answer is later."""
TEXTS = (
    "The{noun} lasted from the year{year} to the year{century}",
    "The{noun} lasted from{year} to{century}",
)


def years(*endings: str) -> list[str]:
    return [century + ending for century in CENTURIES for ending in endings]


def century_and_ending(year: str) -> Sequence[str]:
    return " " + year[:2], year[2:]


def ending_of_1500(ending: str) -> Sequence[str]:
    return " 15", ending


def draw(words: Mapping[str, list[str]], order: random.Random) -> Example:
    centuries = {year[:2] for year in words["corrupted years"]}
    year = order.choice([year for year in words["years"] if year[:2] in centuries])
    century, ending = year[:2], year[2:]
    text, noun = order.choice(words["texts"]), order.choice(words["nouns"])

    return Example(
        clean=fill(text, noun=noun, year=year, century=century),
        corrupted={FIRST: fill(text, noun=noun, year=century + FIRST, century=century)},
        correct=[each for each in words["endings"] if each > ending],
        wrong=[each for each in words["endings"] if each <= ending],
        key=f"{noun} {ending}",
        roles={"noun": noun, "century": century, "ending": ending},
        after="a 15",
    )


TASK = Task(
    name="greater-than",
    what="A span of years: when does it end?",
    paper="arXiv:2305.00586",
    metric="prob-diff",
    corruptions={FIRST: f"the first year ends in {FIRST}, so that every ending is later"},
    words={
        "nouns": Words(NOUNS, 1),
        "years": Words(years(*ENDINGS), 5, century_and_ending),
        "corrupted years": Words(years(FIRST), 1, century_and_ending),
        "endings": Words(("00", FIRST, *ENDINGS, "99"), 10, ending_of_1500),
    },
    texts=TEXTS,
    draw=draw,
)
