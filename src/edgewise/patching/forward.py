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
    wrong = _check_kinds(model, tokens, mask, replacements)
    if wrong := wrong or _check_tokens(model, tokens):
        raise BadInput(*wrong)
    graph = Graph.of(model.config)
    embedded = model.embed(tokens) if embeddings is None else embeddings
    problems = [
        *_check_mask(graph, mask, embedded[0].shape[1], from_layer, getattr(clean, "mask", None)),
        *_check_prompts(embedded[0].shape, read, replacements),
    ]
    if from_layer and clean is None:
        problems.append("from_layer needs clean: a tape of the plain run, to take the layers below from.")
    if from_layer and embeddings is not None:
        problems.append("embeddings cannot be given with from_layer: the layers below are those of the tape.")
    if record is not None and (mask.ndim != 2 or live_only is not False):
        problems.append("record keeps a run of one mask, all of it: give live_only=False.")
    if problems:
        raise BadInput(*problems)
    stacked = mask.reshape(-1, 1 if mask.ndim < 4 else mask.shape[-3], *graph.shape)
    if live_only is None:
        graded = (
            mask.requires_grad or replacements.requires_grad or any(one.requires_grad for one in embedded)
        )
        live_only = not (graded and torch.is_grad_enabled())
    plan = Plan.everything(graph)
    if live_only:
        plan = Plan.live(graph, stacked, replacements.from_a_run, model.config.heads_share_a_norm)
    stacked = stacked.to(model.device, model.dtype)
    run = PatchedRun(
        model, plan, stacked, replacements, embedded, read, from_layer, workspace or Workspace(), record
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


def _check_kinds(model: object, tokens: object, mask: object, replacements: object) -> list[str]:
    return [
        *check_model(model),
        *check_kind(tokens, Tensor, "a tensor of token ids", "torch.tensor(ids) makes one of a list."),
        *check_kind(mask, Tensor, "a tensor of a number per edge", "A circuit gives one: circuit.mask()."),
        *check_kind(
            replacements,
            Replacements,
            "an ew.Replacements",
            "Replacements.of_run(model, corrupted tokens) gives them.",
        ),
    ]


def _check_tokens(model: Transformer, tokens: Tensor) -> list[str]:
    if tokens.is_floating_point() or tokens.ndim != 2:
        return [f"token ids [examples, positions] were needed. Got {tuple(tokens.shape)}, {tokens.dtype}."]
    if tokens.numel() and not 0 <= int(tokens.min()) <= int(tokens.max()) < model.config.vocabulary:
        least, largest = int(tokens.min()), int(tokens.max())
        known = f"from 0 to {model.config.vocabulary - 1:,}"
        return [f"token ids {known}, the model's own, were needed. Got {least:,} to {largest:,}."]
    return []


def _check_mask(
    graph: Graph, mask: Tensor, length: int, from_layer: int, recorded: Tensor | None
) -> list[str]:
    if mask.ndim not in (2, 3, 4) or mask.shape[-2:] != graph.shape or not mask.numel():
        return [f"a mask of {graph.shape} [readers, sources] was needed. Got {tuple(mask.shape)}."]
    problems = []
    if mask.isnan().any():
        problems.append("a mask needs numbers. Got NaN.")
    if mask.ndim == 4 and mask.shape[1] not in (1, length):
        problems.append(
            f"a mask with positions needs one for each of the {length} tokens. Got {mask.shape[1]}."
        )
    if not 0 <= from_layer <= graph.layers:
        return [*problems, f"from_layer must be from 0 to {graph.layers}. Got {from_layer}."]
    below = slice(0, graph.head_readers(from_layer).start if from_layer < graph.layers else -1)
    kept = mask.new_ones(graph.shape) if recorded is None else recorded
    if from_layer and not (mask == kept)[..., below, :][..., graph.edges.to(mask.device)[below]].all():
        like = "1" if recorded is None else "those of the recorded run"
        problems.append(
            f"with from_layer={from_layer}, masks must be {like} for every reader below layer {from_layer}."
        )
    return problems


def _check_prompts(shape: tuple[int, ...], read: Tensor | None, replacements: Replacements) -> list[str]:
    examples, length, _ = shape
    if not examples * length:
        return [f"at least one prompt of one token was needed. Got {examples} of {length} tokens."]
    problems = []
    if read is not None and (read.ndim != 2 or len(read) != examples or not read.numel()):
        problems.append(f"read: positions [{examples} examples, reads] were needed. Got {tuple(read.shape)}.")
    elif read is not None and not 0 <= int(read.min()) <= int(read.max()) < length:
        problems.append(f"positions to read must be from 0 to {length - 1}. Got {read.tolist()}.")
    replaced_examples, replaced, _ = replacements.final_input.shape
    if replaced_examples not in (1, examples):
        problems.append(
            f"replacements for {examples} examples were needed. Got those of {replaced_examples}."
        )
    if replaced != length and (replacements.from_a_run or replaced != 1):
        problems.append(f"replacements for {length} tokens were needed. Got those of {replaced} tokens.")
    return problems
