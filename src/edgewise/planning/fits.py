"""Whether a run fits into a device's memory, the largest batch that does, and what would when it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from edgewise.methods import METHODS
from edgewise.planning.estimate import Asked, estimate

MOST_GPUS = 64
LARGEST_BATCH = 65_536
"""That is looked for."""
KEPT_ALL = ("acdc", "eap-then-acdc")
"""Methods that keep something of all examples, whatever the batch."""
UNITS = {
    "": 1,
    "b": 1,
    "k": 1e3,
    "m": 1e6,
    "g": 1e9,
    "t": 1e12,
    "ki": 2**10,
    "mi": 2**20,
    "gi": 2**30,
    "ti": 2**40,
}


def read_memory(given: str | float | int) -> int:
    """Bytes, of text like 80GB or 24GiB; ValueError where it is none.

    >>> read_memory("80GB"), read_memory("1.5 GiB"), read_memory(1000)
    (80000000000, 1610612736, 1000)
    """
    text = str(given).strip().lower().replace(" ", "")
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = text[len(digits) :]
    # Without their b: GB and G are the same.
    unit = unit[:-1] if len(unit) > 1 else unit
    try:
        size = round(float(digits) * UNITS[unit])
    except (ValueError, KeyError, OverflowError):
        size = 0
    if size <= 0:
        raise ValueError(f"no size of memory: {given!r}")
    return size


def shown_bytes(size: float | int) -> str:
    """As it is read.

    >>> shown_bytes(512), shown_bytes(2_345_678), shown_bytes(80e9)
    ('512 B', '2.35 MB', '80 GB')
    """
    for unit, one in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= one:
            number = size / one
            return f"{number:.0f} {unit}" if number >= 99.95 else f"{number:.3g} {unit}"
    return f"{size:.0f} B"


def fits(asked: Asked, memory: int) -> bool:
    return estimate(asked).bytes <= memory


def largest_batch(asked: Asked, memory: int) -> int:
    """0 where not even one example fits. No batch is larger than a device's share of the examples."""
    most = min(asked.share, LARGEST_BATCH)
    return most_that(1, most, lambda size: fits(replace(asked, batch_size=size), memory))


def most_that(least: int, most: int, does: Callable[[int], bool]) -> int:
    """The largest number between these that does, of which all smaller ones do; 0: none."""
    low, high = least - 1, most + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if does(middle) else (low, middle)
    return low


def changes(asked: Asked, memory: int) -> Iterator[tuple[str, Asked]]:
    """What could be changed, each as it is typed; the largest batch and the fewest GPUs that do."""
    if asked.options.get("thrifty") is False:
        yield "--set thrifty=true", replace(asked, options={**asked.options, "thrifty": True})
    if asked.dtype in ("float32", "float64"):
        yield "--dtype bfloat16", replace(asked, dtype="bfloat16")
    if asked.batch_size > 1:
        batch = largest_batch(asked, memory) or 1
        yield f"--batch-size {batch}", replace(asked, batch_size=batch)
    if asked.method in KEPT_ALL and asked.share > 1:
        few = most_that(1, asked.examples, lambda count: fits(replace(asked, examples=count), memory)) or 1
        yield f"--examples {few}", replace(asked, examples=few)
    if asked.gpus and not METHODS[asked.method].whole_weights:
        yield from more_gpus(asked, memory)


def more_gpus(asked: Asked, memory: int) -> Iterator[tuple[str, Asked]]:
    """The fewest, with a batch as large as they hold; and the fewest with the batch that was asked for."""
    counts = [2**power for power in range(MOST_GPUS.bit_length()) if 2**power > max(asked.gpus, 1)]
    spread = [replace(asked, gpus=count, shard_weights=True) for count in counts]
    if asked.gpus > 1 and not asked.shard_weights:
        spread = [replace(asked, shard_weights=True), *spread]
    whole = next((each for each in spread if fits(each, memory)), None)
    fewest = next((each for each in spread if largest_batch(each, memory)), None)
    if fewest is not None and (whole is None or fewest.gpus < whole.gpus):
        batch = largest_batch(fewest, memory)
        typed = f"--gpus {fewest.gpus} --shard-weights --batch-size {batch}"
        yield typed, replace(fewest, batch_size=batch)
    if spread:
        whole = whole or spread[-1]
        yield f"--gpus {whole.gpus} --shard-weights", whole


def instead(asked: Asked, memory: int) -> list[str]:
    """Each change that is enough alone; where none is, as many one after the other as are."""
    alone = [typed for typed, changed in changes(asked, memory) if fits(changed, memory)]
    if alone:
        return alone
    given, together = asked, {}
    for kind in ("--set", "--dtype", "--batch-size", "--examples", "--gpus"):
        for typed, changed in changes(asked, memory):
            if typed.startswith(kind):
                asked, together[kind] = changed, typed
                break
        if together and fits(asked, memory):
            return [" ".join(raised(given, asked, memory, together).values())]
    return []


def raised(given: Asked, asked: Asked, memory: int, together: dict[str, str]) -> dict[str, str]:
    """With as many examples, and as large a batch, as fit once all is changed."""
    if "--examples" in together:
        few = most_that(1, given.examples, lambda count: fits(replace(asked, examples=count), memory))
        asked, together["--examples"] = replace(asked, examples=few), f"--examples {few}"
    if "--batch-size" in together:
        together["--batch-size"] = f"--batch-size {min(given.batch_size, largest_batch(asked, memory))}"
    return together
