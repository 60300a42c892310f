"""What learned masks find where the circuit is known, by the study's own measure; killed runs; tables."""

import sys

import pytest
from reproductions import killed, kl_at_sparsity, learned_masks


@pytest.mark.parametrize(
    "program", [pytest.param("tracr-reverse", marks=pytest.mark.long), "tracr-xproportion"]
)
def test_edge_pruning_recovers_a_compiled_program_to_the_edge(program):
    found = learned_masks.measure(program, "edge-pruning", seed=1)
    assert found["wrong"] == 0
    assert found["edge_auc"] == found["precision_at_known_size"] == 1.0


@pytest.mark.long
@pytest.mark.parametrize("method", ["ugs", "interpolation-descent"])
def test_every_learned_mask_finds_a_trained_circuit(method):
    found = learned_masks.measure("induction", method, seed=0, examples=32, steps=300)
    assert found["edge_auc"] >= 0.9
    assert found["precision_at_known_size"] == 1.0
    assert found["faithful"] >= 0.95


def test_the_adversary_finds_all_of_the_head_that_works_against_the_answer():
    found = learned_masks.measure("ioi-negative", "interpolation-descent", seed=0, examples=32, steps=300)
    assert found["against"] == found["against found"] == 3
    assert found["against wrongly"] == 0
    assert found["edge_auc"] >= 0.9


@pytest.mark.long
def test_a_run_that_is_killed_comes_to_the_same_mask(tmp_path):
    told = killed.compare(tmp_path, "ugs", "induction", steps=40, times=1)
    assert told.startswith("ugs on induction: killed 1 times, after [")


def test_the_study_of_kl_says_where_the_order_does_not_hold(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["x", "--models", "induction", "--taus", "0.1", "--seeds", "1"])
    monkeypatch.setattr(kl_at_sparsity, "rows", lambda name, *_: [name])
    kl_at_sparsity.main()
    assert capsys.readouterr().out.splitlines()[-1] == "induction"
    assert (
        kl_at_sparsity.row("m", 3, 0.5, [0.1, 0.3], 0.2, 0.4)
        == "| m | 3 | 50.0% | 0.2 (0.3) | 0.2 | 0.4 |  |"
    )
    assert kl_at_sparsity.row("m", 3, 0.5, [0.5], 0.2, 0.1).endswith("Edge Pruning > ACDC; ACDC > EAP |")
