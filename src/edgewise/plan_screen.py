"""What `plan` shows on the terminal."""

from __future__ import annotations

from edgewise.planning.fits import shown_bytes
from edgewise.planning.parts import KINDS
from edgewise.planning.plan import Plan
from edgewise.reports.screen import screen
from edgewise.reports.summary import facts_table, section, table_of

MOST_TAKEN = 0.9
"""Of a memory, that a plan may tell of without a warning."""


def show_plan(done: Plan) -> None:
    out = screen()
    asked = done.asked
    out.print(section(f"{done.model}, {done.method}", facts_table(facts(done))))
    table = table_of(("", ""), ("bytes",))
    for kind, size in done.parts.items():
        table.add_row(kind, KINDS[kind], shown_bytes(size))
    table.add_row("all", "", shown_bytes(done.peak_bytes))
    where = "the processor" if not asked["gpus"] else "each GPU" if asked["gpus"] > 1 else "the GPU"
    out.print(section(f"The most that {where} holds, when {done.peak_at}", table))
    moments = table_of(("when",), ("bytes",))
    for what, parts in done.moments.items():
        moments.add_row(what, shown_bytes(sum(parts.values())))
    out.print(section("At other moments, weights among it", moments))
    out.print(section("Operations of the search", facts_table(operations(done))))
    for line in verdict(done):
        out.print(line)
    for note in done.notes:
        out.print(f"note: {note}")


def facts(done: Plan) -> dict[str, str]:
    asked = done.asked
    devices = {0: "the processor", 1: "one GPU"}.get(asked["gpus"], f"{asked['gpus']} GPUs")
    found = {
        "graph": f"{done.sources:,} sources, {done.readers:,} readers, {done.edges:,} edges",
        "model": f"{done.parameters:,} parameters, {asked['dtype']}"
        + (", sharded" if asked["shard_weights"] else ""),
        "prompts": f"{asked['examples']:,} pairs of {asked['tokens']:,} tokens, "
        f"{asked['batch_size']:,} at once",
        "on": devices,
    }
    if done.at_once is not None:
        what = "mask" if done.unit == "step" else "trial"
        found["at once"] = f"{done.at_once:,} {what}{'s' * (done.at_once > 1)}"
    return found


def operations(done: Plan) -> dict[str, str]:
    many = f"{done.rounds:,} {done.unit}{'' if done.rounds == 1 else 'es' if done.unit == 'batch' else 's'}"
    several = done.asked["gpus"] if done.asked["gpus"] > 1 else 0
    return {
        f"a {done.unit}": f"{done.operations_of_one:.3g}{' on a GPU' if several else ''}",
        "all": f"{done.operations:.3g}{f' on all {several} GPUs' if several else ''}, "
        f"of {many}{' on each' if several else ''}",
    }


def verdict(done: Plan) -> list[str]:
    """Whether it fits, and what else would."""
    if done.memory is None:
        return ["Give --memory to be told whether it fits."]
    room, taken = shown_bytes(done.memory), done.peak_bytes / done.memory
    if done.fits:
        most = f"the largest batch that does is {done.largest_batch:,}"
        return [
            f"It fits into {room}; {most}{' (all examples)' if done.largest_batch == share(done) else ''}.",
            *([f"It takes {taken:.0%} of that: leave a tenth free."] if taken > MOST_TAKEN else []),
        ]
    if done.instead:
        return [f"It does not fit into {room}. It would with:", *(f"  {each}" for each in done.instead)]
    return [f"It does not fit into {room}, nor would it with what can be changed here."]


def share(done: Plan) -> int:
    return -(-done.asked["examples"] // max(1, done.asked["gpus"]))
