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
from edgewise.patching.outbox import Outbox
from edgewise.patching.plan import Plan
from edgewise.patching.readers import HeadReader, NormReader, Reader
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
    run = _PatchedRun(model, plan, stacked, replacements, embedded, from_layer, workspace or Workspace())
    try:
        for index in range(graph.layers):
            if clean is not None and index < from_layer:
                run.keep_layer(index, clean)
            else:
                run.compute_layer(index)
        logits = run.logits(read)
    finally:
        run.outbox.token = None
    return logits[0] if mask.ndim == 2 else logits


class _PatchedRun:
    """The pass layer by layer. Outbox slots and mask rows are those of the plan, in the graph's order."""

    def __init__(
        self,
        model: Transformer,
        plan: Plan,
        stacked: Float[Tensor, "masks positions_or_1 readers sources"],
        replacements: Replacements,
        embedded: list[Float[Tensor, "examples positions width"]],
        from_layer: int,
        workspace: Workspace,
    ) -> None:
        self.model, self.plan, self.replacements = model, plan, replacements
        self.places = model.places(embedded[0])
        examples, positions, width = embedded[0].shape
        self.outbox = Outbox(
            plan.pick(stacked),
            plan.slots_before(from_layer),
            positions,
            examples,
            width,
            embedded[0],
            workspace,
        )
        self.slots_written = self.rows_read = 0
        for live, replaced in zip(embedded, replacements.sources.embeddings, strict=True):
            self._write(live - replaced)

    def keep_layer(self, index: int, clean: Tape) -> None:
        """A layer whose readers see what they see in the plain run: its outputs are those on the tape."""
        if heads := self.plan.heads[index]:
            self._write_heads(index, clean["head"][index][None, :, :, heads])
        if self.plan.mlps[index]:
            self._write_mlp(index, clean["mlp"][index][None])
        self.rows_read += len(self.plan.rows(index))

    def compute_layer(self, index: int) -> None:
        plan, entering = self.plan, self.slots_written
        base, begun = None, 0
        if plan.mlps[index]:
            base = _in_outbox_order(self.replacements.mlp_inputs[index])
        if plan.heads[index]:
            heads, passed = self._mixed_heads(index, passing=plan.mlps[index])
            self._write_heads(index, heads)
            if base is not None:
                # The MLP's mix of everything below this layer came along with the heads'.
                base, begun = base + passed[0], entering
        if base is not None:
            layer = self.model.layers[index]
            reader = NormReader(layer.mlp_norm, self.model.config.width)
            seen = entering if self.model.config.parallel else self.slots_written
            normed, _ = self._read(reader, slice(begun, seen), base)
            self._write_mlp(index, layer.write_mlp(normed[:, :, 0]))

    def _mixed_heads(
        self, index: int, passing: bool
    ) -> tuple[Float[Tensor, "masks examples positions heads head_width"], Tensor]:
        """What a layer's heads make of their mixes; and the MLP's mix of the same sources, if `passing`."""
        layer, config = self.model.layers[index], self.model.config
        attention = layer.attention
        places = self.model.position_embedding if config.positions == "query-key" else None
        picked = self.plan.picked_heads(index)
        reader = HeadReader(attention, layer.attention_norm, config.key_readers, picked, places)
        base = _in_outbox_order(self.replacements.attention_inputs[index])
        made, passed = self._read(reader, slice(0, self.slots_written), base, passing=passing)
        query, key, value = (made[:, :, rows].flatten(0, 1).transpose(1, 2) for rows, _, _ in reader.parts)
        key, value = (attention.spread(part, query.shape[-2]) for part in (key, value))
        mixed = attention.mix(query, key, value, self.places, index)
        scale = layer.attention_scale(mixed)
        return (mixed if scale is None else mixed * scale[..., None]).unflatten(0, made.shape[:2]), passed

    def _read(
        self, reader: Reader, slots: slice, base: Tensor, where: slice | None = None, passing: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Reads the next rows; `passing`: and the row after them, which is left to be read again."""
        rows = slice(self.rows_read, self.rows_read + reader.rows + passing)
        self.rows_read += reader.rows
        return self.outbox.read(reader, rows, slots, base, where)

    def _write_heads(
        self, index: int, heads: Float[Tensor, "masks examples positions heads head_width"]
    ) -> None:
        layer, picked = self.model.layers[index], self.plan.picked_heads(index)
        weight, replaced = layer.attention.output_weight, self.replacements.sources.heads[index]
        if picked is not None:
            weight, replaced = weight[picked], replaced[:, :, picked]
        if layer.attention_post_norm.kind != "none":
            weight = weight * layer.attention_post_norm.weight[:, None]
        self._put((heads - replaced).permute(3, 0, 2, 1, 4), weight)

    def _write_mlp(self, index: int, wrote: Float[Tensor, "masks examples positions width"]) -> None:
        self._write(wrote - self.replacements.sources.mlps[index])

    def _write(self, delta: Float[Tensor, "*masks examples positions width"]) -> None:
        self._put(delta.reshape(-1, *delta.shape[-3:]).transpose(1, 2)[None])

    def _put(
        self, delta: Float[Tensor, "slots masks positions examples inner"], weight: Tensor | None = None
    ) -> None:
        slots = slice(self.slots_written, self.slots_written + delta.shape[0])
        self.outbox.write(slots, delta, weight)
        self.slots_written = slots.stop

    def logits(
        self, read: Int[Tensor, "examples reads"] | None
    ) -> Float[Tensor, "masks examples reads vocabulary"]:
        reader = NormReader(self.model.final_norm, self.model.config.width)
        where = None if read is None else slice(int(read.min()), int(read.max()) + 1)
        base = _in_outbox_order(self.replacements.final_input)
        normed, _ = self._read(reader, slice(0, self.slots_written), base, where)
        normed = normed[:, :, 0]
        if read is not None and where is not None:
            at = (read - where.start)[None, :, :, None].expand(normed.shape[0], -1, -1, normed.shape[-1])
            normed = normed.gather(2, at)
        return self.model.unembed_normed(normed)


def _in_outbox_order(stream: Float[Tensor, "examples positions width"]) -> Tensor:
    """[1, positions, examples, width]"""
    return stream.transpose(0, 1)[None]
