"""What plans are held to: small random models of four kinds, and methods at work on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch

from edgewise import load
from edgewise.checkpoint import NO_CHECKPOINT
from edgewise.circuit import Circuit
from edgewise.graph import Graph
from edgewise.masks.log import NO_LOG
from edgewise.masks.penalties import Lagrangian
from edgewise.masks.relaxations import HardConcrete
from edgewise.masks.settings import Settings
from edgewise.masks.subject import Subject
from edgewise.methods import METHODS
from edgewise.methods.options import as_arguments, with_defaults
from edgewise.models.transformer import Transformer
from edgewise.patching import budget
from edgewise.patching.replacements import replacer
from edgewise.planning.estimate import Asked, estimate
from edgewise.planning.gradient_methods import plain_run
from edgewise.planning.parts import Moment
from edgewise.planning.plain import backward_operations, forward_operations
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Pairs

METRIC = METRICS["logit-diff"]
A_MASK_AT_A_TIME = 1_000_000
"""A budget that one mask fills, as it does on a large model."""

SMALL: Mapping[str, Any] = {
    **{"num_hidden_layers": 3, "hidden_size": 512, "intermediate_size": 1376, "num_attention_heads": 8},
    **{"vocab_size": 1000, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0},
}


def gpt2() -> Any:
    """Heads that each have keys and values, layer norm, an MLP without a gate."""
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(n_layer=3, n_embd=512, n_head=8, vocab_size=1000, bos_token_id=0, eos_token_id=0)
    return GPT2LMHeadModel(config)


def llama() -> Any:
    """Keys and values that four heads share, root-mean-square norm, a gated MLP, turned positions."""
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(LlamaConfig(**SMALL, num_key_value_heads=2))


def neox() -> Any:
    """Attention and MLP of a layer beside each other."""
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    return GPTNeoXForCausalLM(GPTNeoXConfig(**{**SMALL, "intermediate_size": 2048}))


def gemma2() -> Any:
    """Capped attention, norms before and after."""
    from transformers import Gemma2Config, Gemma2ForCausalLM

    return Gemma2ForCausalLM(Gemma2Config(**SMALL, num_key_value_heads=2, head_dim=64))


SHAPES: Mapping[str, Callable[[], Any]] = {"gpt2": gpt2, "llama": llama, "neox": neox, "gemma2": gemma2}


@dataclass(frozen=True)
class Case:
    shape: str
    method: str
    """Of `METHODS`; or `plain`, a run with its backward; or `step`, one of Edge Pruning."""
    dtype: str = "float32"
    examples: int = 8
    tokens: int = 64
    batches: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)
    few: int | None = None
    """Of methods that go edge by edge, edges into an MLP: so many of each layer."""
    budget: int = budget.BYTES

    @property
    def name(self) -> str:
        options = "".join(f" {name}={value}" for name, value in self.options.items())
        batches = f"{self.batches} x " if self.batches > 1 else ""
        return f"{self.method}{options} {self.shape} {self.dtype} {batches}{self.examples} x {self.tokens}"

    def model(self) -> Transformer:
        torch.manual_seed(0)
        theirs = SHAPES[self.shape]().eval().requires_grad_(False)
        return load(theirs.to(getattr(torch, self.dtype)), quiet=True)

    def pairs(self, model: Transformer) -> Pairs:
        count = self.examples * self.batches
        clean, corrupted = torch.randint(0, model.config.vocabulary, (2, count, self.tokens)).tolist()
        rows = zip(clean, corrupted, strict=True)
        return Pairs.from_list(
            [{"clean": one, "corrupted": other, "correct": 1, "wrong": 2} for one, other in rows], model
        )

    def edges(self, model: Transformer) -> Circuit | None:
        if self.few is None:
            return None
        graph = Graph.of(model.config)
        kept = torch.zeros(graph.shape, dtype=torch.bool)
        for layer in range(graph.layers):
            kept[graph.mlp_reader(layer), : min(self.few, graph.mlp_sees(layer))] = True
        kept[-1, [graph.mlp_source(layer) for layer in range(graph.layers)]] = True
        return Circuit(graph, kept)

    def work(self, model: Transformer) -> Callable[[], object]:
        pairs, replacing = self.pairs(model), replacer("corrupted", model, list)
        if self.method == "plain":
            return partial(_plain, model, pairs)
        if self.method == "step":
            return _training(model, pairs, self.examples, self.options).step
        discover, edges = METHODS[self.method].discover, self.edges(model)
        given = as_arguments(discover, self.options) | ({} if edges is None else {"edges": edges})
        return partial(discover, model, pairs, METRIC, replacing, batch_size=self.examples, **given)

    def planned(self, model: Transformer) -> tuple[Moment, int]:
        """The peak, beside the weights; and operations."""
        method = {"plain": "eap", "step": "edge-pruning"}.get(self.method, self.method)
        given = dict(self.options)
        if self.method == "step":
            given |= {"examples": self.examples, "loss": "kl"}
        own = with_defaults(METHODS[method].discover, given)
        edges = self.edges(model)
        asked = Asked(
            model.config,
            False,
            method,
            own if edges is None else {**own, "edges": len(edges)},
            self.examples,
            self.tokens,
            self.examples * self.batches,
            self.dtype,
            gpus=0,
        )
        needs = estimate(asked).needs
        if self.method == "plain":
            of_both = forward_operations(asked.sizes) + backward_operations(asked.sizes)
            return plain_run(asked.sizes), of_both
        if self.method == "step":
            steps = [each for each in needs.moments if each.what != "the mask is judged"]
            return max(steps, key=lambda each: each.bytes), needs.operations
        return needs.peak, needs.operations * needs.rounds + needs.once


def _plain(model: Transformer, pairs: Pairs) -> None:
    """One batch of all pairs."""
    [batch] = pairs.batches(len(pairs), model.device)
    leaves = [each.detach().requires_grad_() for each in model.embed(batch.clean)]
    METRIC(model.run(leaves, batch.read), batch).sum().backward(inputs=leaves)


def _training(model: Transformer, pairs: Pairs, examples: int, options: Mapping[str, Any]) -> Any:
    settings = Settings(
        steps=100, rate=0.1, examples=examples, loss="kl", unit="own", optimiser="adamw", **options
    )
    given = (model, pairs, METRICS["kl"], replacer("corrupted", model, list), settings, None, examples)
    subject = Subject.of(*given, None, NO_CHECKPOINT, NO_LOG)
    concrete = HardConcrete(5.0, 0.1, 5.0)
    gates = [subject.gates("edges", concrete), subject.gates("nodes", concrete, "sources", place=1)]
    return subject.training(gates, Lagrangian([1.1, None], 85, 0.02, 0.2))


TWO = (("gpt2", "float32"), ("llama", "bfloat16"))
ONE_MASK: Mapping[str, Any] = {"draws": 1}
GRADIENTS = ("eap", "eap-ig-inputs", "clean-corrupted", "relp", "gim", "node-attribution", "hisp")
ONE_PASS = ("information-flow-routes", "weight-gradients", "direct-effect")
CASES = (
    *(Case(shape, "plain", dtype) for shape in SHAPES for dtype in ("float32", "bfloat16")),
    *(Case(shape, "plain", "float32", 1, 512) for shape in ("gpt2", "llama")),
    *(Case(shape, method, dtype) for method in (*GRADIENTS, *ONE_PASS) for shape, dtype in TWO),
    *(Case(shape, "eap", "float32", 1, 512) for shape in SHAPES),
    *(Case(shape, "eap", "float32", 32, 8) for shape in ("gpt2", "llama")),
    *(Case(shape, "eap-ig-activations", dtype, options={"steps": 1}) for shape, dtype in TWO),
    *(Case(shape, "eap-ig-mask", dtype, options={"steps": 2}) for shape, dtype in TWO),
    *(Case(shape, "activation-patching", dtype, 8, 32, few=8) for shape, dtype in TWO),
    Case("gpt2", "activation-patching", "float32", 8, 256, few=2),
    *(
        Case(shape, "acdc", dtype, 8, 32, 2, {"tau": (1e-9,)}, few=3, budget=A_MASK_AT_A_TIME)
        for shape, dtype in TWO
    ),
    *(
        Case(shape, "step", dtype, 8, tokens, options={**ONE_MASK, "thrifty": thrifty})
        for shape, dtype in TWO
        for thrifty in (False, True)
        for tokens in (32, 128)
    ),
    *(Case(shape, "step", "float32", 8, 32, options={"draws": 4}) for shape in ("gpt2", "llama")),
)
