"""What several processes work out together, and one alone: a program, so that a test can start it so often.

python shared_work.py FOLDER FILE     under RANK and the like; the first process writes what was found
"""

import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from unittest.mock import patch

import safetensors.torch
import torch
from torch.distributed.tensor import DTensor

import edgewise as ew
from edgewise.distributed import from_first
from edgewise.masks import optimal
from edgewise.methods import METHODS, information_flow, star
from edgewise.methods.learned import LEARNED
from edgewise.methods.options import own_options
from edgewise.models.fingerprint import weights_fingerprint
from edgewise.models.layer import Attention
from edgewise.models.transformer import Transformer
from edgewise.patching import attribution, budget
from edgewise.tasks import sums
from node_cases import tiny_pairs
from tiny_models import tiny_model

LENGTHS = (7, 7, 5, 7, 7, 5, 7)
"""Of prompts: as many of a kind as no number of processes divides."""
STEPS, FEWER = 20, 4
BRIEFLY = {"hold": None, "tries": 1, "draws": 3}
AT_ONCE = 3
HELD = "held"
SMALL = [
    *((attribution, name, 2**12) for name in ("SMALLEST_CHUNK", "LARGEST_CHUNK")),
    *((information_flow, "LARGEST_CHUNK", 2**12), (star, "TOKENS", 16), (budget, "BYTES", 2**18)),
]
"""So small that a process with more tokens than another would run the model more often."""


def found(folder: Path) -> dict[str, torch.Tensor]:
    """Everything by its name. The folder holds models whose weights are shared out."""
    with patch.object(optimal, "STEPS", FEWER):
        everything = found_of(tiny_model("plain"), tiny_pairs(LENGTHS))
    with ExitStack() as stack:
        for of, name, value in SMALL:
            stack.enter_context(patch.object(of, name, value))
        for place in sorted(folder.iterdir()):
            everything |= found_with_shared_weights(place)
    return everything


def found_of(model: Transformer, pairs: ew.Pairs) -> dict[str, torch.Tensor]:
    scores: dict[str, ew.Scores] = {}
    for method in METHODS:
        options = options_of(method)
        scores[method] = ew.discover(model, pairs, method, batch_size=AT_ONCE, **options)
    # One example a step: then processes share masks.
    options = {**options_of("edge-pruning"), "examples": 1, "draws": 5, "trim": None}
    scores["edge-pruning by masks"] = ew.discover(model, pairs, "edge-pruning", batch_size=AT_ONCE, **options)
    for ablation in ("mean", "optimal"):
        options = {"ablation": ablation, "batch_size": AT_ONCE}
        scores[f"eap, {ablation}"] = ew.discover(model, pairs, "eap", **options)
        scores[f"ugs, {ablation}"] = ew.discover(model, pairs, "ugs", **options, **options_of("ugs"))
    all_found = {name: each.values for name, each in scores.items()}
    all_found |= {f"{name} chose": torch.tensor(each.chosen or 0) for name, each in scores.items()}
    for grain in ("neurons", "weights"):
        units = ew.learn_units(model, pairs, grain, ablation="mean", steps=3, batch_size=AT_ONCE)
        all_found |= {f"{grain} {name}": numbers for name, numbers in units.numbers.items()}
    judged = ew.evaluate(model, pairs, scores["eap"].top(40), batch_size=AT_ONCE)
    told = [judged.faithfulness, judged.kl, judged.accuracy]
    return {**all_found, "evaluation": torch.tensor(told, dtype=torch.float64)}


def found_with_shared_weights(place: Path) -> dict[str, torch.Tensor]:
    """Of a model; alone a process has all weights, as if nothing had been said."""
    whole, model = ew.load(place), ew.load(place, shard_weights=True, quiet=True)
    pairs, all_found = tiny_pairs(LENGTHS), {}
    assert weights_fingerprint(model) == weights_fingerprint(whole)
    for layer in (*model.layers, *whole.layers):
        assert layer(is_used_as_it_lies, layer.attention)
    methods = {"eap": {}, "edge-pruning": {**BRIEFLY, "steps": FEWER, "trim": None}}
    if place.name == "gpt2":
        methods |= {"eap, fixed": {"qk_fix": True}, "information-flow-routes": {}}
        methods |= {"acdc": {}, "activation-patching": {}}
    for name, options in methods.items():
        scores = ew.discover(model, pairs, name.split(",")[0], batch_size=AT_ONCE, **options)
        all_found[f"{place.name} {name}"] = scores.values
    curve = ew.curve(model, pairs, scores, batch_size=AT_ONCE)
    faithfulness = [each.faithfulness for each in curve.evaluations]
    all_found[f"{place.name} faithfulness"] = torch.tensor(faithfulness, dtype=torch.float64)
    held = torch.tensor([bytes_held(each) for each in (model, whole)])
    return {**all_found, f"{HELD} {place.name}": held}


def is_used_as_it_lies(attention: Attention) -> bool:
    """Whether a run makes no copy of the output matrix."""
    weight = attention.output_weight
    return weight.transpose(0, 1).flatten(1).data_ptr() == weight.data_ptr()


def bytes_held(model: Transformer) -> int:
    """Of its weights, in this process; what is one tensor counts once."""
    mine = [each.to_local() if isinstance(each, DTensor) else each for each in model.parameters()]
    return sum({each.data_ptr(): each.numel() * each.element_size() for each in mine}.values())


def options_of(method: str) -> dict:
    own = own_options(METHODS[method].discover)
    if method == "edge-pruning":
        return {**BRIEFLY, "steps": STEPS}
    if method in LEARNED:
        return {**BRIEFLY, "steps": FEWER, "trim": None}
    return {"steps": 2} if "steps" in own else {}


def is_the_firsts(tensors: dict[str, torch.Tensor]) -> bool:
    """Whether this process found the very same."""
    of_first = from_first(lambda: tensors)
    same = (torch.equal(of_first[name], mine) for name, mine in tensors.items() if HELD not in name)
    return all(same)


def broken_off(folder: Path) -> None:
    """EAP, after each process has gone through one example."""
    with ExitStack() as stack:
        stack.enter_context(patch.object(sums, "SECONDS_BETWEEN_SAVES", -1))
        stack.enter_context(patch.object(sums, "require_finite", side_effect=[None, KeyboardInterrupt]))
        stack.enter_context(suppress(KeyboardInterrupt))
        ew.discover(tiny_model("plain"), tiny_pairs(LENGTHS), "eap", batch_size=1, checkpoint=folder)


if __name__ == "__main__":
    with ew.together() as processes:
        everything = found(Path(sys.argv[1]))
        assert is_the_firsts(everything)
        if processes.first:
            safetensors.torch.save_file({k: v.contiguous() for k, v in everything.items()}, sys.argv[2])
        broken_off(Path(sys.argv[2]).parent)
