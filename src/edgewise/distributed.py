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
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
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
    group: Any = field(default=None, repr=False, compare=False)
    """Through which processors reach each other; None: the one that was begun here."""

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

    `device="cuda"` is then each process's own GPU, unless `torch.distributed` was begun before. One process
    alone is one, and nothing is begun.
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
        # One that is the caller's may know GPUs alone.
        group = None if begun else torch_distributed.new_group(backend="gloo", timeout=LONGEST_WAIT)
        processes = Processes(torch_distributed.get_rank(), torch_distributed.get_world_size(), group)
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
    return own + [(item, False) for item in items[:1]] * (turns - len(own))


def cut(groups: Sequence[Sequence[Item]], most: int) -> list[Sequence[Item]]:
    """Each group into parts of at most so many, in order and about as many each: as few parts as can be dealt
    evenly, the largest being cut first."""
    counts = [-(-len(group) // most) for group in groups]
    while sum(counts) % here().count:
        place = max(range(len(groups)), key=lambda each: len(groups[each]) / max(counts[each], 1))
        if counts[place] >= len(groups[place]):
            break
        counts[place] += 1
    found = []
    for group, count in zip(groups, counts, strict=True):
        bounds = [len(group) * place // count for place in range(count)] + [len(group)]
        found += [group[start:end] for start, end in itertools.pairwise(bounds)]
    return found


def worked_out(count: int, make: Callable[[list[int]], Tensor]) -> Tensor:
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
    """Over all processes. It goes from processor to processor: what comes to grief between GPUs, nobody is
    told of."""
    if here().count == 1:
        return tensor
    total = tensor.detach().to("cpu", copy=True).contiguous()
    with others_may_end():
        torch_distributed.all_reduce(total, group=here().group)
    return total.to(tensor.device)


def largest(number: int) -> int:
    """Of what each process has."""
    if here().count == 1:
        return number
    found = torch.tensor(number)
    with others_may_end():
        torch_distributed.all_reduce(found, torch_distributed.ReduceOp.MAX, group=here().group)
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
        torch_distributed.broadcast_object_list(made, group=here().group, device=torch.device("cpu"))
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
        torch_distributed.all_gather_object(of_all, found, group=here().group)
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
        raise lost(error) from error


def is_of_others(error: RuntimeError) -> bool:
    """Whether it comes from between processes, wherever it was met."""
    return isinstance(error, torch_distributed.DistError) or "gloo/transport" in str(error)


def lost(error: RuntimeError) -> Lost:
    # Where in the library it was met, in square brackets, tells nobody anything.
    reason = re.sub(r"\[\S*:\d+\] ", "", " ".join(str(error).split()))[:100] or type(error).__name__
    return Lost(f"another process of this run has ended, or cannot be reached ({reason}).")
