"""What a reproduction works on: a model, a task's prompt pairs, and the circuit that is known to be in it.

A case is a bundled model's own task, or one on a model whose weights are at hand - `gpt2`, a folder - where a
paper read the circuit. The truth judges and does nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import edgewise as ew
from edgewise import zoo
from edgewise.graph import Graph
from edgewise.models.transformer import Transformer
from edgewise.tasks.catalogue import PROGRAMS, TASKS, metric_for, other_corruption, program_task
from edgewise.tasks.pairs import Pairs
from edgewise.zoo.known import KnownCircuit, truth_name
from edgewise.zoo.truth import known_circuits


@dataclass(frozen=True)
class Case:
    name: str
    model: Transformer
    task: str
    metric: str
    found_on: Pairs
    measured_on: Pairs
    """Of the split `test`; of a program, all its prompts, as its `train` is."""
    ablation: str
    known: KnownCircuit

    @property
    def graph(self) -> Graph:
        return Graph.of(self.model.config)

    @property
    def size(self) -> int:
        """Edges of the known circuit."""
        return len(self.known.circuit)


def bundled(name: str, examples: int = 100, ablation: str = "corrupted", corruption: str = "") -> Case:
    """A bundled model on its own task. Programs are run on all their prompts."""
    bundle = zoo.open_bundle(name)
    truth = bundle.known[truth_name(ablation, other_corruption(bundle.task, corruption))]
    if bundle.task in PROGRAMS:
        found_on, measured_on = (
            program_task(bundle, None, split=split, seed=0, corruption=None) for split in ("train", "test")
        )
        return Case(
            name,
            bundle.model,
            bundle.task,
            metric_for(bundle.task),
            found_on,
            measured_on,
            ablation,
            truth,
        )
    return _of_text(name, bundle.model, bundle.task, examples, ablation, corruption, truth)


def trained(source: str, task: str, examples: int = 100, ablation: str = "corrupted") -> Case:
    """A model that a paper found the task's circuit in, such as `gpt2`: a name or a folder."""
    model = ew.load(source)
    known = known_circuits(source, task, Graph.of(model.config)).get(ablation)
    if known is None:
        raise ew.BadInput(f"no circuit is known for {task} in {source} by ablation {ablation}.")
    return _of_text(f"{source}: {task}", model, task, examples, ablation, "", known)


def _of_text(
    name: str,
    model: Transformer,
    task: str,
    examples: int,
    ablation: str,
    corruption: str,
    known: KnownCircuit,
) -> Case:
    found_on, measured_on = (
        ew.task(task, model, examples, split=split, corruption=corruption or None)
        for split in ("train", "test")
    )
    return Case(name, model, task, TASKS[task].metric, found_on, measured_on, ablation, known)
