"""Patched runs: the outbox, what a backward keeps of each reader, and operations; see `patching/`.

The outbox has a slot for each source under each mask, one more for what all mixes share, and in a backward as
much again for its gradient. Sources that are the same under every mask - with one mask all, otherwise those
below the layer from which masks differ, or the embedding - have one slot for all.
"""

from __future__ import annotations

from edgewise.models.load import DTYPES
from edgewise.patching.budget import masks_at_once
from edgewise.patching.outbox import positions_at_once
from edgewise.planning.plain import PATTERNS, attention_operations, unembed_operations, whole_patterns
from edgewise.planning.sizes import Sizes


def together(sizes: Sizes, sources: int) -> int:
    """How many masks run at once whose sources, so many, are their own."""
    numbers = sizes.examples * sizes.config.outputs
    return masks_at_once(sizes.places, sizes.config.width, sources, numbers, DTYPES[sizes.dtype])


def outbox(sizes: Sizes, masks: int, shared: int | None = None, backward: bool = True) -> int:
    """`shared`: sources that are the same under every mask; None: the embeddings."""
    slots = len(sizes.graph.sources)
    shared = slots if masks == 1 else len(sizes.graph.embeddings) if shared is None else shared
    values = (1 + shared + masks * (slots - shared)) * sizes.stream
    return values * (2 if backward else 1)


def readers_of_heads(sizes: Sizes) -> int:
    return sizes.config.heads + 2 * sizes.graph.key_readers


def chunk(sizes: Sizes, masks: int) -> int:
    """The inputs of a layer's readers at as many positions as are read at a time."""
    readers = readers_of_heads(sizes) + sizes.graph.mlps
    of_one = masks * sizes.examples * sizes.config.width * sizes.number
    return min(sizes.tokens, positions_at_once(readers, of_one, sizes.device)) * readers * of_one


def reading(sizes: Sizes, masks: int) -> int:
    """A chunk, and what a norm makes of it: a root-mean-square norm does so exactly."""
    mixed = chunk(sizes, masks)
    return round(mixed * (2 + 2 * sizes.in_exact)) if _exactly(sizes) else 2 * mixed


def reading_back(sizes: Sizes, masks: int) -> int:
    """A chunk, the gradient at it, and the norm's work on both."""
    mixed = chunk(sizes, masks)
    return round(mixed * (3 + 3 * sizes.in_exact)) if _exactly(sizes) else 3 * mixed


def _exactly(sizes: Sizes) -> bool:
    return sizes.config.norm == "rms" and sizes.in_exact > 1 and not sizes.on_gpu


def replacements(sizes: Sizes) -> int:
    """What every source of the corrupted run writes, and the streams it reads."""
    readers = 1 + sizes.graph.mlps
    return sizes.sources + (sizes.config.layers * readers + 1) * sizes.stream


def layer_keeps(sizes: Sizes, masks: int) -> int:
    """Of one layer of a patched run, for backward; every reader has an input and a norm of its own."""
    config, graph = sizes.config, sizes.graph
    rows = readers_of_heads(sizes)
    made = sizes.places * rows * config.head_width * sizes.number
    kept = made + sizes.heads
    if whole_patterns(sizes):
        kept += 2 * sizes.pattern + 2 * sizes.heads
    elif sizes.rotated:
        kept += 2 * sizes.heads
    if config.query_key_norm != "none":
        kept += 2 * round(sizes.heads * (1 if sizes.on_gpu else sizes.in_exact))
    if graph.key_readers != config.heads:
        kept += 2 * sizes.heads
    if config.post_norm:
        kept += round(2 * sizes.stream * sizes.in_exact) + 2 * sizes.heads
    if config.pre_norm and config.norm != "none":
        kept += 2 * (rows + graph.mlps) * sizes.places * sizes.exact
    if graph.mlps:
        # The MLP's mix of what lies below the layer came along with the heads'.
        kept += sizes.stream + sizes.mlp_factors * sizes.hidden
    return masks * kept


