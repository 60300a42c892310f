"""`plan`: what a run needs, before anything of it is downloaded but a config."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from edgewise.discovery import with_preset
from edgewise.errors import Problems, check_name, gathered, unknown
from edgewise.methods import METHODS
from edgewise.methods.options import read_options, with_defaults
from edgewise.models.load import DTYPES, described
from edgewise.models.transformer import Transformer
from edgewise.planning.estimate import Asked, Estimate, estimate
from edgewise.planning.fits import instead, largest_batch, read_memory
from edgewise.planning.parts import KINDS
from edgewise.tasks.metrics import METRICS
from edgewise.verb_requests import PlanRequest

TOKENS = 64
"""Of a prompt, unless told."""
PROCESS = (
    "these are tensors: Python, torch and transformers take some 0.5 GB of the processor's memory besides"
)
BY_EDGES = ("acdc", "activation-patching")
"""Methods that go through some edges alone, where asked to."""


@dataclass(frozen=True)
class Plan:
    """What a run needs. Bytes are those of tensors, on each device."""

    model: str
    method: str
    sources: int
    readers: int
    edges: int
    parameters: int
    asked: Mapping[str, Any]
    """Batch size, tokens, examples, dtype, GPUs, whether weights are sharded; all of the method's options."""
    moments: Mapping[str, Mapping[str, int]]
    """By what happens then, what is alive by kind, weights among it; measuring the circuit comes last."""
    peak_bytes: int
    peak_at: str
    """The moment at which the most is alive."""
    search_bytes: int
    """The most while the circuit is looked for, without measuring it afterwards."""
    unit: str
    """batch or step: what a device does again and again."""
    rounds: int
    """How many of them each device does."""
    operations_of_one: int
    """Of a batch or step on one device: multiplications and additions of its matrix products."""
    operations: int
    """Of the whole search, on all devices."""
    at_once: int | None
    """Masks, or edges that are tried, that run together; None: the method has none."""
    memory: int | None
    """Bytes of a device."""
    fits: bool | None
    largest_batch: int | None
    """That fits; 0: none does."""
    instead: tuple[str, ...]
    """What would fit where this does not, as it is typed."""
    notes: tuple[str, ...]

    @property
    def parts(self) -> Mapping[str, int]:
        """What the peak is made of."""
        return self.moments[self.peak_at]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def plan(
    model: Any,
    method: str = "eap",
    *,
    batch_size: int = 16,
    tokens: int | None = None,
    examples: int = 100,
    metric: str = "logit-diff",
    edges: int | None = None,
    dtype: torch.dtype | str | None = None,
    gpus: int = 1,
    memory: str | float | int | None = None,
    shard_weights: bool = False,
    grouped_readers: bool = False,
    preset: str | None = None,
    **options: Any,
) -> Plan:
    """What a run needs, from the model's config alone: no weights are read. `options` are the method's own.

    - model: a Hugging Face name, a folder, zoo:NAME or the file of a config.
    - tokens: of a prompt; 64 unless given, or as many as the model reads.
    - edges: for methods that go edge by edge, how many they go through.
    - dtype: as saved unless given.
    - gpus: GPUs that share the examples; 0: the processor.
    - memory: of each, like "80GB"; then the plan tells whether the run fits.
    - shard_weights: each GPU holds a share of the weights.
    """
    loaded = model if isinstance(model, Transformer) else None
    name = model.name if isinstance(model, Transformer) else model
    request = PlanRequest(
        model=name,
        method=method,
        options=options,
        preset=preset or "",
        metric=metric,
        examples=examples,
        tokens=tokens,
        edges=edges,
        memory=None if memory is None else str(memory),
        gpus=gpus,
        shard_weights=shard_weights,
        batch_size=batch_size,
        dtype=None if dtype is None else str(dtype),
        grouped_readers=grouped_readers,
    )
    return plan_of(request, loaded)


