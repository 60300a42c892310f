"""What `edgewise plan` tells beside what is measured: peak memory and operations, on random models.

    python -m benchmarks.planned [--only PART_OF_A_NAME]

Memory is measured twice, beyond the weights. The allocator's record of tensors is exact and the same every
time: tests hold plans to it. What the process itself took, in one of its own for each case, moves from run to
run, and has what libraries take in it. It is told here, of a C library that is made to give memory
back at once (`GIVEN_BACK`): by itself it keeps up to half as much again. Nothing is written.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_backward_flop_count, sdpa_flop_count

from benchmarks.measure import IN_PLACE, peak_bytes
from edgewise import load
from edgewise.checkpoint import NO_CHECKPOINT
from edgewise.circuit import Circuit
from edgewise.costs import forget_peak
from edgewise.costs import peak_bytes as peak_of_process
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
GIVEN_BACK = {"MALLOC_MMAP_THRESHOLD_": "65536"}
A_MASK_AT_A_TIME = 1_000_000
"""A budget that one mask fills, as it does on a large model."""
ATTENTION = {
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: (
        lambda query, key, value, *_, **__: sdpa_flop_count(query, key, value)
    ),
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward: (
        lambda of_mix, query, key, value, *_, **__: sdpa_backward_flop_count(of_mix, query, key, value)
    ),
}
"""A processor's kernels, which torch's counter does not know, by what it knows of a GPU's."""


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


@dataclass(frozen=True)
class Measured:
    planned: Moment
    bytes: int
    planned_operations: int
    operations: int

    @property
    def memory_ratio(self) -> float:
        return self.planned.bytes / self.bytes

    @property
    def operations_ratio(self) -> float:
        return self.planned_operations / self.operations


def measured(case: Case, counted: bool = True) -> Measured:
    """`counted`: its operations, too."""
    before, budget.BYTES = budget.BYTES, case.budget
    try:
        model = case.model()
        work, (moment, planned) = case.work(model), case.planned(model)
        most = peak_bytes(work, warm=True)
        return Measured(moment, most, planned, operations(work) if counted else planned)
    finally:
        budget.BYTES = before


def operations(work: Callable[[], object]) -> int:
    """With those of attention."""
    with FlopCounterMode(display=False, custom_mapping={**IN_PLACE, **ATTENTION}) as counter:
        work()
    return counter.get_total_flops()


def of_process(case: Case) -> int:
    """What this process took at most for the case, beyond what it held before."""
    budget.BYTES = case.budget
    model = case.model()
    Case(case.shape, "plain", case.dtype, 1, 2).work(model)()
    work = case.work(model)
    lines = Path("/proc/self/status").read_text().splitlines()
    held = int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) * 1024
    forget_peak(model.device)
    work()
    return (peak_of_process(model.device) or 0) - held


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


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.planned", description=__doc__)
    parser.add_argument("--only", default="", help="cases with this in their name")
    parser.add_argument("--process", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.process:
        print(json.dumps(of_process(next(case for case in CASES if case.name == given.process))))
        return
    print(f"{'MB: planned':>12}{'tensors':>9}{'ratio':>7}{'process':>9}{'ratio':>7}{'operations':>12}")
    for case in CASES:
        if given.only not in case.name:
            continue
        found = measured(case)
        command = [sys.executable, "-m", "benchmarks.planned", "--process", case.name]
        done = subprocess.run(command, capture_output=True, check=True, env=os.environ | GIVEN_BACK)
        process = json.loads(done.stdout)
        planned = found.planned.bytes
        print(
            f"{planned / 1e6:12.1f}{found.bytes / 1e6:9.1f}{found.memory_ratio:7.2f}"
            f"{process / 1e6:9.1f}{planned / process:7.2f}{found.operations_ratio:12.3f}  {case.name}",
            flush=True,
        )


if __name__ == "__main__":
    main()
