"""Gendered pronoun (Mathwin et al. 2023): he or she, from a name.

So Evan is a really great friend, isn't -> he
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from edgewise.tasks.task import Example, Task, Words, fill, split_of

MEN = (
    *("Evan", "John", "James", "Paul", "Peter", "David", "Mark", "Robert", "William", "Richard", "Thomas"),
    *("Charles", "Daniel", "Matthew", "Anthony", "Steven", "Andrew", "Kevin", "Brian", "George", "Edward"),
    *("Jason", "Jeffrey", "Ryan", "Jacob", "Eric", "Jonathan", "Justin", "Scott", "Brandon", "Benjamin"),
)
WOMEN = (
    *(
        "Mary",
        "Anna",
        "Sarah",
        "Laura",
        "Emma",
        "Kate",
        "Alice",
        "Jane",
        "Lucy",
        "Jennifer",
        "Lisa",
        "Sandra",
    ),
    *("Ashley", "Donna", "Emily", "Michelle", "Carol", "Amanda", "Melissa", "Stephanie", "Rebecca", "Amy"),
    *("Angela", "Helen", "Nicole", "Christine", "Ruth", "Julie", "Kelly", "Barbara", "Susan", "Margaret"),
)
KINDS = ("friend", "person", "teacher", "doctor", "student", "cook", "writer", "singer", "driver", "leader")
QUALITIES = ("great", "good", "nice", "fine", "strong", "smart", "funny", "kind", "famous", "happy")
TEXTS = (
    "So{name} is a really{quality}{kind}, isn't",
    "I think that{name} is a{quality}{kind}, isn't",
    "We know that{name} is such a{quality}{kind}, isn't",
)


def draw(words: Mapping[str, list[str]], order: random.Random) -> Example:
    he = order.choice(words["men"])
    # Of the same split, so that no split knows another's names.
    she = order.choice([name for name in words["women"] if split_of(name) == split_of(he)] or words["women"])
    name, other = order.sample([he, she], 2)
    text, quality, kind = (order.choice(words[part]) for part in ("texts", "qualities", "kinds"))
    pronouns = [" he", " she"] if name == he else [" she", " he"]

    return Example(
        clean=fill(text, name=name, quality=quality, kind=kind),
        corrupted={"other-gender": fill(text, name=other, quality=quality, kind=kind)},
        correct=pronouns[:1],
        wrong=pronouns[1:],
        key=name,
        roles={"name": name, "pronoun": pronouns[0].strip()},
    )


TASK = Task(
    name="gendered-pronoun",
    what="Someone is spoken of by name: he or she?",
    paper="Mathwin et al. 2023",
    metric="logit-diff",
    corruptions={"other-gender": "a name of the other gender"},
    words={
        "men": Words(MEN, 5),
        "women": Words(WOMEN, 5),
        "pronouns": Words(("he", "she"), 2),
        "qualities": Words(QUALITIES, 1),
        "kinds": Words(KINDS, 1),
    },
    texts=TEXTS,
    draw=draw,
)
