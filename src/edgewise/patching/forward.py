"""The primitive: one forward pass in which each reader sees its own mix of live and replaced sources.

    x_reader = sum over its sources of [ mask * live + (1 - mask) * replacement ]

Mask 1 everywhere is the plain run; 0 everywhere is the replaced run. One pass serves several masks, is
differentiable in the mask, in the replacements and in the embeddings, and costs one matrix product a layer
over the plain run. Without gradients only the nodes that matter are computed (`plan.py`), and with `clean`
only the layers that masks change.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from edgewise.errors import BadInput, check_kind
from edgewise.graph import Graph
from edgewise.models.tape import Tape
from edgewise.models.transformer import Transformer, check_model
from edgewise.patching.patched_run import PatchedRun
from edgewise.patching.plan import Plan
from edgewise.patching.replacements import Replacements
from edgewise.patching.workspace import Workspace


def patched_logits(
    model: Transformer,
    tokens: Int[Tensor, "examples positions"],
    mask: Float[Tensor, "*leading readers sources"],
    replacements: Replacements,
    *,
    read: Int[Tensor, "examples reads"] | None = None,
    embeddings: list[Float[Tensor, "examples positions width"]] | None = None,
    live_only: bool | None = None,
    clean: Tape | None = None,
    from_layer: int = 0,
    workspace: Workspace | None = None,
) -> Float[Tensor, "*masks examples reads vocabulary"]:
    """Logits of the patched run, at the positions in `read` (all when None).

    - mask: [readers, sources], or [masks, readers, sources], or [masks, positions, readers, sources] for a
      mask that tells positions apart. The result has an axis of masks when the mask has.
    - embeddings: what the embedding sources write, in the place of the tokens' own.
    - live_only: skip what cannot matter; None: wherever no gradient flows.
    - clean: a tape of SOURCES from the plain run on `tokens`: sources below `from_layer` are taken from it.
    - from_layer: the masks are 1 for every reader below this layer; needs `clean`.
    - workspace: memory to use; give the same one to runs that follow each other.
    """
    what_to_do = "Replacements.of_run(model, corrupted tokens) gives them."
    if wrong := check_model(model) + check_kind(replacements, Replacements, "an ew.Replacements", what_to_do):
        raise BadInput(*wrong)
    graph = Graph.of(model.config)
    if mask.shape[-2:] != graph.shape:
        raise BadInput(f"a mask of {graph.shape} [readers, sources] was needed. Got {tuple(mask.shape)}.")
    if from_layer and clean is None:
        raise BadInput("from_layer needs clean: a tape of the plain run, to take the layers below from.")
    stacked = mask.to(model.dtype).reshape(-1, 1 if mask.ndim < 4 else mask.shape[-3], *graph.shape)
    below = slice(0, graph.head_readers(from_layer).start)
    if not (stacked[..., below, :] == 1)[..., graph.edges.to(mask.device)[below]].all():
        raise BadInput(
            f"with from_layer={from_layer}, masks must be 1 for every reader below layer {from_layer}."
        )
    embedded = model.embed(tokens) if embeddings is None else embeddings
    length = embedded[0].shape[1]
    if stacked.shape[1] not in (1, length):
        raise BadInput(
            f"a mask with positions needs one for each of the {length} tokens. Got {stacked.shape[1]}."
        )
    if read is not None and not 0 <= int(read.min()) <= int(read.max()) < length:
        raise BadInput(f"positions to read must be from 0 to {length - 1}. Got {read.tolist()}.")
    if live_only is None:
        graded = (
            mask.requires_grad or replacements.requires_grad or any(one.requires_grad for one in embedded)
        )
        live_only = not (graded and torch.is_grad_enabled())
    plan = Plan.everything(graph)
    if live_only:
        plan = Plan.live(graph, stacked, replacements.from_a_run, model.config.heads_share_a_norm)
    run = PatchedRun(model, plan, stacked, replacements, embedded, read, from_layer, workspace or Workspace())
    for index in range(graph.layers):
        if clean is not None and index < from_layer:
            run.keep_layer(index, clean)
        else:
            run.compute_layer(index)
    logits = run.logits()
    return logits[0] if mask.ndim == 2 else logits
