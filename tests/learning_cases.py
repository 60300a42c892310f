"""What the tests of learned masks share: a run of each method in few steps, and what it tells on its way."""

import json
from pathlib import Path

from tiny_runs import entries, request, write_prompts

STEPS = 4
STAGES = {
    "edge-pruning": ["the mask"],
    "interpolation-descent": ["layers", "the mask", "the adversary"],
    "subnetwork-probing": ["the mask"],
    "ugs": ["the mask"],
}
OPTIONS = {
    "edge-pruning": {},
    "interpolation-descent": {"layers_first": True, "drop_in": 0.2, "resets": 0.5, "reset_every": 2},
    "subnetwork-probing": {"grain": "edges", "schedule": "cosine"},
    "ugs": {"first": "activation-patching", "share": 0.5, "optimiser": "sgd"},
}


def asked(home, name, method="ugs", **changes):
    """A request on prompts whose answers everybody misses with everything replaced."""
    lines = [{**entry, "correct": entry["wrong"][0], "wrong": [entry["correct"]]} for entry in entries()]
    given = {"steps": STEPS, "hold": None, **OPTIONS.get(method, {}), **changes.pop("options", {})}
    given = {} if method not in STAGES else given
    prompts = write_prompts(home / "harmed.jsonl", lines)
    out = str(home / name)
    return request(
        home,
        out=out,
        prompts=prompts,
        method=method,
        options=given,
        **{"edges": None, "prune": False, **changes},
    )


def lines_of(training):
    """What each line tells, but for the time it took."""
    told = [json.loads(line) for line in training.splitlines()]
    return [{name: value for name, value in each.items() if name != "seconds a step"} for each in told]


def contents_of(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
