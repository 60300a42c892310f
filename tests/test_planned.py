"""Plans are held to what is measured: within 15 % in memory, beyond the weights, and 5 % in operations.

Memory is the allocator's record of tensors, which is exact and the same on every machine; what the process
itself takes has libraries in it, and what the C library keeps. `python -m benchmarks.planned` measures both,
of many more cases.
"""

import pytest
from benchmarks.planned import measured
from benchmarks.planned_cases import A_MASK_AT_A_TIME, Case

from edgewise.methods import METHODS
from edgewise.planning.methods import FORMULAS

ONE = {"draws": 1}
CASES = (
    Case("gpt2", "plain", "float32", 8, 48),
    Case("llama", "plain", "bfloat16", 4, 48),
    Case("gpt2", "eap", "float32", 1, 384),
    Case("llama", "eap", "bfloat16", 8, 16),
    Case("neox", "eap", "float32", 8, 24),
    Case("llama", "eap-ig-inputs", "float32", 4, 24, options={"steps": 2}),
    Case("gpt2", "relp", "float32", 8, 24),
    Case("gpt2", "activation-patching", "float32", 4, 128, few=4),
    Case("gpt2", "acdc", "float32", 8, 16, 2, {"tau": (1e-9,)}, few=1, budget=A_MASK_AT_A_TIME),
    Case("gpt2", "step", "float32", 4, 32, options={**ONE, "thrifty": False}),
    Case("llama", "step", "float32", 4, 32, options={**ONE, "thrifty": False}),
    Case("llama", "step", "bfloat16", 4, 32, options={**ONE, "thrifty": True}),
)
NOT_COUNTED = ("activation-patching", "acdc")
"""Of some edges, whose operations are not those of the average."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_peak_is_within_15_percent_of_the_measured_one_and_operations_within_5(case):
    found = measured(case, counted=case.method not in NOT_COUNTED)
    assert found.memory_ratio == pytest.approx(1, abs=0.15)
    assert found.operations_ratio == pytest.approx(1, abs=0.05)


def test_every_method_is_answered():
    assert set(FORMULAS) == set(METHODS)
