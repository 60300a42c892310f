"""What each method of `METHODS` needs, by its own options: groups of methods share a formula."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from edgewise.methods import METHODS
from edgewise.methods.gim import rules as gim_rules
from edgewise.methods.information_flow import LARGEST_CHUNK
from edgewise.methods.learned import LEARNED
from edgewise.methods.options import with_defaults
from edgewise.methods.relp import RULES as RELP
from edgewise.methods.star import TOKENS
from edgewise.models.rules import PLAIN, Rules
from edgewise.planning import exact_methods, gradient_methods, learned_methods
from edgewise.planning.parts import Moment, Needs, moment
from edgewise.planning.plain import (
    LOGITS,
    LOGITS_BESIDE_FULL,
    backward_operations,
    forward_operations,
    taped_forward_holds,
)
from edgewise.planning.sizes import Sizes


@dataclass(frozen=True)
class Job:
    """What one device is to do."""

    sizes: Sizes
    """Of a batch."""
    examples: int
    """Of all devices together."""
    options: Mapping[str, Any]
    """All of the method's own."""
    weights: int
    """Bytes, of all the model."""
    devices: int = 1
    by_kl: bool = False
    """The metric is KL to the full model's."""

    @property
    def batches(self) -> int:
        """Of this device's share of the examples."""
        return math.ceil(self.examples / self.devices / self.sizes.examples)

    @property
    def every_batch(self) -> int:
        """Of methods whose examples all devices have, and each tries its share of the edges."""
        return math.ceil(self.examples / self.sizes.examples)

    @property
    def logits(self) -> int:
        return LOGITS_BESIDE_FULL if self.by_kl else LOGITS


def needs_of(method: str, job: Job) -> Needs:
    return FORMULAS[method](job)


def _by_rules(job: Job, rules: Rules = PLAIN) -> Needs:
    return Needs(
        gradient_methods.attribution(job.sizes, rules, job.logits),
        gradient_methods.attribution_operations(job.sizes, rules),
        job.batches,
    )


