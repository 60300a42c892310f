"""Methods that score edges by gradients at one or several plain runs; see `methods/gradients.py`.

A run with its backward is the first peak. What comes after it, once the run's memory has been given back, is
the second: what the tape left of sources and of gradients at readers, exact for heads, the run that replaces,
and a chunk of tokens at which both are expanded and contracted.
"""

from __future__ import annotations

from dataclasses import replace

from edgewise.models.rules import PLAIN, Rules
from edgewise.patching.attribution import TOGETHER, tokens_at_once
from edgewise.planning.parts import Moment, moment
from edgewise.planning.plain import (
    LOGITS,
    backward_holds,
    backward_operations,
    forward_operations,
    layer_keeps,
    tape_keeps,
    taped_forward_holds,
)
from edgewise.planning.sizes import Sizes


def plain_run(sizes: Sizes, logits: int = LOGITS) -> Moment:
    """A run with a backward to its embeddings."""
    return run_with_backward(sizes, PLAIN, 0, logits)


def run_with_backward(sizes: Sizes, rules: Rules, taped: int, logits: int, **beside: float | int) -> Moment:
    """`taped`: what a tape keeps of a layer; `beside`: what is there already."""
    activations = sizes.config.layers * (layer_keeps(sizes, rules) + taped) + sizes.embedded
    if sizes.config.pre_norm and sizes.config.norm == "layer" and len(sizes.graph.embeddings) == 1:
        # The first norm keeps the embedding itself.
        activations -= sizes.stream
    beside = {"activations": 0, "logits": 0, **beside}
    beside["activations"] += activations
    beside["logits"] += logits * sizes.logits * sizes.in_exact
    return moment("a run with its backward", work=backward_holds(sizes, rules), **beside)


def reader_gradients(sizes: Sizes, runs: int = 1, frozen_norms: bool = False) -> int:
    """What is kept of the gradients at all readers, added up over so many runs."""
    config, graph = sizes.config, sizes.graph
    rows = config.heads + 2 * graph.key_readers
    scaled = sizes.places * rows * config.head_width * sizes.exact
    at_mlp = round(sizes.mlps * (sizes.in_exact if runs > 1 else 1))
    of_norm = 0
    if config.pre_norm and config.norm != "none" and not frozen_norms:
        of_norm = min(runs, TOGETHER) * (sizes.stream + sizes.places * rows * sizes.exact)
    return config.layers * (scaled + at_mlp + of_norm)


def contraction(sizes: Sizes) -> int:
    """The chunk of tokens at which sources and readers are expanded."""
    graph, width = sizes.graph, sizes.config.width
    # A GPU multiplies in bfloat16 and sums up in float32.
    exact = sizes.number if sizes.on_gpu and sizes.dtype == "bfloat16" else sizes.exact
    step = tokens_at_once(graph, sizes.places, width, exact, sizes.device)
    layer_norm = sizes.config.norm == "layer" and sizes.config.pre_norm
    at_readers = 3 * graph.heads * step * width * exact
    # A head's weights are made exact, a part at a time.
    weight = sizes.all_heads * width * exact
    converted = weight if exact != sizes.number else 0
    at_stream = (step * width * exact) * (1 if layer_norm else 2)
    return graph.shape[1] * step * width * exact + at_readers + converted + at_stream