def plan_of(request: PlanRequest, loaded: Transformer | None = None) -> Plan:
    """The same of what the command line was asked for; or of a model that is loaded."""
    method, gpus, edges = request.method, request.gpus, request.edges
    problems = Problems(*request.misread)
    model = None
    with gathered(problems):
        model = described(loaded or request.model, grouped_readers=request.grouped_readers)
    problems.add(*check_name("method", method, METHODS), *check_name("metric", request.metric, METRICS))
    least = {"batch_size": 1, "tokens": 1, "examples": 1, "gpus": 0, "edges": 1}
    for name, smallest in least.items():
        number = getattr(request, name)
        if number is not None and number < smallest:
            problems.add(f"{name.replace('_', '-')} must be at least {smallest}. Got {number}.")
    dtype = (request.dtype or "").removeprefix("torch.")
    if dtype and dtype not in DTYPES:
        problems.add(unknown("dtype", dtype, DTYPES))
    memory = None
    if request.memory is not None:
        try:
            memory = read_memory(request.memory)
        except ValueError:
            problems.add(f"memory must be a size like 80GB or 24GiB. Got {request.memory!r}.")
    if edges is not None and method in METHODS and method not in BY_EDGES:
        problems.add(f"edges are for methods that go edge by edge: {', '.join(BY_EDGES)}. Got {method!r}.")
    if request.shard_weights and gpus < 2:
        problems.add(f"to shard weights, two GPUs or more were needed. Got {gpus}. Give --gpus.")
    if request.shard_weights and method in METHODS and METHODS[method].whole_weights:
        problems.add(f"{method} needs all weights on each GPU. Leave --shard-weights out.")
    options, unknown_preset = with_preset(method, request.preset, request.options)
    problems.add(*unknown_preset)
    own: dict[str, Any] = {}
    if method in METHODS:
        read, wrong = read_options(method, METHODS[method].discover, options)
        problems.add(*wrong)
        own = with_defaults(METHODS[method].discover, read)
    context = 0 if model is None else model.config.context
    tokens = request.tokens or min(TOKENS, context or TOKENS)
    if 0 < context < tokens:
        problems.add(f"the model reads at most {context:,} tokens. Got {tokens:,}.")
    problems.raise_any()
    assert model is not None
    asked = Asked(
        model.config,
        model.tied,
        method,
        own if edges is None else {**own, "edges": edges},
        request.batch_size,
        tokens,
        request.examples,
        dtype or model.dtype,
        gpus,
        request.shard_weights,
        request.metric == "kl",
    )
    notes = []
    if 0 < model.longest < tokens:
        notes.append(
            f"the model's config tells of {model.longest:,} tokens at most, and {tokens:,} are asked for"
        )
    return planned(model.name, asked, memory, notes)


def planned(model: str, asked: Asked, memory: int | None, notes: Sequence[str] = ()) -> Plan:
    found, graph = estimate(asked), asked.sizes.graph
    moments = {each.what: _whole(found, each.parts) for each in (*found.needs.moments, found.measuring)}
    sizes = {what: sum(parts.values()) for what, parts in moments.items()}
    needs, rounds = found.needs, found.needs.rounds
    all_of_it = (needs.operations * rounds + needs.once) * asked.devices
    does = None if memory is None else found.bytes <= memory
    return Plan(
        model=model,
        method=asked.method,
        sources=len(graph.sources),
        readers=len(graph.readers),
        edges=graph.edge_count,
        parameters=asked.weights.all // DTYPES[asked.dtype].itemsize,
        asked={
            "batch_size": asked.batch_size,
            "tokens": asked.tokens,
            "examples": asked.examples,
            "dtype": asked.dtype,
            "gpus": asked.gpus,
            "shard_weights": asked.shard_weights,
            "options": dict(asked.options),
        },
        moments=moments,
        peak_bytes=found.bytes,
        peak_at=max(sizes, key=lambda what: sizes[what]),
        search_bytes=found.search,
        unit=needs.unit,
        rounds=rounds,
        operations_of_one=needs.operations,
        operations=all_of_it,
        at_once=needs.at_once,
        memory=memory,
        fits=does,
        largest_batch=None if memory is None else largest_batch(asked, memory),
        instead=tuple(instead(asked, memory)) if memory is not None and not does else (),
        notes=(*needs.notes, *notes, *([] if asked.gpus else [PROCESS])),
    )


def _whole(found: Estimate, parts: Mapping[str, int]) -> dict[str, int]:
    """With the weights, in the order of kinds."""
    every = {**parts, "weights": found.weights}
    return {kind: every[kind] for kind in KINDS if kind in every}