def eap(job: Job) -> Needs:
    """With AtP*'s options: the softmax worked out anew for each source, several together; a run a layer."""
    found, sizes = _by_rules(job), job.sizes
    layers = sizes.config.layers
    if job.options["qk_fix"] or job.options["drop"]:
        # Once the run is over, its tape still has gradients at what heads make, and for the softmax queries,
        # keys and values, which the run remembers turned.
        fixes = bool(job.options["qk_fix"])
        still, beside = layers * (4 if fixes else 1) * sizes.heads, layers * 2 * sizes.heads
        run, *later = found.moments
        run = _with(run, activations=beside) if fixes and sizes.rotated else run
        found = replace(found, moments=[run, *(_with(each, activations=still) for each in later)])
    if job.options["qk_fix"]:
        most = sizes.graph.sources_before(layers - 1) if layers else 1
        several = sizes.of(sizes.examples * max(1, min(TOKENS // sizes.places, most)))
        kept = layers * (sizes.stream + 4 * sizes.heads)
        work = 2 * several.stream + max(2 * several.stream, (8 if sizes.rotated else 6) * several.heads)
        fixing = moment(
            "queries and keys are fixed", activations=kept, replacements=sizes.sources, work=work,
            masks=gradient_methods.scores_of(sizes),
        )  # fmt: skip
        before = sum(sizes.graph.sources_before(layer) for layer in range(layers))
        each = 2 * sizes.places * sizes.config.width * (2 * sizes.all_heads + sizes.config.head_width)
        each += 8 * sizes.examples * sizes.tokens**2 * sizes.all_heads
        found = replace(found, moments=[*found.moments, fixing], operations=found.operations + before * each)
    return replace(found, rounds=found.rounds * layers) if job.options["drop"] else found


def _with(one: Moment, **more: int) -> Moment:
    return Moment(
        one.what, {**one.parts, **{kind: one.parts.get(kind, 0) + size for kind, size in more.items()}}
    )


def integrated(runs: int) -> Callable[[Job], Needs]:
    return lambda job: Needs(
        gradient_methods.integrated(job.sizes, runs or job.options["steps"], job.logits),
        gradient_methods.integrated_operations(job.sizes, runs or job.options["steps"]),
        job.batches,
    )


def over_activations(job: Job) -> Needs:
    steps, layers = job.options["steps"], job.sizes.config.layers
    groups = 1 + layers * (2 if job.sizes.config.mlp_width else 1)
    return Needs(
        gradient_methods.integrated(job.sizes, steps, job.logits, live=True),
        gradient_methods.integrated_operations(job.sizes, steps, groups),
        job.batches,
    )


def by_masks(job: Job) -> Needs:
    """Its batches are a third of those of others."""
    sizes = job.sizes.of(math.ceil(job.sizes.examples / 3))
    readers, sources = sizes.graph.shape
    run = learned_methods.step_operations(
        sizes, sizes.examples, {"draws": job.options["steps"], "thrifty": False}, job.by_kl
    )
    return Needs(
        learned_methods.masked_run(sizes, 1, readers * sources * (4 + 8 + 4), job.logits),
        run,
        math.ceil(job.examples / job.devices / sizes.examples),
    )


def at_outputs(job: Job) -> Needs:
    """HISP makes no run that replaces, unless it measures against the replacement."""
    replaces = job.options.get("against", "replacement") == "replacement"
    runs = forward_operations(job.sizes) + backward_operations(job.sizes)
    more = forward_operations(job.sizes, unembeds=False) if replaces else 0
    return Needs(gradient_methods.at_outputs(job.sizes, replaces, job.logits), runs + more, job.batches)


def by_weights(job: Job) -> Needs:
    """A product has two gradients here; corrupted prompts are run, too, where they mirror the clean ones."""
    sizes, twice = job.sizes, job.options["wrong"] == "difference" and job.options["mirrored"]
    run = 2 * forward_operations(sizes) + backward_operations(sizes)
    return Needs(
        gradient_methods.weight_gradients(sizes, job.weights, twice or job.batches > 1),
        run * (1 + twice),
        job.batches,
    )


def flow(job: Job) -> Needs:
    """One plain run, and a chunk of what all sources write beside what is left of a stream without each."""
    sizes, config = job.sizes, job.sizes.config
    each = len(sizes.graph.sources) * config.width * sizes.exact
    step = max(1, LARGEST_CHUNK // each)
    # The next chunk is begun while the last is still there.
    chunks = min(step, sizes.places) * each * (3 if step < sizes.places else 2)
    streams = config.layers * (sizes.stream + sizes.mlps) + sizes.stream
    heads = config.layers * sizes.all_heads * config.width
    # The last layer's streams are on the tape, too, and the first is the embedding.
    at_last = taped_forward_holds(sizes) - 3 * sizes.stream - sizes.mlps
    moments = [
        moment("the plain run", activations=sizes.sources + streams, work=at_last),
        moment(
            "sources beside streams", activations=sizes.sources + streams, work=chunks,
            masks=gradient_methods.scores_of(sizes),
        ),
    ]  # fmt: skip
    operations = forward_operations(sizes, unembeds=False) + 2 * sizes.places * heads
    return Needs(moments, operations, job.batches)


def direct(job: Job) -> Needs:
    """Two plain runs; what is contracted is at the tokens read alone."""
    sizes = job.sizes
    two = moment(
        "the run that replaces",
        activations=sizes.sources,
        replacements=sizes.sources,
        work=taped_forward_holds(sizes),
    )
    at_reads = replace(sizes, tokens=1)
    expanded = moment(
        "differences", replacements=sizes.sources + at_reads.sources, logits=LOGITS * sizes.logits,
        work=gradient_methods.contraction(at_reads), masks=gradient_methods.scores_of(sizes),
    )  # fmt: skip
    heads = 2 * sizes.examples * sizes.config.layers * sizes.all_heads * sizes.config.width
    operations = 2 * forward_operations(sizes, unembeds=False) + 2 * gradient_methods.unembed(sizes) + heads
    return Needs([two, expanded], operations, job.batches)


def patching(job: Job) -> Needs:
    edges, every = job.options.get("edges"), job.sizes.graph.edge_count
    runs = 3 * forward_operations(job.sizes, unembeds=False)
    tried = exact_methods.patching_operations(job.sizes) * (every if edges is None else edges) // every
    return Needs(
        exact_methods.activation_patching(job.sizes, job.logits),
        runs + tried // job.devices,
        job.every_batch,
        at_once=exact_methods.patching_at_once(job.sizes),
    )


def acdc(job: Job, edges: int | None = None) -> Needs:
    edges = job.options.get("edges", edges)
    by_kl = job.options["loss"] != "metric"
    return Needs(
        exact_methods.acdc(job.sizes, job.examples, LOGITS_BESIDE_FULL if by_kl else job.logits, edges),
        exact_methods.acdc_operations(job.sizes, edges) * len(job.options["tau"]) // job.devices,
        job.every_batch,
        once=2 * forward_operations(job.sizes) * job.every_batch,
        notes=("operations are the most there can be: what has left the circuit is not worked out",),
    )


def after_first(job: Job) -> Needs:
    share, first = job.options["share"], _first(job)
    walk = acdc(job, max(1, round(share * job.sizes.graph.edge_count)))
    return replace(
        walk,
        moments=[*first.moments, *walk.moments],
        once=walk.once + first.once + first.operations * first.rounds,
    )


def _first(job: Job) -> Needs:
    name = job.options["first"]
    return needs_of(name, replace(job, options=with_defaults(METHODS[name].discover, {})))


def learned(job: Job) -> Needs:
    """`rounds` are steps: those that the method makes if its first mask does the task."""
    options = job.options
    share = math.ceil(options["examples"] / job.devices)
    sizes = job.sizes.of(min(job.sizes.examples, share))
    by_kl = options["loss"] != "metric"
    operations = learned_methods.step_operations(sizes, share, options, by_kl)
    twice = 2 if options.get("adversary", False) is not False else 1
    found = Needs(
        learned_methods.learned(sizes, options),
        operations,
        options["steps"] * twice,
        unit="step",
        notes=_of_learning(options),
        at_once=learned_methods.masks_at_once(sizes, options["draws"]),
    )
    if options["first"] is None:
        return found
    first = _first(job)
    once = first.once + first.operations * first.rounds
    return replace(found, moments=[*first.moments, *found.moments], once=once)


def _of_learning(options: Mapping[str, Any]) -> tuple[str, ...]:
    notes = []
    if options["hold"] is not None and options["tries"] > 1:
        notes.append(
            f"learned anew where the circuit does not do the task: up to {options['tries']} times in all"
        )
    if options["trim"] is not None:
        notes.append("trimming takes as long as a third of the steps at most")
    return tuple(notes)


FORMULAS: Mapping[str, Callable[[Job], Needs]] = {
    "eap": eap,
    "eap-ig-inputs": integrated(0),
    "eap-ig-activations": over_activations,
    "eap-ig-mask": by_masks,
    "clean-corrupted": integrated(2),
    "relp": lambda job: _by_rules(job, RELP),
    "gim": lambda job: _by_rules(job, gim_rules(job.options["temperature"])),
    "activation-patching": patching,
    "acdc": acdc,
    "node-attribution": at_outputs,
    "hisp": at_outputs,
    "information-flow-routes": flow,
    "weight-gradients": by_weights,
    "direct-effect": direct,
    "eap-then-acdc": after_first,
    **dict.fromkeys(LEARNED, learned),
}
"""By the name of the method; each is answered."""
