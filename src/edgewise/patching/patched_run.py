"""A patched run, layer by layer: which reads and writes it is made of.

Of the last layer only keys and values are needed everywhere: its queries, what its heads write and its MLP
only where something is read.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from jaxtyping import Float, Int
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from edgewise.models.sending import sent_indices
from edgewise.models.tape import SOURCES, Tape
from edgewise.models.transformer import Transformer
from edgewise.patching.chain import Chain
from edgewise.patching.outbox import Outbox
from edgewise.patching.plan import Plan
from edgewise.patching.readers import HeadReader, NormReader, Reader
from edgewise.patching.replacements import Replacements
from edgewise.patching.workspace import Workspace


class PatchedTape(Tape):
    """The sources of a patched run of one mask, for runs whose masks are the same below some layer."""

    def __init__(self) -> None:
        super().__init__(*SOURCES)
        self.mask: Tensor | None = None


class PatchedRun:
    """The pass layer by layer. Outbox slots and mask rows are those of the plan, in the graph's order."""

    def __init__(
        self,
        model: Transformer,
        plan: Plan,
        stacked: Float[Tensor, "masks positions_or_1 readers sources"],
        replacements: Replacements,
        embedded: list[Float[Tensor, "examples positions width"]],
        read: Int[Tensor, "examples reads"] | None,
        where: slice | None,
        from_layer: int,
        workspace: Workspace,
        record: PatchedTape | None = None,
    ) -> None:
        self.model, self.plan, self.replacements = model, plan, replacements
        self.record = record or Tape()
        self.places = model.places(embedded[0])
        examples, positions, width = embedded[0].shape
        self.read, self.where = read, None
        """The positions that are read at the end: all that the last layer has to write. None: everywhere."""
        if record is None and where is not None and (where.start > 0 or where.stop < positions):
            self.where = where
        picked, shared = plan.pick(stacked), plan.slots_before(from_layer)
        outbox = Outbox(picked, shared, positions, examples, width, embedded[0], workspace)
        self.chain = Chain(outbox, picked)
        self.slots_written = self.rows_read = 0
        for live, replaced in zip(embedded, replacements.sources.embeddings, strict=True):
            self._write(live - replaced)

    def keep_layer(self, index: int, clean: Tape) -> None:
        """A layer whose readers see what they see in the run on the tape: its outputs are those there."""

        def keep() -> None:
            if self.plan.heads[index]:
                picked, heads = self.plan.picked_heads(index), clean["head"][index]
                heads = heads if picked is None else heads[:, :, sent_indices(picked, heads.device)]
                self._write_heads(index, heads[None], None)
            if self.plan.mlps[index]:
                self._write_mlp(index, clean["mlp"][index][None], None)

        self._with_weights(index, keep)
        self.rows_read += len(self.plan.rows(index))

    def compute_layer(self, index: int, thrifty: bool = False) -> None:
        """Thrifty: done again in the backward pass. The outbox still holds all that it reads, and is given
        the same once more."""
        entered, recording = (self.slots_written, self.rows_read), [self.record]

        def again() -> None:
            self.slots_written, self.rows_read = entered
            # What is done again has been recorded.
            self.record = recording.pop() if recording else Tape()
            self._compute_layer(index)

        self._with_weights(index, again, thrifty)

    def _with_weights(self, index: int, work: Callable[[], None], thrifty: bool = False) -> None:
        """Work with a layer's weights, from one token of the chain to another."""

        def compute(token: Tensor) -> Tensor:
            self.chain.token = token
            work()
            return self.chain.token

        computing = compute
        if thrifty:
            computing = partial(checkpoint, compute, use_reentrant=False, preserve_rng_state=False)
        self.chain.token = self.model.layers[index](computing, self.chain.token)

    def _compute_layer(self, index: int) -> None:
        plan, entering = self.plan, self.slots_written
        where = self.where if index + 1 == len(self.model.layers) else None
        mlp_base, begun = None, 0
        if plan.mlps[index]:
            mlp_base = _in_outbox_order(self.replacements.mlp_inputs[index])
        if plan.heads[index]:
            base = _in_outbox_order(self.replacements.attention_inputs[index])
            passing = where is None and plan.mlps[index]
            heads, passed = self._mixed_heads(index, base, where, passing)
            self.record("head", heads[0])
            self._write_heads(index, heads, where)
            if passing and mlp_base is not None:
                # The MLP's mix of everything below this layer came along with the heads'.
                mlp_base, begun = mlp_base - base + passed.squeeze(-2), entering
        if mlp_base is not None:
            layer = self.model.layers[index]
            reader = NormReader(layer.mlp_norm, self.model.config.width)
            seen = entering if self.model.config.parallel else self.slots_written
            normed, _ = self._read(reader, slice(begun, seen), mlp_base, where)
            wrote = layer.write_mlp(normed.squeeze(2))
            self.record("mlp", wrote[0])
            self._write_mlp(index, wrote, where)

    def _mixed_heads(
        self, index: int, base: Tensor, where: slice | None, passing: bool
    ) -> tuple[Float[Tensor, "masks examples positions heads head_width"], Tensor]:
        """What a layer's heads make of their mixes at the positions `where`; and the MLP's mix of the same
        sources, if `passing`."""
        layer = self.model.layers[index]
        attention = layer.attention
        if where is None:
            (query, key, value), passed = self._project(index, ("query", "key", "value"), base, None, passing)
        else:
            (query,), _ = self._project(index, ("query",), base, where, False)
            (key, value), passed = self._project(index, ("key", "value"), base, None, False)
        key, value = (attention.spread(part, query.shape[-2]) for part in (key, value))
        mixed = attention.mix(query, key, value, self.places, index, where)
        scale = layer.attention_scale(mixed)
        mixed = mixed if scale is None else mixed * scale[..., None]
        return mixed.unflatten(0, (self.chain.outbox.masks, -1)), passed

    def _project(
        self, index: int, names: tuple[str, ...], base: Tensor, where: slice | None, passing: bool
    ) -> tuple[list[Tensor], Tensor]:
        """What some of a layer's q, k and v are, and what was passed on."""
        layer, config = self.model.layers[index], self.model.config
        places = self.model.position_embedding if config.positions == "query-key" else None
        picked = self.plan.picked_heads(index)
        reader = HeadReader(layer.attention, layer.attention_norm, config.key_readers, picked, places, names)
        made, passed = self._read(reader, slice(0, self.slots_written), base, where, passing)
        parts = made.split([rows.stop - rows.start for rows in reader.parts], 2)
        return [part.flatten(0, 1).transpose(1, 2) for part in parts], passed

    def _read(
        self, reader: Reader, slots: slice, base: Tensor, where: slice | None = None, passing: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Reads the next rows; `passing`: and the row after them, which is left to be read again."""
        rows = slice(self.rows_read, self.rows_read + reader.rows + passing)
        self.rows_read += reader.rows
        return self.chain.read(reader, rows, slots, base, where)

    def _write_heads(
        self,
        index: int,
        heads: Float[Tensor, "masks examples positions heads head_width"],
        where: slice | None,
    ) -> None:
        layer, picked = self.model.layers[index], self.plan.picked_heads(index)
        weight, replaced = layer.attention.output_weight, self.replacements.sources.heads[index]
        if picked is not None:
            some = sent_indices(picked, weight.device)
            weight, replaced = weight[some], replaced[:, :, some]
        if layer.attention_post_norm.kind != "none":
            weight = weight * layer.attention_post_norm.weight[:, None]
        self._put((heads - _at(replaced, where)).permute(2, 1, 0, 3, 4), weight, where)

    def _write_mlp(
        self, index: int, wrote: Float[Tensor, "masks examples positions width"], where: slice | None
    ) -> None:
        self._write(wrote - _at(self.replacements.sources.mlps[index], where), where)

    def _write(
        self, delta: Float[Tensor, "*masks examples positions width"], where: slice | None = None
    ) -> None:
        self._put(delta.reshape(-1, *delta.shape[-3:]).permute(2, 1, 0, 3)[..., None, :], None, where)

    def _put(
        self,
        delta: Float[Tensor, "positions examples masks slots inner"],
        weight: Tensor | None,
        where: slice | None,
    ) -> None:
        slots = slice(self.slots_written, self.slots_written + delta.shape[3])
        self.chain.write(slots, delta, weight, where)
        self.slots_written = slots.stop

    def logits(self) -> Float[Tensor, "masks examples reads vocabulary"]:
        reader = NormReader(self.model.final_norm, self.model.config.width)
        base = _in_outbox_order(self.replacements.final_input)
        normed, _ = self._read(reader, slice(0, self.slots_written), base, self.where)
        normed = normed.squeeze(2)
        if self.read is not None:
            at = (self.read - (self.where.start if self.where else 0))[None, :, :, None]
            normed = normed.gather(2, at.expand(normed.shape[0], -1, -1, normed.shape[-1]))
        return self.model.unembed_normed(normed)


def _at(replaced: Float[Tensor, "examples positions_or_1 ..."], where: slice | None) -> Tensor:
    return replaced if where is None or replaced.shape[1] == 1 else replaced[:, where]


def _in_outbox_order(stream: Float[Tensor, "examples positions width"]) -> Tensor:
    """[positions, examples, 1, width]"""
    return stream.transpose(0, 1)[:, :, None]
