"""Docstring (Heimersheim and Janiak 2023): the next parameter that a Python docstring describes.

    def port(self, load, size, files, last, state, shape):
        '''oil column piece

        :param files: crime population
        :param last: unit dark
        :param -> state

Wrong are the other parameters of the definition and every parameter-like word of the corrupted prompts. The
answer is always the fifth parameter: a model could go by its place.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from edgewise.tasks.task import Example, Task, Words, fill

NAMES = (
    *("load", "size", "files", "last", "state", "shape", "option", "obj", "path", "name", "value", "index"),
    *("key", "count", "mode", "data", "image", "text", "user", "table", "model", "group", "color", "width"),
    *("height", "label", "level", "limit", "line", "list", "map", "node", "order", "page", "parent", "port"),
    *("project", "query", "range", "result", "root", "row", "rule", "scale", "source", "start", "step"),
    *("style", "target", "test", "title", "token", "type", "unit", "version", "view", "window", "word"),
)
FILLERS = (
    *("oil", "column", "piece", "crime", "population", "dark", "river", "song", "bread", "garden", "winter"),
    *(
        "music",
        "paper",
        "stone",
        "water",
        "horse",
        "silver",
        "cloud",
        "forest",
        "mountain",
        "summer",
        "coffee",
    ),
    *("ship", "bridge", "field", "market", "island", "army", "church", "doctor", "engine", "flower"),
)
TEXT = (
    "def{function}(self,{a},{b},{c},{d},{e},{f}):\n"
    '    """{w0}{w1}{w2}\n\n'
    "    :param{c2}:{w3}{w4}\n"
    "    :param{d2}:{w5}{w6}\n"
    "    :param"
)


def draw(words: Mapping[str, list[str]], order: random.Random) -> Example:
    """The description names c and d, so that e comes next; every corruption breaks that."""
    function, *names = order.sample(words["names"], 13)
    fillers = order.sample(words["fillers"], 7)
    defined, others = names[:6], names[6:]
    text = order.choice(words["texts"])
    answer, described, out_of_turn = defined[4], defined[2:4], [defined[0], defined[5]]
    unchanged = {"function": function, **{f"w{place}": word for place, word in enumerate(fillers)}}
    return Example(
        clean=_filled(text, defined, described, unchanged),
        corrupted={
            "random-random": _filled(text, others, out_of_turn, unchanged),
            "random-doc": _filled(text, defined, others[:2], unchanged),
            "random-def": _filled(text, others, described, unchanged),
        },
        correct=[" " + answer],
        wrong=[" " + word for word in (*defined, *others) if word != answer],
        key=" ".join(defined[2:5]),
        roles={**dict(zip("abcdef", defined, strict=True)), "answer": answer},
    )


def _filled(text: str, defined: list[str], described: list[str], unchanged: dict[str, str]) -> str:
    names = dict(zip("abcdef", defined, strict=True))
    return fill(text, c2=described[0], d2=described[1], **names, **unchanged)


TASK = Task(
    name="docstring",
    what="A function's docstring describes its parameters in turn: which is next?",
    paper="Heimersheim and Janiak 2023",
    metric="logit-diff",
    corruptions={
        "random-random": "other names in the definition, and names in the docstring that are not in turn",
        "random-doc": "names in the docstring that are not in the definition",
        "random-def": "other names in the definition",
    },
    words={"names": Words(NAMES, 13), "fillers": Words(FILLERS, 7)},
    texts=(TEXT,),
    draw=draw,
)
