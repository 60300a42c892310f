"""What a run leaves behind: the named tensors of a forward pass, in layer order.

Names, with the shape of each entry (one a layer unless said otherwise):

    embedding          [examples, positions, width]              one per embedding source
    attention_input    [examples, positions, width]              the stream a layer's q, k and v read
    mlp_input          [examples, positions, width]              the stream a layer's MLP reads
    final_input        [examples, positions, width]              one: the stream `logits` reads
    query, key, value  [examples, positions, heads, head_width]  as projected, per query head
    turned_query, turned_key  [examples, heads, positions, head_width]  by their positions, where they are
    mixed              [examples, positions, heads, head_width]  what a head makes of its values
    head               [examples, positions, heads, head_width]  a head's output, before its matrix
    hidden             [examples, positions, neurons]            an MLP's hidden layer
    mlp                [examples, positions, width]              what the MLP writes

`head` is `mixed`; under a post-norm the run's own scale is multiplied in, so that what a head adds to the
stream is linear in it.
"""

from __future__ import annotations

from torch import Tensor

SOURCES = ("embedding", "head", "mlp")
STREAMS = ("attention_input", "mlp_input", "final_input")
PROJECTIONS = ("query", "key", "value")


class Tape:
    """Keeps the tensors whose names it was given and lets all others pass.

    >>> tape = Tape("head")
    >>> tape("head", 1), tape("mlp", 2), tape["head"]
    (1, 2, [1])
    """

    def __init__(self, *names: str) -> None:
        self.kept: dict[str, list[Tensor]] = {name: [] for name in names}

    def __call__(self, name: str, tensor: Tensor) -> Tensor:
        if name in self.kept:
            self.kept[name].append(tensor)
        return tensor

    def __getitem__(self, name: str) -> list[Tensor]:
        return self.kept[name]
