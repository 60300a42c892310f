"""Plain runs: what their backward keeps, what is alive at once on the way, and their operations.

Weights are frozen, so that a matrix product keeps nothing for its backward, and its backward is one product,
not two. What is kept of a layer is the inputs of its norms, queries, keys, values and what heads make of
them, and the inside of its MLP. Attention is fused, and keeps no pattern, unless its scores are capped or a
method has rules of its own for how gradients go back through it.
"""

from __future__ import annotations

from edgewise.models.rules import PLAIN, Rules
from edgewise.planning.sizes import Sizes

PATTERNS = 3
"""Tensors as large as the attention pattern alive at once while it is worked out in full."""
SECANT = 4.25
"""Tensors as large as an MLP's inside alive at once while its secant is worked out, and a truth value."""
LOGITS, LOGITS_BESIDE_FULL = 3, 6
"""Tensors as large as the logits that a metric and its backward make of them; of one that compares with the
full model's."""


def whole_patterns(sizes: Sizes, rules: Rules = PLAIN) -> bool:
    return bool(sizes.config.attention_softcap or rules.frozen_pattern or rules.temperature != 1)


def norm_keeps(sizes: Sizes, whole: int) -> int:
    """What a norm keeps of an input so large: a root-mean-square norm, off a GPU, an exact copy."""
    config = sizes.config
    if config.norm == "rms" and not sizes.on_gpu:
        return round(whole * sizes.in_exact)
    return whole if config.norm != "none" else 0


def attention_keeps(sizes: Sizes, rules: Rules = PLAIN) -> int:
    """Of one layer, for backward."""
    heads, pattern, config = sizes.heads, sizes.pattern, sizes.config
    of_norms = 0
    if config.query_key_norm != "none":
        of_norms = 2 * (heads if sizes.on_gpu else round(heads * sizes.in_exact))
    if rules.frozen_pattern:
        # Values, what heads make of them, and the one pattern: no gradient comes to queries and keys.
        return 2 * heads + pattern
    if whole_patterns(sizes, rules):
        return of_norms + 4 * heads + 2 * pattern + (3 * heads if rules.temperature != 1 else 0)
    return of_norms + 4 * heads + sizes.places * config.heads * sizes.exact


def layer_keeps(sizes: Sizes, rules: Rules = PLAIN) -> int:
    """What backward needs of one layer."""
    config, kept = sizes.config, attention_keeps(sizes, rules)
    before = norm_keeps(sizes, sizes.stream) if config.pre_norm and not rules.frozen_norms else 0
    after = 0
    if config.post_norm and not rules.frozen_norms:
        # The input of the MLP's, and for the heads' scale what they write, exactly.
        after = norm_keeps(sizes, sizes.stream) + round(sizes.stream * sizes.in_exact)
    kept += before + after
    if not config.mlp_width:
        return kept
    # Norms of a parallel layer read one stream, and layer norms keep it once.
    again = 0 if config.parallel and config.norm == "layer" else before
    return kept + again + sizes.mlp_factors * sizes.hidden


def tape_keeps(sizes: Sizes, sources: bool, rules: Rules = PLAIN, products: bool = True) -> int:
    """What a tape of gradients keeps of one layer beside what backward does: the stream. `sources`: what
    heads and MLP write; `products`: those of q, k and v with their gradients."""
    config, kept = sizes.config, 0
    exact_copy = norm_keeps(sizes, sizes.stream) != sizes.stream
    if products and (exact_copy or rules.frozen_norms or not config.pre_norm):
        kept += sizes.stream
    if products and not rules.frozen_pattern and rules.temperature == 1 and sizes.rotated:
        exact_norm = config.query_key_norm != "none" and not sizes.on_gpu and sizes.in_exact != 1
        kept += 2 * sizes.heads if exact_norm else 0
    if sources:
        kept += sizes.mlps + (sizes.heads if config.post_norm else 0)
    return kept


def forward_holds(sizes: Sizes, rules: Rules = PLAIN) -> int:
    """The most that a run without gradients has alive at once, beyond its embeddings and a tape."""
    config, stream, heads = sizes.config, sizes.stream, sizes.heads
    inside = (4 if config.gated else 2) * sizes.hidden
    at_mlp = 4 * stream + 4 * heads + inside
    at_heads = 2 * stream + (8 if sizes.rotated else 4) * heads
    if whole_patterns(sizes, rules):
        at_heads += PATTERNS * sizes.pattern
    return max(at_mlp if config.mlp_width else 0, at_heads)


def taped_forward_holds(sizes: Sizes) -> int:
    """The same beside a tape of all sources: what the last layer's heads make is on it, and its MLP's place
    there is still empty."""
    return forward_holds(sizes) - sizes.heads - sizes.mlps


def backward_holds(sizes: Sizes, rules: Rules = PLAIN) -> int:
    """The most that one layer's backward has alive at once, beyond what was kept for it."""
    at_mlp = (3 if sizes.config.gated else 2) * sizes.hidden
    at_heads = 4 * sizes.heads
    if whole_patterns(sizes, rules):
        at_heads += PATTERNS * sizes.pattern
    # The forward run of the last layer works a secant out from four tensors as large.
    secant = 2 * sizes.stream + SECANT * sizes.hidden if rules.secant else 0
    return max(sizes.stream + max(at_mlp, at_heads), round(secant))


def attention_operations(sizes: Sizes) -> int:
    """Of one layer: queries with keys, and the pattern with values."""
    return 4 * sizes.examples * sizes.tokens**2 * sizes.all_heads


def forward_operations(sizes: Sizes, unembeds: bool = True) -> int:
    """Of the matrix products; each is counted twice, as a multiplication and an addition."""
    config = sizes.config
    key_heads = config.key_value_heads * config.head_width
    written = sizes.all_heads * (2 if config.post_norm else 1)
    numbers = config.width * (sizes.all_heads + 2 * key_heads + written)
    numbers += config.width * config.mlp_width * (3 if config.gated else 2)
    layer = 2 * sizes.places * numbers + attention_operations(sizes)
    return config.layers * layer + (unembed_operations(sizes) if unembeds else 0)


def unembed_operations(sizes: Sizes) -> int:
    return 2 * sizes.examples * sizes.config.width * sizes.config.outputs


def backward_operations(sizes: Sizes, rules: Rules = PLAIN) -> int:
    """One product for each of the forward run's; for attention's two, five: its pattern is made again."""
    config, attention = sizes.config, attention_operations(sizes)
    again = 3 * attention // 2
    if rules.frozen_pattern:
        # Values alone, and neither queries nor keys.
        less = (
            2 * sizes.places * config.width * (sizes.all_heads + config.key_value_heads * config.head_width)
        )
        return forward_operations(sizes) - config.layers * (less + 3 * attention // 4)
    if whole_patterns(sizes, rules):
        again = attention
    return forward_operations(sizes) + config.layers * again
