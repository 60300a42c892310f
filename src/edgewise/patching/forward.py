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

from edgewise.errors import BadInput
from edgewise.graph import Graph
from edgewise.models.sending import sent
from edgewise.models.tape import Tape
from edgewise.models.transformer import Transformer
from edgewise.patching.forward_checks import check_kinds, check_mask, check_prompts, check_tokens
from edgewise.patching.patched_run import PatchedRun, PatchedTape
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
    record: PatchedTape | None = None,
    thrifty: bool = False,
) -> Float[Tensor, "*masks examples reads vocabulary"]:
    """Logits of the patched run, at the positions in `read` (all when None).

    - mask: [readers, sources], or [masks, readers, sources], or [masks, positions, readers, sources] for a
      mask that tells positions apart. The result has an axis of masks when the mask has.
    - embeddings: what the embedding sources write, in the place of the tokens' own.
    - live_only: skip what cannot matter; None: wherever no gradient flows.
    - clean: a tape of SOURCES from the plain run on `tokens`, or what another patched run has recorded:
      sources below `from_layer` are taken from it.
    - from_layer: for every reader below this layer the masks are 1, or those of the recorded run, and get no
      gradient there; needs `clean`.
    - workspace: memory to use; give the same one to runs that follow each other.
    - record: keeps the sources of this run, of one mask, at all positions.
    - thrifty: of what a layer works out keep nothing but what its sources write, and work it out again in
      the backward pass: half as much time more, for the memory of one layer in the place of all.
    """
    wrong = check_kinds(model, tokens, mask, replacements)
    if wrong := wrong or check_tokens(model, tokens):
        raise BadInput(*wrong)
    graph = Graph.of(model.config)
    shape = (*tokens.shape, model.config.width) if embeddings is None else tuple(embeddings[0].shape)
    problems = [
        *check_mask(graph, mask, shape[1], from_layer, getattr(clean, "mask", None)),
        *check_prompts(shape, read, replacements),
    ]
    if from_layer and clean is None:
        problems.append("from_layer needs clean: a tape of the plain run, to take the layers below from.")
    if from_layer and embeddings is not None:
        problems.append("embeddings cannot be given with from_layer: the layers below are those of the tape.")
    if record is not None and (mask.ndim != 2 or live_only is not False):
        problems.append("record keeps a run of one mask, all of it: give live_only=False.")
    if problems:
        raise BadInput(*problems)
    return run_patched(
        model,
        tokens,
        mask,
        replacements,
        read=read,
        where=None if read is None else slice(int(read.min()), int(read.max()) + 1),
        embeddings=embeddings,
        live_only=live_only,
        clean=clean,
        from_layer=from_layer,
        workspace=workspace,
        record=record,
        thrifty=thrifty,
    )


def run_patched(
    model: Transformer,
    tokens: Int[Tensor, "examples positions"],
    mask: Float[Tensor, "*leading readers sources"],
    replacements: Replacements,
    *,
    read: Int[Tensor, "examples reads"] | None = None,
    where: slice | None = None,
    embeddings: list[Float[Tensor, "examples positions width"]] | None = None,
    live_only: bool | None = None,
    clean: Tape | None = None,
    from_layer: int = 0,
    workspace: Workspace | None = None,
    record: PatchedTape | None = None,
    thrifty: bool = False,
) -> Float[Tensor, "*masks examples reads vocabulary"]:
    """`patched_logits` of what has been checked, without a look at a number: a GPU's host need not wait.

    - where: from the first position that is read to the last; None: not known.
    """
    graph = Graph.of(model.config)
    embedded = model.embed(tokens) if embeddings is None else embeddings
    stacked = mask.reshape(-1, 1 if mask.ndim < 4 else mask.shape[-3], *graph.shape)
    if live_only is None:
        graded = (
            mask.requires_grad or replacements.requires_grad or any(one.requires_grad for one in embedded)
        )
        live_only = not (graded and torch.is_grad_enabled())
    plan = Plan.everything(graph)
    if live_only:
        plan = Plan.live(graph, stacked, replacements.from_a_run, model.config.heads_share_a_norm)
    # A mask is no less exact than the model: its gradient comes back in its own precision.
    stacked = sent(stacked, model.device).to(torch.promote_types(stacked.dtype, model.dtype))
    run = PatchedRun(
        model,
        plan,
        stacked,
        replacements,
        embedded,
        read,
        where,
        from_layer,
        workspace or Workspace(),
        record,
    )
    if record is not None:
        record.mask = mask.detach().clone()
        record.kept["embedding"] += embedded
    for index in range(graph.layers):
        if clean is not None and index < from_layer:
            run.keep_layer(index, clean)
        else:
            run.compute_layer(index, thrifty)
    logits = run.logits()
    return logits[0] if mask.ndim == 2 else logits
