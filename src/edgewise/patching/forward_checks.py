"""What a patched run can be given: every problem of it, before anything runs.

To look at numbers is to wait for a GPU. Methods, which make thousands of runs of what was checked once, go by
`run_patched`, which does not look.
"""

from __future__ import annotations

from torch import Tensor

from edgewise.errors import check_kind
from edgewise.graph import Graph
from edgewise.models.transformer import Transformer, check_model
from edgewise.patching.replacements import Replacements


def check_kinds(model: object, tokens: object, mask: object, replacements: object) -> list[str]:
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


def check_tokens(model: Transformer, tokens: Tensor) -> list[str]:
    if tokens.is_floating_point() or tokens.ndim != 2:
        return [f"token ids [examples, positions] were needed. Got {tuple(tokens.shape)}, {tokens.dtype}."]
    if tokens.numel() and not 0 <= int(tokens.min()) <= int(tokens.max()) < model.config.vocabulary:
        least, largest = int(tokens.min()), int(tokens.max())
        known = f"from 0 to {model.config.vocabulary - 1:,}"
        return [f"token ids {known}, the model's own, were needed. Got {least:,} to {largest:,}."]
    return []


def check_mask(
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


def check_prompts(shape: tuple[int, ...], read: Tensor | None, replacements: Replacements) -> list[str]:
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