def contraction_operations(sizes: Sizes, runs: int = 1, frozen_norms: bool = False) -> int:
    """`runs` that are contracted together."""
    config, graph = sizes.config, sizes.graph
    rows = config.heads + 2 * graph.key_readers
    total = sum(graph.mlp_sees(layer) * graph.mlps for layer in range(graph.layers)) * config.width
    total += len(graph.sources) * config.width + config.layers * sizes.all_heads * config.width
    for layer in range(graph.layers):
        before = graph.sources_before(layer)
        total += rows * config.head_width * config.width + rows * before * config.width
        if config.norm != "none" and config.pre_norm and not frozen_norms:
            total += min(runs, TOGETHER) * before * (config.width + rows)
    contracted = 2 * sizes.places * total * -(-runs // TOGETHER)
    if config.norm == "none" or not config.pre_norm or frozen_norms:
        return contracted
    # What queries, keys and values are without their norm, at every position of each run.
    projected = sizes.all_heads + 2 * config.key_value_heads * config.head_width
    return contracted + 2 * runs * config.layers * sizes.tokens * config.width * projected


def attribution(sizes: Sizes, rules: Rules = PLAIN, logits: int = LOGITS) -> list[Moment]:
    """One run, at the clean prompts."""
    taped = tape_keeps(sizes, sources=True, rules=rules)
    readers = reader_gradients(sizes, frozen_norms=rules.frozen_norms)
    beside = {"logits": sizes.logits}
    replacing = moment(
        "the run that replaces",
        activations=readers + sizes.sources,
        replacements=sizes.sources,
        work=taped_forward_holds(sizes),
    )
    contracting = moment(
        "gradients and sources are contracted",
        activations=readers,
        # Heads once more, each in a row of its own.
        replacements=sizes.sources,
        work=contraction(sizes),
        masks=scores_of(sizes),
        **beside,
    )
    return [run_with_backward(sizes, rules, taped, logits), replacing, contracting]


def scores_of(sizes: Sizes) -> int:
    readers, sources = sizes.graph.shape
    return 2 * readers * sources * sizes.exact


def attribution_operations(sizes: Sizes, rules: Rules = PLAIN) -> int:
    runs = 2 * forward_operations(sizes) + backward_operations(sizes, rules)
    return runs - unembed(sizes) + contraction_operations(sizes, frozen_norms=rules.frozen_norms)


def unembed(sizes: Sizes) -> int:
    return forward_operations(sizes) - forward_operations(sizes, unembeds=False)


def integrated(sizes: Sizes, runs: int, logits: int, live: bool = False) -> list[Moment]:
    """Several runs between two ends. `live`: what heads and MLPs write is kept besides."""
    taped = tape_keeps(sizes, sources=False)
    # The run after the last that is contracted with others still finds them all.
    before = min(runs - 1, TOGETHER)
    held = reader_gradients(sizes, before) if before else 0
    kept = {"replacements": sizes.sources, "activations": sizes.embedded + (sizes.sources if live else 0)}
    run = run_with_backward(
        sizes, PLAIN, taped, logits, **{**kept, "activations": kept["activations"] + held}
    )
    gradients = reader_gradients(sizes, runs)
    contracting = moment(
        "gradients and sources are contracted",
        replacements=kept["replacements"],
        activations=kept["activations"] + gradients,
        work=contraction(sizes),
        masks=scores_of(sizes),
    )
    ends = moment(
        "the two ends", activations=sizes.sources + kept["activations"], replacements=sizes.sources,
        work=taped_forward_holds(sizes),
    )  # fmt: skip
    return [run, contracting, ends]


def integrated_operations(sizes: Sizes, runs: int, groups: int = 1) -> int:
    """`groups` of so many runs, each contracted by itself."""
    each = runs * (forward_operations(sizes) + backward_operations(sizes))
    each += contraction_operations(sizes, runs)
    plain = forward_operations(sizes, unembeds=False)
    if groups == 1:
        return each + 2 * plain
    # What stands in for a layer's heads, or its MLP, sends nothing back: over all groups once the model.
    less = runs * (backward_operations(sizes) - unembed(sizes)) + contraction_operations(sizes, runs)
    return groups * each - less + 3 * plain


def at_outputs(sizes: Sizes, replaces: bool, logits: int = LOGITS) -> list[Moment]:
    """Gradients where sources write, of node attribution and HISP."""
    taped = tape_keeps(sizes, sources=True, products=False)
    products = moment(
        "gradients meet what they are of",
        activations=2 * sizes.sources,
        replacements=sizes.sources if replaces else 0,
        work=taped_forward_holds(sizes) if replaces else 2 * sizes.heads * sizes.in_exact,
    )
    return [run_with_backward(sizes, PLAIN, taped, logits), products]


def weight_gradients(sizes: Sizes, weights: int, again: bool) -> list[Moment]:
    """Here weights have gradients, so that what is multiplied by them is kept, too. `again`: several runs, so
    that later ones find the gradients of the first."""
    config = sizes.config
    more = 2 * sizes.stream + (sizes.hidden if config.mlp_width else 0)
    run = run_with_backward(sizes, PLAIN, more, LOGITS)
    largest = max(config.vocabulary * config.width, config.mlp_width * config.width) * sizes.number
    gradients = round((weights - config.outputs * config.width * sizes.number) * sizes.in_exact)
    late = moment("the embedding's gradient", masks=gradients, work=largest + sizes.stream)
    return [replace(run, parts={**run.parts, "masks": gradients if again else 0}), late]
