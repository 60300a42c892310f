"""What the families share: a Hugging Face config read setting by setting, and a table of names for weights.

A family is (a) a function from the settings to a `ModelConfig`, (b) a table: our module's name -> Hugging
Face's, `*` standing for the layer, and (c) where its tensors are fused or transposed, a step that takes views
of them so that each is one plain [outputs, inputs] matrix. A setting that the family's function never reads
must be harmless or at its default: else it is refused by name, so that nothing is silently dropped.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from edgewise.errors import Problems, UnsupportedModel, unknown
from edgewise.models.assemble import shown
from edgewise.models.config import Activation, ModelConfig

Tensors = dict[str, Tensor]

ACTIVATIONS: dict[str, Activation] = {
    "relu": "relu",
    "gelu": "gelu",
    "gelu_python": "gelu",
    "gelu_new": "gelu-tanh",
    "gelu_fast": "gelu-tanh",
    "gelu_accurate": "gelu-tanh",
    "gelu_pytorch_tanh": "gelu-tanh",
    "gelu_python_tanh": "gelu-tanh",
    "silu": "silu",
    "swish": "silu",
}

HARMLESS = frozenset().union(
    ("model_type", "architectures", "transformers_version", "name_or_path", "_name_or_path", "auto_map"),
    ("dtype", "torch_dtype", "tokenizer_class", "prefix", "task_specific_params", "finetuning_task"),
    (
        "id2label",
        "label2id",
        "num_labels",
        "problem_type",
        "unsloth_version",
        "unsloth_fixed",
        "transformers.js_config",
    ),
    ("return_dict", "output_hidden_states", "output_attentions", "chunk_size_feed_forward"),
    ("use_cache", "cache_implementation", "gradient_checkpointing", "pretraining_tp", "layerdrop"),
    ("bos_token_id", "eos_token_id", "pad_token_id", "sep_token_id", "unk_token_id"),
    ("initializer_range", "initializer_factor", "init_std"),
    ("attention_dropout", "attention_probs_dropout_prob", "attn_pdrop", "embd_pdrop", "embed_dropout"),
    ("activation_dropout", "hidden_dropout", "hidden_dropout_prob", "resid_pdrop", "resid_dropout"),
    ("dropout", "classifier_dropout"),
    (
        "summary_type",
        "summary_use_proj",
        "summary_activation",
        "summary_proj_to_labels",
        "summary_first_dropout",
    ),
    # A rotary model reads any length; a state dict has the output matrix, tied or not.
    ("max_position_embeddings", "tie_word_embeddings"),
)
"""Settings that never change the logits: for labels, other heads, training, generation or other programs."""


class Settings:
    """A Hugging Face config of which every setting that is read counts as handled."""

    def __init__(self, hf_config: Any, harmless: Iterable[str] = ()) -> None:
        # The rope functions of transformers normalise the config that they read.
        self.config = copy.deepcopy(hf_config)
        self.problems = Problems()
        self._values = self.config.to_dict()
        self._handled = HARMLESS.union(harmless)

    def __call__(self, name: str, *default: Any) -> Any:
        """A setting's value; `default` for one that not every config of the family has."""
        self._handled |= {name}
        return self._values.get(name, *default) if default else self._values[name]

    def refuse(self, name: str, reason: str) -> None:
        self.problems.add(
            f"{self.config.model_type}: the setting {name}={self(name)!r} is not handled: {reason}."
        )

    def activation(self, name: str) -> Activation:
        value = self(name)
        if value not in ACTIVATIONS:
            self.problems.add(
                f"{self.config.model_type}: {name}: {unknown('activation', str(value), ACTIVATIONS)}"
            )
        return ACTIVATIONS.get(value, "relu")

    def head_width(self, heads: int, width: int) -> int:
        """The width of each head where the heads share the model's width."""
        if width % heads:
            self.problems.add(
                f"{self.config.model_type}: the width {width} is not a multiple of the {heads} heads."
            )
        return width // heads

    def refuse_what_was_not_read(self) -> None:
        defaults = type(self.config)().to_dict()
        for name in self._values.keys() - self._handled:
            value, default = self._values[name], defaults.get(name)
            if value != default and not (_is_off(value) and _is_off(default)):
                self.refuse(
                    name, f"only {default!r} is" if name in defaults else "it is not known what it does"
                )


def _is_off(value: Any) -> bool:
    return value is None or value is False


def as_they_are(tensors: Tensors, config: ModelConfig) -> Tensors:
    return tensors


@dataclass(frozen=True)
class Family:
    read: Callable[[Settings], ModelConfig]
    names: Mapping[str, str]
    plain: Callable[[Tensors, ModelConfig], Tensors] = as_they_are
    harmless: tuple[str, ...] = ()

    def config(self, hf_config: Any) -> ModelConfig:
        """Our config for Hugging Face's; `UnsupportedModel` with every setting that we do not handle."""
        settings = Settings(hf_config, self.harmless)
        try:
            config = self.read(settings)
        except ValueError as error:
            config = None
            settings.problems.add(f"{hf_config.model_type}: {error}.")
        settings.refuse_what_was_not_read()
        if config is None or settings.problems.found:
            raise UnsupportedModel(*sorted(settings.problems.found))
        return config

    def weights(self, hf_tensors: Tensors, config: ModelConfig) -> Tensors:
        """Our state dict: views of the Hugging Face tensors."""
        theirs = self.plain(dict(hf_tensors), config)
        ours: Tensors = {}
        for name, hf_name in _every_layer(self.names, config.layers):
            for kind in ("weight", "bias"):
                if (tensor := theirs.pop(f"{hf_name}.{kind}", None)) is not None:
                    ours[_entry(name, kind)] = _per_head(name, kind, tensor, config.head_width)
        if theirs:
            raise UnsupportedModel(f"the model has tensors that are not handled: {shown(sorted(theirs))}.")
        return ours


def split(tensors: Tensors, fused: str, parts: Iterable[str], sizes: list[int]) -> None:
    """Put the parts of a fused matrix (and of its bias) in its place, as views."""
    parts = list(parts)
    for kind in ("weight", "bias"):
        if (tensor := tensors.pop(f"{fused}.{kind}", None)) is not None:
            tensors.update(
                {f"{part}.{kind}": piece for part, piece in zip(parts, tensor.split(sizes), strict=True)}
            )


def _every_layer(names: Mapping[str, str], layers: int) -> Iterable[tuple[str, str]]:
    for name, hf_name in names.items():
        for layer in range(layers) if "*" in name else (0,):
            yield name.replace("*", str(layer)), hf_name.replace("*", str(layer))


def _entry(name: str, kind: str) -> str:
    if name.endswith("_embedding"):
        return name
    return f"{name}.{kind}" if name.endswith("norm") else f"{name}_{kind}"


def _per_head(name: str, kind: str, tensor: Tensor, head_width: int) -> Tensor:
    part = name.rpartition(".")[2]
    flat = tensor.dim() == (2 if kind == "weight" else 1)
    if part in ("query", "key", "value") and flat:
        return tensor.unflatten(0, (-1, head_width))
    if part == "output" and kind == "weight":
        return tensor.unflatten(1, (-1, head_width)).transpose(0, 1)
    return tensor
