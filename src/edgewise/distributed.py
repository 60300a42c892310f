"""Several processes at one run, as `torchrun` starts them: who does what, and how it comes together.

    dealt     of work that takes long each process has every n-th part
    summed    what the parts come to, added up; the same in every process, to the last bit
    agreed    what is wrong in one process is wrong in all, and is told once
    first     the process that reads and writes what the others do not see

Every process runs the same program on the same prompts, and alone all of this is nothing. As many parts are
dealt to each: one that has a part too few does one of another's, whose numbers do not count, because where
weights are shared out a model runs in all processes together or not at all. No other file knows of
`torch.distributed` but the one that shares weights out.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch import distributed as torch_distributed

from edgewise import launched
from edgewise.errors import BadInput, EdgewiseError, Lost, ToldElsewhere

Item = TypeVar("Item")
Made = TypeVar("Made")
LONGEST_WAIT = timedelta(hours=2)
"""For what another process does alone."""


@dataclass(frozen=True)
class Processes:
    """Those that are at one run, and which of them this is."""

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        return self.rank == 0


ALONE = Processes()
_HERE: ContextVar[Processes] = ContextVar("processes", default=ALONE)


def here() -> Processes:
    return _HERE.get()


@contextmanager
def together() -> Iterator[Processes]:
    """What is done inside is shared by all processes that torchrun started; each must do the same inside.

    >>> with ew.together() as processes:
    ...     scores = ew.discover(model, pairs)
    ...     if processes.first:
    ...         scores.save("scores.safetensors")

    `device="cuda"` is then each process's own GPU. One process alone is one, and nothing is begun.
    """
    begun = False
    if launched.count() > 1 and not torch_distributed.is_initialized():
        on_gpus = torch.cuda.is_available()
        if on_gpus:
            torch.cuda.set_device(launched.place() % torch.cuda.device_count())
        torch_distributed.init_process_group(
            "cpu:gloo,cuda:nccl" if on_gpus else "gloo", timeout=LONGEST_WAIT
        )
        begun = True
    processes = ALONE
    if torch_distributed.is_initialized():
        processes = Processes(torch_distributed.get_rank(), torch_distributed.get_world_size())
    token = _HERE.set(processes)
    try:
        yield processes
    finally:
        _HERE.reset(token)
        if begun:
            torch_distributed.destroy_process_group()


def dealt(items: Sequence[Item]) -> list[tuple[Item, bool]]:
    """This process's, each with whether it counts; as many for every process."""
    processes = here()
    own = [(item, True) for item in items[processes.rank :: processes.count]]
    turns = -(-len(items) // processes.count)
    return own + [(items[0], False)] * (turns - len(own))


def parts(items: Sequence[Item], most: int) -> list[Sequence[Item]]:
    """Of at most so many, in order and about as many each: a number of parts that can be dealt evenly, if
    there are items enough."""
    count, processes = -(-len(items) // most), here().count
    count = min(len(items), -(-count // processes) * processes)
    bounds = [len(items) * place // count for place in range(count + 1)] if count else [0]
    return [items[start:end] for start, end in itertools.pairwise(bounds)]


def gathered(count: int, make: Callable[[list[int]], Tensor]) -> Tensor:
    """A number for each of so many things; a process makes those of the places that it is given."""
    processes = here()
    if processes.count == 1:
        return make([*range(count)])
    size = -(-count // processes.count)
    start = processes.rank * size
    total = torch.zeros(processes.count * size, dtype=torch.float64)
    # As many for every process: past the end, those of the last place, which nobody reads.
    total[start : start + size] = make([min(place, count - 1) for place in range(start, start + size)]).cpu()
    return summed(total)[:count]


def summed(tensor: Tensor) -> Tensor:
    """Over all processes."""
    if here().count == 1:
        return tensor
    total = tensor.detach().clone(memory_format=torch.contiguous_format)
    with others_may_end():
        torch_distributed.all_reduce(total)
    return total


def largest(number: int) -> int:
    """Of what each process has."""
    if here().count == 1:
        return number
    found = torch.tensor(number)
    with others_may_end():
        torch_distributed.all_reduce(found, torch_distributed.ReduceOp.MAX)
    return int(found)


def from_first(make: Callable[[], Made]) -> Made:
    """What the first process makes, in all of them; what goes wrong with it, too."""
    if here().count == 1:
        return make()
    made: list[Any] = [None, None]
    if here().first:
        try:
            made[0] = make()
        except EdgewiseError as error:
            made[1] = error
    with others_may_end():
        torch_distributed.broadcast_object_list(made, device=torch.device("cpu"))
    if made[1] is not None:
        raise made[1] if here().first else ToldElsewhere()
    return made[0]


@contextmanager
def agreed() -> Iterator[None]:
    """Problems of any process are problems of all: the first tells them, each once."""
    if here().count == 1:
        yield
        return
    found: tuple[str, ...] = ()
    try:
        yield
    except BadInput as error:
        found = error.problems
    of_all: list[Any] = [None] * here().count
    with others_may_end():
        torch_distributed.all_gather_object(of_all, found)
    if not any(of_all):
        return
    if not here().first:
        raise ToldElsewhere
    raise BadInput(*_told_once(of_all))


def _told_once(of_all: Sequence[tuple[str, ...]]) -> list[str]:
    """What not every process has is told of the first that has it."""
    told: dict[str, int] = {}
    for rank, problems in enumerate(of_all):
        for problem in problems:
            told.setdefault(problem, rank)
    return [f"process {rank}: {problem}" if rank else problem for problem, rank in told.items()]


@contextmanager
def others_may_end() -> Iterator[None]:
    """For what processes do with each other: where one has ended, the others cannot go on."""
    try:
        yield
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise Lost(f"another process of this run has ended, or cannot be reached ({reason}).") from error
