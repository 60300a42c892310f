"""A RASP program as a transformer of ours, compiled by Tracr (Lindner et al. 2023, arXiv:2301.05062).

Tracr's weights are taken over one for one: heads in a layer, no norms, ReLU MLPs, attention to all positions,
tokens and positions as two sources. Its first token, BOS, stands before every prompt.
"""

from __future__ import annotations

import importlib
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy
import torch
from torch import Tensor

from edgewise.errors import BadInput
from edgewise.models.assemble import assemble
from edgewise.models.config import ModelConfig
from edgewise.models.transformer import Transformer

BOS, PAD = "BOS", "compiler_pad"


@dataclass(frozen=True)
class Compiled:
    """A compiled program, its words and what its outputs stand for."""

    model: Transformer
    words: tuple[Hashable, ...]
    """By token id; the last two are BOS and Tracr's padding, which no prompt holds."""
    values: tuple[Hashable, ...] | None
    """What each output stands for, the largest being the answer; None: one output, which is the number."""
    longest: int
    """Words in a prompt, BOS not counted."""

    @property
    def vocabulary(self) -> tuple[Hashable, ...]:
        return tuple(word for word in self.words if word not in (BOS, PAD))

    def encode(self, words: Iterable[Hashable]) -> list[int]:
        """The prompt of these words, BOS first."""
        given = tuple(words)
        if unknown := [word for word in given if word not in self.vocabulary]:
            known = ", ".join(map(repr, self.vocabulary))
            raise BadInput(f"words of the program were needed: {known}. Got {unknown[0]!r}.")
        if len(given) > self.longest:
            raise BadInput(f"at most {self.longest} words were needed. Got {len(given)}.")
        return [self.words.index(word) for word in (BOS, *given)]

    def decode(self, logits: Tensor) -> list[Hashable]:
        """What the program gives at each position, from the logits there."""
        if self.values is None:
            return logits[:, 0].tolist()
        return [self.values[index] for index in logits.argmax(-1).tolist()]


def compile_program(program: Any, vocabulary: Iterable[Hashable], longest: int, name: str) -> Compiled:
    """`program`: an expression of tracr.rasp.rasp; `longest`: the most words that a prompt has."""
    try:
        compiling: Any = importlib.import_module("tracr.compiler.compiling")
    except ImportError as error:
        raise BadInput(
            "compiling a RASP program needs Tracr, which is not installed. "
            "Install it: pip install 'edgewise[rasp]'."
        ) from error
    try:
        theirs = compiling.compile_rasp_to_model(
            program, vocab=set(vocabulary), max_seq_len=longest, compiler_bos=BOS, compiler_pad=PAD
        )
    # Tracr raises these, from wherever it stumbles over a program that it cannot compile.
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
        NotImplementedError,
    ) as error:
        raise BadInput(f"Tracr could not compile this program: {error or type(error).__name__}.") from error
    parts = {
        part: {kind: _tensor(value) for kind, value in arrays.items()}
        for part, arrays in theirs.params.items()
    }
    unembed = _output_matrix(theirs)
    words = _by_index(theirs.input_encoder.encoding_map)
    values = _by_index(getattr(theirs.output_encoder, "encoding_map", {})) or None
    sizes = theirs.model_config
    config = ModelConfig(
        layers=sizes.num_layers,
        heads=sizes.num_heads,
        head_width=sizes.key_size,
        width=unembed.shape[1],
        vocabulary=len(words),
        outputs=unembed.shape[0],
        mlp_width=sizes.mlp_hidden_size,
        context=longest + 1,
        norm="none",
        final_norm=False,
        split_embeddings=True,
        causal=sizes.causal,
        query_bias=True,
        output_bias=True,
        activation="relu",
        mlp_bias=True,
    )
    weights = {
        "token_embedding": parts["token_embed"]["embeddings"],
        "position_embedding": parts["pos_embed"]["embeddings"],
        "unembed_weight": unembed,
    }
    for layer in range(config.layers):
        weights |= _layer_weights(parts, layer, config)
    return Compiled(assemble(config, weights, name, None, None), words, values, longest)


def _layer_weights(parts: dict[str, dict[str, Tensor]], layer: int, config: ModelConfig) -> dict[str, Tensor]:
    of, ours = f"transformer/layer_{layer}", f"layers.{layer}"
    found = {}
    for name in ("query", "key", "value"):
        part = parts[f"{of}/attn/{name}"]
        found[f"{ours}.attention.{name}_weight"] = part["w"].T.unflatten(0, (config.heads, -1))
        found[f"{ours}.attention.{name}_bias"] = part["b"].unflatten(0, (config.heads, -1))
    output, up, down = (parts[f"{of}/{name}"] for name in ("attn/linear", "mlp/linear_1", "mlp/linear_2"))
    return found | {
        f"{ours}.attention.output_weight": output["w"].unflatten(0, (config.heads, -1)).transpose(1, 2),
        f"{ours}.attention.output_bias": output["b"],
        f"{ours}.mlp.up_weight": up["w"].T,
        f"{ours}.mlp.up_bias": up["b"],
        f"{ours}.mlp.down_weight": down["w"].T,
        f"{ours}.mlp.down_bias": down["b"],
    }


def _output_matrix(theirs: Any) -> Tensor:
    """[outputs, width]. Tracr keeps it in a function; what it makes of the unit vectors are its columns."""
    haiku: Any = importlib.import_module("haiku")
    jax: Any = importlib.import_module("jax")
    width = len(theirs.residual_labels)

    def unembed(units: Any) -> Any:
        return theirs.get_compiled_model().unembed(units, use_unembed_argmax=False)

    made = haiku.without_apply_rng(haiku.transform(unembed)).apply(theirs.params, jax.numpy.eye(width)[None])
    return _tensor(made).view(width, -1).T


def _tensor(array: Any) -> Tensor:
    return torch.from_numpy(numpy.array(array, dtype=numpy.float32))


def _by_index(encoding: dict[Hashable, int]) -> tuple[Hashable, ...]:
    return tuple(sorted(encoding, key=lambda word: encoding[word]))
