"""Every task by its name, and `task`: its prompt pairs for a model.

The tasks of text run on any model whose tokenizer knows their words. The task of a compiled program runs on
that program alone: its prompts are its own words.
"""

from __future__ import annotations

from dataclasses import replace

from edgewise.errors import BadInput, check_name, unknown
from edgewise.models.bundled import PREFIX, tasks_with_a_model
from edgewise.models.transformer import Transformer, check_model
from edgewise.tasks import docstring, gendered_pronoun, greater_than, induction, ioi, programs
from edgewise.tasks.pairs import Pairs, prompt_rules
from edgewise.tasks.programs import EXAMPLES, PROGRAMS
from edgewise.tasks.prompt_rules import PromptRules
from edgewise.tasks.task import Task
from edgewise.zoo import open_bundle
from edgewise.zoo.bundle import Bundle

TASKS: dict[str, Task] = {
    each.TASK.name: each.TASK for each in (ioi, greater_than, docstring, induction, gendered_pronoun)
}


def task(
    name: str,
    model: Transformer,
    examples: int = EXAMPLES,
    *,
    split: str = "train",
    seed: int = 0,
    corruption: str | None = None,
) -> Pairs:
    """Prompt pairs of a task, written for a model's tokenizer: the same ones for the same seed.

    - name: one of `edgewise list tasks`.
    - split: train, validation or test; no two share what an example is about.
    - corruption: how corrupted prompts are made; the task's first unless given.
    """
    if wrong := check_model(model) + check_name("task", name, (*TASKS, *PROGRAMS)):
        raise BadInput(*wrong)
    if name in PROGRAMS:
        bundle = open_bundle(name)
        if model.config != bundle.model.config:
            raise BadInput(f"task {name!r} belongs to the model {PREFIX}{name}. Got {model.name}.")
        assert bundle.compiled is not None
        # The targets are what the given model puts out, whatever became of its weights.
        given = replace(bundle, compiled=replace(bundle.compiled, model=model))
        return program_task(given, examples, split=split, seed=seed, corruption=corruption)
    return text_task(name, prompt_rules(model), examples, split=split, seed=seed, corruption=corruption)


def text_task(
    name: str, rules: PromptRules, examples: int, *, split: str, seed: int, corruption: str | None
) -> Pairs:
    entries = TASKS[name].entries(rules, examples, split, seed, corruption)
    return Pairs.from_list(entries, rules).judged_by(TASKS[name].metric)


def program_task(
    bundle: Bundle, examples: int | None, *, split: str, seed: int, corruption: str | None
) -> Pairs:
    if bundle.compiled is None:
        raise BadInput(unknown("task", bundle.task, (*TASKS, *PROGRAMS)))
    if corruption is not None and (wrong := check_name("corruption", corruption, programs.CORRUPTIONS)):
        raise BadInput(*wrong)
    return programs.program_pairs(bundle.compiled, examples, split, seed)


def other_corruption(task: str, corruption: str) -> str | None:
    """A corruption by its name, unless it is the one that a task is run with where none is asked for."""
    corruptions = TASKS[task].corruptions if task in TASKS else programs.CORRUPTIONS
    return None if corruption in ("", next(iter(corruptions))) else corruption


def metric_for(task: str) -> str:
    """What a task is judged by; whatever is no task of text is a program's."""
    return TASKS[task].metric if task in TASKS else programs.METRIC


def model_for(task: str) -> str | None:
    """The bundled model that does a task."""
    return f"{PREFIX}{task}" if task in tasks_with_a_model() else None
