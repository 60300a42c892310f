"""Methods that try edges: activation patching, one at a time by plain runs from the middle; ACDC, by patched
runs that begin at the reader whose edges are tried.

ACDC keeps of all its examples what sources write, live and replaced, and the streams of the replaced run.
"""

from __future__ import annotations

from edgewise.graph import Graph
from edgewise.methods.acdc import MOST
from edgewise.methods.activation_patching import TOKENS
from edgewise.planning import patched
from edgewise.planning.parts import Moment, moment
from edgewise.planning.patched import (
    mix_operations,
    outbox,
    readers_of_heads,
    replacements,
    run_operations,
    together,
)
from edgewise.planning.plain import forward_holds, forward_operations, unembed_operations
from edgewise.planning.sizes import Sizes


def patching_at_once(sizes: Sizes) -> int:
    """Edges that are tried together, of the heads that have the most."""
    last = max(0, sizes.graph.layers - 1)
    return max(1, min(TOKENS // sizes.places, sizes.graph.sources_before(last)))


def activation_patching(sizes: Sizes, logits: int) -> list[Moment]:
    layers, streams = sizes.config.layers, 2 * sizes.stream
    known = layers * (streams + 3 * sizes.heads + sizes.mlps) + sizes.stream
    begun = moment(
        "the clean run",
        activations=known + layers * sizes.heads + sizes.embedded,
        replacements=sizes.sources,
        logits=2 * sizes.logits,
        work=forward_holds(sizes) - streams - 4 * sizes.heads,
    )
    tried = patching_at_once(sizes)
    several = sizes.of(sizes.examples * tried)
    # Nothing comes after the last MLP but the logits, nor after these.
    at_mlp = sizes.of(sizes.examples * max(1, min(TOKENS // sizes.places, len(sizes.graph.sources))))
    inside = 4 * at_mlp.stream + (4 if sizes.config.gated else 2) * at_mlp.hidden
    trying = moment(
        "edges are tried",
        activations=known,
        replacements=sizes.sources,
        logits=sizes.logits + logits * several.logits * sizes.in_exact,
        work=max(forward_holds(several) + 2 * several.stream, inside),
        masks=sizes.graph.shape[0] * sizes.graph.shape[1] * 8 * 2,
    )
    return [begun, trying]


def patching_operations(sizes: Sizes) -> int:
    """Of every edge of one batch: from the layer that it leads into."""
    graph, config = sizes.graph, sizes.config
    layer = forward_operations(sizes, unembeds=False) // max(1, config.layers)
    mlp = 2 * sizes.places * config.width * config.mlp_width * (3 if config.gated else 2)
    attention = 4 * sizes.examples * sizes.tokens**2 * sizes.all_heads
    heads = attention + mlp + 2 * sizes.places * config.width * (sizes.all_heads + config.head_width)
    written = 2 * sizes.places * sizes.all_heads * config.width // config.heads
    total = len(graph.sources) * (unembed_operations(sizes) + written)
    for index in range(graph.layers):
        after = (graph.layers - 1 - index) * layer + unembed_operations(sizes) + written
        total += readers_of_heads(sizes) * graph.sources_before(index) * (heads + after)
        total += graph.mlps * graph.mlp_sees(index) * (mlp + after)
    return total


def acdc(sizes: Sizes, held: int, logits: int, edges: int | None = None) -> list[Moment]:
    """`held`: examples that are kept; `edges` that are tried, None: all."""
    graph, every = sizes.graph, sizes.of(held)
    readers, sources = graph.shape
    kept = {"replacements": replacements(every), "activations": every.sources}
    some = edges is not None and edges < graph.edge_count
    moments = []
    if some:
        # Where edges are gone from the beginning, sources below are a patched run's own, in float32.
        record = moment(
            "the circuit's own run", **kept, outbox=outbox(sizes, 1, backward=False),
            work=patched.forward_holds(sizes, 1), logits=every.logits,
        )  # fmt: skip
        moments.append(record)
    at_once, own, work = 1, 0, 0
    for layer in range(graph.layers + 1):
        shared = graph.sources_before(layer)
        above = min(sources - shared, edges or sources)
        masks = min(MOST, tried_at(graph, layer), together(sizes, above))
        if masks > 1:
            own = max(own, masks * above * sizes.stream)
        if layer < graph.layers:
            work = max(work, patched.forward_holds(sizes, masks))
        at_once = max(at_once, masks)
    running = moment(
        "edges are tried",
        **kept,
        outbox=(1 + sources) * sizes.stream + own,
        logits=every.logits + logits * at_once * sizes.logits,
        masks=at_once * readers * sources * (4 + 1 + 2 * sizes.number),
        work=work,
    )
    reading = moment("prompts are run", **kept, logits=every.logits, work=forward_holds(sizes))
    return [*moments, running, reading]


def tried_at(graph: Graph, layer: int) -> int:
    """The most edges that a reader of this layer has; of the logits, which are above all layers."""
    return graph.mlp_sees(layer) if layer < graph.layers else len(graph.sources)


def acdc_operations(sizes: Sizes, edges: int | None = None) -> int:
    """Of every edge and one batch: at most the layers from the one that it leads into. What is no longer in
    the circuit is not worked out, so that a walk costs a part of this."""
    graph = sizes.graph
    of_run = run_operations(sizes, backward=False)
    total = sum(
        (graph.layers - layer) / max(1, graph.layers) * of_run
        * (readers_of_heads(sizes) * graph.sources_before(layer) + graph.mlps * graph.mlp_sees(layer))
        for layer in range(graph.layers)
    )  # fmt: skip
    total += len(graph.sources) * (
        unembed_operations(sizes) + mix_operations(sizes) // max(1, graph.shape[0])
    )
    return round(total * (1 if edges is None else edges / graph.edge_count))
