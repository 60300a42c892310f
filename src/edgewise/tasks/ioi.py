"""Indirect object identification (Wang et al. 2022, arXiv:2211.00593): who is given something.

    When John and Mary went to the store, Mary gave a bottle of milk to -> John

In an ABBA prompt the second name comes again, in a BABA prompt the first; the answer is the name said once.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from edgewise.tasks.task import Example, Task, Words, fill

NAMES = (
    *("John", "Mary", "James", "Anna", "Tom", "Sarah", "David", "Laura", "Paul", "Emma", "Mark", "Kate"),
    *("Peter", "Alice", "Simon", "Jane", "Adam", "Lucy", "Jack", "Rose", "Michael", "Jennifer", "Robert"),
    *("Lisa", "William", "Sandra", "Richard", "Ashley", "Joseph", "Kim", "Thomas", "Donna", "Charles"),
    *("Emily", "Daniel", "Michelle", "Matthew", "Carol", "Anthony", "Amanda", "Steven", "Melissa", "Andrew"),
    *("Stephanie", "Kevin", "Rebecca", "Brian", "George", "Edward", "Amy", "Jason", "Angela", "Jeffrey"),
    *("Helen", "Ryan", "Nicole", "Jacob", "Christine", "Eric", "Ruth", "Jonathan", "Julie", "Justin"),
)
PLACES = ("store", "park", "school", "office", "station", "garden", "house", "hospital", "restaurant")
THINGS = ("drink", "ring", "book", "kiss", "basketball", "bone", "computer", "necklace", "snack")
TEXTS = (
    "When{first} and{second} went to the{place},{giver} gave a{thing} to",
    "Then{first} and{second} went to the{place}, and{giver} gave a{thing} to",
    "While{first} and{second} were at the{place},{giver} handed a{thing} to",
    "After{first} and{second} went to the{place},{giver} gave a{thing} to",
)


def draw(words: Mapping[str, list[str]], order: random.Random) -> Example:
    indirect, subject, *others = order.sample(words["names"], 5)
    first, second = order.sample([indirect, subject], 2)
    text, place, thing = (order.choice(words[name]) for name in ("texts", "places", "things"))

    clean, abc, swapped = (
        fill(text, first=one, second=two, giver=giver, place=place, thing=thing)
        for one, two, giver in ((first, second, subject), others, (first, second, indirect))
    )
    return Example(
        clean=clean,
        corrupted={"abc": abc, "swapped": swapped},
        correct=[" " + indirect],
        wrong=[" " + subject],
        key=" ".join(sorted((indirect, subject))),
        roles={"indirect": indirect, "subject": subject, "order": "BABA" if first == subject else "ABBA"},
    )


TASK = Task(
    name="ioi",
    what="Of two people one gives something: to whom?",
    paper="arXiv:2211.00593",
    metric="logit-diff",
    corruptions={
        "abc": "three other names, each once",
        "swapped": "the giver is the other of the two",
    },
    words={"names": Words(NAMES, 5), "places": Words(PLACES, 1), "things": Words(THINGS, 1)},
    texts=TEXTS,
    draw=draw,
)
