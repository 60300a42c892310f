"""What methods find where the circuit is known; the study that docs/choosing.md tells of."""

import json
import sys

import pytest
from reproductions import zoo_methods

from edgewise import zoo


@pytest.mark.parametrize("name", zoo.names())
def test_integrated_gradients_find_the_circuit_of_every_model(name):
    found = zoo_methods.measure(name, "eap-ig-inputs", "corrupted")
    assert found["edge_auc"] >= 0.95
    assert found["precision_at_known_size"] >= 0.95


@pytest.mark.parametrize("name", ["ioi-saturated", "ioi-either", "greater-than"])
def test_acdc_finds_the_circuit_where_first_order_estimates_miss(name):
    found = zoo_methods.measure(name, "acdc", "corrupted", examples=16)
    assert found["edge_auc"] >= 0.95


def test_the_study_prints_a_table_and_passes_over_what_a_method_cannot_do(tmp_path, monkeypatch, capsys):
    out = tmp_path / "found.json"
    given = ["--methods", "eap", "direct-effect", "--models", "induction", "tracr-xproportion"]
    monkeypatch.setattr(sys, "argv", ["zoo_methods.py", *given, "--examples", "8", "--out", str(out)])
    zoo_methods.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| method | induction | tracr-xproportion |"
    assert lines[3].endswith("| - |")
    assert json.loads(out.read_text())["tracr-xproportion"]["direct-effect"] == {}