def keeps(sizes: Sizes, masks: int, thrifty: bool = False) -> int:
    """Of all layers; the last is worked out only where it is read, but for keys and values. Thriftily of one,
    which is worked out again."""
    layers = sizes.config.layers
    if not layers:
        return 0
    if thrifty:
        return layer_keeps(sizes, masks)
    return (layers - 1) * layer_keeps(sizes, masks) + 2 * masks * sizes.heads


def forward_holds(sizes: Sizes, masks: int) -> int:
    """Alive at once while one layer is worked out without gradients."""
    inside = (4 if sizes.config.gated else 2) * sizes.hidden
    at_mlp = 3 * sizes.stream + 4 * sizes.heads + inside + chunk(sizes, masks) // masks
    at_heads = sizes.stream + (8 if sizes.rotated else 5) * sizes.heads
    if whole_patterns(sizes):
        at_heads += PATTERNS * sizes.pattern
    at_readers = sizes.stream + 3 * sizes.heads + reading(sizes, masks) // masks
    return masks * max(at_mlp, at_heads + chunk(sizes, masks) // masks, at_readers)


def backward_holds(sizes: Sizes, masks: int) -> int:
    """Alive at once in one layer's backward, beyond what was kept for it: at its MLP, with a chunk left from
    the forward run; or at its readers, when what the MLP kept has been given back."""
    inside = sizes.mlp_factors * sizes.hidden
    at_mlp = 2 * sizes.stream + (3 if sizes.config.gated else 2) * sizes.hidden
    at_readers = sizes.stream + (6 if sizes.rotated else 4) * sizes.heads
    if sizes.graph.mlps:
        at_readers -= sizes.stream + inside
    if whole_patterns(sizes):
        at_readers += PATTERNS * sizes.pattern
    return max(masks * at_mlp + chunk(sizes, masks), masks * at_readers + reading_back(sizes, masks))


def mix_operations(sizes: Sizes) -> int:
    """Of all readers under one mask, forward."""
    config, graph = sizes.config, sizes.graph
    rows, total = readers_of_heads(sizes), 0
    for layer in range(graph.layers):
        last, before = layer + 1 == graph.layers, graph.sources_before(layer)
        # The base of every mix is one slot more.
        if not last:
            total += sizes.tokens * (rows + graph.mlps) * (1 + before)
            total += sizes.tokens * graph.mlps * (graph.mlp_sees(layer) - before)
        else:
            total += sizes.tokens * 2 * graph.key_readers * (1 + before) + graph.heads * (1 + before)
            total += graph.mlps * (1 + graph.mlp_sees(layer))
    total += 1 + len(graph.sources)
    return 2 * sizes.examples * total * config.width


def run_operations(sizes: Sizes, backward: bool) -> int:
    """Of a patched run of all sources under one mask. Backward, mixes are made again, and each has two
    gradients: of the sources and of the mask."""
    config, graph = sizes.config, sizes.graph
    one, every = sizes.examples, sizes.places
    width, inner = config.width, config.head_width
    numbers = 0
    for layer in range(graph.layers):
        at = every if layer + 1 < graph.layers else one
        numbers += width * inner * (at * config.heads + every * 2 * graph.key_readers)
        numbers += at * width * sizes.all_heads * (2 if config.post_norm else 1)
        numbers += at * width * config.mlp_width * (3 if config.gated else 2)
    attention = attention_operations(sizes) * (graph.layers - 1) + attention_operations(sizes) // sizes.tokens
    products = 2 * numbers + unembed_operations(sizes)
    if not backward:
        return products + attention + mix_operations(sizes)
    by_pattern = 2 if whole_patterns(sizes) else 2.5
    return round(2 * products + attention * (1 + by_pattern) + 4 * mix_operations(sizes))


def operations_done_again(sizes: Sizes) -> int:
    """Of a thrifty run: all but the logits, and what an MLP writes, which no backward needs."""
    config = sizes.config
    places = sizes.places * max(0, config.layers - 1) + sizes.examples
    written = 2 * places * config.width * config.mlp_width
    logits = unembed_operations(sizes) + 2 * sizes.examples * (1 + len(sizes.graph.sources)) * config.width
    return run_operations(sizes, backward=False) - written - logits
