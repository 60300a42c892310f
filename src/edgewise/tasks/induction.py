"""Induction (Olsson et al. 2022, arXiv:2209.11895): what followed a word before follows it again.

    street lamp river house stone ... river -> house

Words in no order, none twice, and then one of them once more; right is what came after it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from edgewise.tasks.task import Example, Task, Words, fill

WORDS = (
    *("street", "lamp", "river", "house", "stone", "table", "green", "bread", "music", "winter", "doctor"),
    *("paper", "horse", "silver", "cloud", "forest", "summer", "coffee", "ship", "bridge", "field", "market"),
    *("island", "army", "church", "engine", "flower", "garden", "window", "mountain", "water", "letter"),
    *(
        "king",
        "farm",
        "wood",
        "gold",
        "wall",
        "door",
        "fish",
        "bird",
        "song",
        "snow",
        "rain",
        "wind",
        "glass",
    ),
    *("road", "train", "school", "paint", "hand", "voice", "story", "dream", "night", "morning", "evening"),
)
LENGTH = 10
"""Words before the one that comes again."""
TEXT = "".join(f"{{w{place}}}" for place in range(LENGTH)) + "{again}"


def draw(words: Mapping[str, list[str]], order: random.Random) -> Example:
    said = order.sample(words["words"], LENGTH + 2)
    *said, other, another = said
    place = order.randrange(1, LENGTH - 1)
    text = order.choice(words["texts"])

    repeated, answer = said[place : place + 2]
    elsewhere = order.choice([each for each in range(1, LENGTH - 1) if each not in (place, place + 1)])
    return Example(
        clean=_filled(text, said, repeated),
        corrupted={
            "first-replaced": _filled(text, [other if word == repeated else word for word in said], repeated),
            "other-word": _filled(text, said, said[elsewhere]),
            "answer-replaced": _filled(
                text, [another if word == answer else word for word in said], repeated
            ),
        },
        correct=[" " + answer],
        wrong=[" " + word for word in (*said, other, another) if word != answer],
        key=f"{repeated} {answer}",
        roles={"again": repeated, "answer": answer, "place": str(place)},
    )


def _filled(text: str, said: list[str], again: str) -> str:
    return fill(text, again=again, **{f"w{place}": word for place, word in enumerate(said)}).lstrip()


TASK = Task(
    name="induction",
    what="A word comes again: what follows it?",
    paper="arXiv:2209.11895",
    metric="neg-log-prob",
    corruptions={
        "first-replaced": "another word where the repeated one first was, so that it comes once only",
        "other-word": "another word of the prompt comes again",
        "answer-replaced": "another word follows the first",
    },
    words={"words": Words(WORDS, LENGTH + 2)},
    texts=(TEXT,),
    draw=draw,
)
