"""The switches of the one transformer: everything that tells one family from another, as plain frozen values.

A family file under `families/` turns a Hugging Face config into a `ModelConfig`; `transformer.py` and
`graph.py` read nothing else. There is no switch on a model's name.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

NormKind = Literal["layer", "rms", "none"]
Activation = Literal["relu", "gelu", "gelu-tanh", "silu"]
PositionKind = Literal["learned", "query-key", "none"]
QueryKeyNorm = Literal["none", "head", "all-heads"]


@dataclass(frozen=True)
class Rotary:
    """Rotary positions: the first `2 * len(frequencies)` numbers of a query or key are turned by position x
    frequency."""

    frequencies: tuple[float, ...]
    scale: float = 1.0
    long_frequencies: tuple[float, ...] | None = None
    """Taken instead when the prompt is longer than `short_until` tokens (Phi-3's long context)."""
    short_until: int = 0

    @property
    def width(self) -> int:
        return 2 * len(self.frequencies)

    def frequencies_for(self, tokens: int) -> tuple[float, ...]:
        longer = self.long_frequencies is not None and tokens > self.short_until
        return self.long_frequencies if longer and self.long_frequencies else self.frequencies


@dataclass(frozen=True)
class ModelConfig:
    """One transformer. The defaults are GPT-2's choices where it has one."""

    layers: int
    heads: int
    head_width: int
    width: int
    vocabulary: int
    key_value_heads: int = 0
    """Heads of keys and values; 0: as many as query heads."""
    mlp_width: int = 0
    """0: attention-only."""
    context: int = 0
    """The longest prompt the model can read; 0: any length."""

    norm: NormKind = "layer"
    norm_epsilon: float = 1e-5
    pre_norm: bool = True
    """A norm between the residual stream and each layer's readers."""
    post_norm: bool = False
    """A norm on what attention and the MLP write (Gemma 2, OLMo 2)."""
    final_norm: bool = True

    positions: PositionKind = "learned"
    """`learned`: added to the embedding; `query-key`: added to what queries and keys read only; `none`."""
    split_embeddings: bool = False
    """Token and position embeddings are two sources, `tok` and `pos`, in the place of `embed`."""
    embedding_scale: float = 1.0
    rotaries: tuple[Rotary | None, ...] = ()
    """One a layer; empty: no layer turns its queries and keys."""

    attention_scale: float | None = None
    """Factor on query . key; None: 1 / sqrt(head_width)."""
    attention_softcap: float = 0.0
    causal: bool = True
    windows: tuple[int, ...] = ()
    """How many tokens back a layer sees, itself included; 0: all. One a layer; empty: all layers see all."""
    query_key_norm: QueryKeyNorm = "none"
    query_bias: bool = False
    """Biases on queries, keys and values."""
    output_bias: bool = False

    parallel: bool = False
    """Attention and MLP of a layer both read the stream as it enters the layer."""
    activation: Activation = "gelu-tanh"
    gated: bool = False
    mlp_bias: bool = False

    logit_softcap: float = 0.0
    unembed_bias: bool = False
    outputs: int = 0
    """Numbers that the model puts out at a position; 0: one for each token of the vocabulary."""

    grouped_readers: bool = False
    """The graph has one k and one v reader per key/value head; otherwise one per query head, as other tools
    count."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key_value_heads", self.key_value_heads or self.heads)
        object.__setattr__(self, "outputs", self.outputs or self.vocabulary)
        object.__setattr__(self, "rotaries", tuple(self.rotaries) or (None,) * self.layers)
        object.__setattr__(self, "windows", tuple(self.windows) or (0,) * self.layers)
        mistakes = {
            "heads must be a multiple of key_value_heads": self.heads % self.key_value_heads,
            "rotaries must have one entry a layer": len(self.rotaries) != self.layers,
            "windows must have one entry a layer": len(self.windows) != self.layers,
            "post_norm needs norm='rms'": self.post_norm and self.norm != "rms",
            "post_norm does not go with output_bias": self.post_norm and self.output_bias,
            "split_embeddings needs learned positions": self.split_embeddings and self.positions != "learned",
            "learned positions need a context length": self.positions != "none" and not self.context,
        }
        wrong = [mistake for mistake, made in mistakes.items() if made]
        if wrong:
            raise ValueError("ModelConfig: " + "; ".join(wrong))

    @property
    def group(self) -> int:
        """Query heads that share one key/value head."""
        return self.heads // self.key_value_heads

    @property
    def key_readers(self) -> int:
        """k readers of a layer (and as many v readers)."""
        return self.key_value_heads if self.grouped_readers else self.heads

    @property
    def heads_share_a_norm(self) -> bool:
        """What one head of a layer does depends on its fellows."""
        return self.post_norm or self.query_key_norm == "all-heads"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ModelConfig:
        """The inverse of `to_dict`, also after a round trip through JSON."""
        unknown = set(values) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"ModelConfig: unknown switches {sorted(unknown)}")
        rotaries = tuple(_rotary(entry) for entry in values.get("rotaries", ()))
        return cls(**{**values, "rotaries": rotaries, "windows": tuple(values.get("windows", ()))})


def _rotary(entry: dict[str, Any] | None) -> Rotary | None:
    if entry is None:
        return None
    longer = entry.get("long_frequencies")
    return Rotary(
        **{
            **entry,
            "frequencies": tuple(entry["frequencies"]),
            "long_frequencies": None if longer is None else tuple(longer),
        }
    )
