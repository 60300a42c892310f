"""Cases for the patched forward, and its definition taken literally: the oracle."""

import pytest
import torch

from edgewise.graph import Graph
from edgewise.patching.replacements import replacer
from tiny_models import KINDS, tiny_tokens

EVERY_KIND = pytest.mark.parametrize("kind", KINDS)
ABLATIONS = pytest.mark.parametrize("ablation", ["corrupted", "zero", "mean"])
EXACT = {"rtol": 1e-12, "atol": 1e-12}

CLEAN, CORRUPTED = tiny_tokens(1), tiny_tokens(2)


def replacements_of(model, ablation, corrupted=CORRUPTED):
    return replacer(ablation, model, lambda: [corrupted], aligned=True).replacements(corrupted)


def random_mask(graph, seed=0, *leading, density=None):
    generator = torch.Generator().manual_seed(seed)
    mask = torch.rand(*leading, *graph.shape, generator=generator, dtype=torch.float64)
    return mask if density is None else (mask < density).double()


def slow_patched_logits(model, tokens, mask, replacements):
    """The definition, source by source and reader by reader: the oracle."""
    config, graph = model.config, Graph.of(model.config)
    sources = replacements.sources
    replaced: list[torch.Tensor] = []
    live: list[torch.Tensor] = []
    shape = (*tokens.shape, config.width)

    def read(reader, constants):
        row = mask[graph.reader_index[reader]]
        seen = graph.visible[graph.reader_index[reader]]
        mixed = (row[s] * live[s] + (1 - row[s]) * replaced[s] for s in range(seen))
        return sum(mixed, constants)

    for written, replacement in zip(model.embed(tokens), sources.embeddings, strict=True):
        live.append(written)
        replaced.append(replacement.expand(shape))
    constants = torch.zeros(shape, dtype=torch.float64)
    places = model.places(live[0])
    for index, layer in enumerate(model.layers):
        attention = layer.attention
        parts = []
        for position_of, (name, letter) in enumerate((("query", "q"), ("key", "k"), ("value", "v"))):
            heads = config.heads if letter == "q" else config.key_readers
            per_head = []
            for head in range(heads):
                normed = layer.attention_norm(read(f"a{index}.h{head}<{letter}>", constants))
                projected = attention.project(name, model.projection_inputs(normed)[position_of])
                per_head.append(projected[:, :, head // (heads // projected.shape[2])])
            parts.append(attention.spread(torch.stack(per_head, 2)))
        mixed = attention.mix(*parts, places, index)
        scale = layer.attention_scale(mixed)
        mixed = mixed if scale is None else mixed * scale[..., None]
        new = []
        for head in range(config.heads):
            weight = attention.output_weight[head].T
            if layer.attention_post_norm.kind != "none":
                weight = weight * layer.attention_post_norm.weight
            new.append(
                (mixed[:, :, head] @ weight, (sources.heads[index][:, :, head] @ weight).expand(shape))
            )
        bias = constants if attention.output_bias is None else constants + attention.output_bias
        if not config.parallel:
            live += [one for one, _ in new]
            replaced += [other for _, other in new]
            constants = bias
        if config.mlp_width:
            written = layer.write_mlp(layer.mlp_norm(read(f"m{index}", constants)))
            new_mlp = (written, sources.mlps[index].expand(shape))
        if config.parallel:
            live += [one for one, _ in new]
            replaced += [other for _, other in new]
            constants = bias
        if config.mlp_width:
            live.append(new_mlp[0])
            replaced.append(new_mlp[1])
    return model.unembed(read("logits", constants))
