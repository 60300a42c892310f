"""Compiled programs: equal to Tracr's own on every prompt, their circuits worked out by trying."""

import dataclasses
import importlib
import itertools

import pytest
import torch

import edgewise as ew
from edgewise import zoo
from edgewise.circuit import Circuit
from edgewise.errors import BadInput, BrokenFile
from edgewise.graph import Graph
from edgewise.models.assemble import assemble
from edgewise.patching.forward import patched_logits
from edgewise.patching.replacements import replacer
from edgewise.tasks import programs as tasks
from edgewise.zoo.bundle import Bundle
from edgewise.zoo.compiled import compile_program
from edgewise.zoo.exhaustive import all_prompts, known_circuit
from edgewise.zoo.reading import edges_that_carry
from programs import PROGRAMS, proportion_of_x, reverse

NAMES = sorted(PROGRAMS)
EVERY_PROGRAM = pytest.mark.parametrize("name", NAMES)


def test_the_zoo_has_the_programs():
    assert set(NAMES) == set(tasks.PROGRAMS) < set(zoo.names())
    with pytest.raises(BadInput, match=r"Did you mean 'tracr-reverse'\?"):
        zoo.open_bundle("tracr-revers")


@EVERY_PROGRAM
def test_a_compiled_model_answers_every_prompt_as_tracr_does(name):
    program, vocabulary, longest = PROGRAMS[name]
    compiling = importlib.import_module("tracr.compiler.compiling")
    theirs = compiling.compile_rasp_to_model(
        program(), vocab=set(vocabulary), max_seq_len=longest, compiler_bos="BOS"
    )
    jax = importlib.import_module("jax")
    run = jax.jit(lambda tokens: theirs.forward(theirs.params, tokens).unembedded_output)
    compiled = zoo.open_bundle(name).compiled
    tried = 0
    for tokens in all_prompts(compiled).values():
        with torch.no_grad():
            ours = compiled.model(tokens)
        expected = torch.from_numpy(jax.device_get(run(tokens.numpy())).copy())
        if compiled.values is None:
            torch.testing.assert_close(ours[:, 1:, 0], expected[:, 1:], rtol=0, atol=1e-6)
        else:
            assert (ours.argmax(-1)[:, 1:] == expected[:, 1:]).all()
        tried += len(tokens)
    assert tried == sum(len(vocabulary) ** length for length in range(1, longest + 1))


@EVERY_PROGRAM
def test_a_compiled_model_does_what_its_program_says(name):
    compiled = zoo.open_bundle(name).compiled
    for words in itertools.product(compiled.vocabulary, repeat=4):
        answers = compiled.decode(compiled.model(torch.tensor([compiled.encode(words)]))[0])[1:]
        if name == "tracr-reverse":
            assert answers == list(words[::-1])
        else:
            assert answers == pytest.approx([words[: n + 1].count("x") / (n + 1) for n in range(4)], abs=1e-6)


@EVERY_PROGRAM
def test_the_known_circuit_for_zero_is_found_again_from_the_weights(name):
    bundle = zoo.open_bundle(name)
    assert known_circuit(bundle.compiled, "zero") == bundle.known["zero"]


@EVERY_PROGRAM
def test_the_known_circuit_for_corrupted_is_found_again_on_shorter_prompts(name):
    program, vocabulary, _ = PROGRAMS[name]
    shorter = compile_program(program(), vocabulary, 3, name)
    assert list(known_circuit(shorter, "corrupted").circuit) == list(
        zoo.open_bundle(name).known["corrupted"].circuit
    )


def test_the_known_circuits_are_the_published_ones():
    published = {
        "zero": "tok->a0.h0<v> tok->m0 a0.h0->m0 tok->m1 pos->m1 m0->m1 m1->m2 m2->a3.h0<q> pos->a3.h0<k> "
        "tok->a3.h0<v> a3.h0->logits",
        "corrupted": "tok->a3.h0<v> a3.h0->logits",
    }
    bundle = zoo.open_bundle("tracr-reverse")
    for ablation, edges in published.items():
        assert bundle.known[ablation].circuit == Circuit.of(bundle.known["zero"].circuit.graph, edges.split())
    known = zoo.open_bundle("tracr-xproportion").known
    assert set(known["corrupted"].circuit) == {"tok->m0", "m0->a1.h0<v>", "a1.h0->logits"}
    # ACDC's list has tok->a1.h0<q> and tok->a1.h0<k>, too: removing either changes no answer.
    assert set(known["zero"].circuit) == {
        *known["corrupted"].circuit,
        "pos->a1.h0<q>",
        "pos->a1.h0<k>",
    }


@EVERY_PROGRAM
@pytest.mark.parametrize("ablation", ["zero", "corrupted"])
def test_what_carries_nothing_does_nothing_and_the_known_circuit_carries_something(name, ablation):
    bundle = zoo.open_bundle(name)
    compiled, graph = bundle.compiled, Graph.of(bundle.model.config)
    carries = edges_that_carry(compiled.model, all_prompts(compiled), ablation)
    assert bundle.known[ablation].circuit <= Circuit(graph, carries)
    tokens = all_prompts(compiled)[4]
    replacing = replacer(ablation, compiled.model, list)
    for shift in (1, 7, 30):
        replacements = replacing.replacements(tokens.roll(shift, 0))
        logits = patched_logits(compiled.model, tokens, carries.float(), replacements)
        torch.testing.assert_close(logits, compiled.model(tokens), rtol=0, atol=1e-5)


@EVERY_PROGRAM
@pytest.mark.parametrize("ablation", ["zero", "corrupted"])
def test_the_known_circuit_alone_gives_every_answer(name, ablation):
    bundle = zoo.open_bundle(name)
    compiled, circuit = bundle.compiled, bundle.known[ablation].circuit
    tokens = all_prompts(compiled)[5]
    replacing = replacer(ablation, compiled.model, list)
    full = compiled.model(tokens)[:, 1:]
    for shift in (1, 50, 100):
        logits = patched_logits(
            compiled.model, tokens, circuit.mask(), replacing.replacements(tokens.roll(shift, 0))
        )[:, 1:]
        if compiled.values is None:
            torch.testing.assert_close(logits, full, rtol=0, atol=1e-3)
        else:
            assert (logits.argmax(-1) == full.argmax(-1)).all()


def test_edges_that_back_each_other_up_are_neither_in_nor_out():
    rasp = importlib.import_module("tracr.rasp.rasp")
    compiled = compile_program(rasp.Map(lambda word: word, rasp.tokens).named("same"), "ab", 2, "same")
    alone, doubled = (known_circuit(each, "zero") for each in (compiled, _with_its_layer_twice(compiled)))
    assert len(alone.backups) == 0
    assert {edge for edge in doubled.backups if "m0" in edge or "m1" in edge}
    assert not set(doubled.backups) & set(doubled.circuit)


def _with_its_layer_twice(compiled):
    """A second layer that is a copy of the first, so that two MLPs do the same."""
    model = compiled.model
    weights = dict(model.state_dict())
    copies = {name.replace("layers.0", "layers.1"): tensor.clone() for name, tensor in weights.items()}
    config = dataclasses.replace(model.config, layers=2, rotaries=(None, None), windows=(0, 0))
    return dataclasses.replace(compiled, model=assemble(config, {**copies, **weights}, "twice"))


def test_a_bundle_comes_back_as_it_was_saved_and_its_folder_is_a_model(tmp_path):
    bundle = zoo.from_rasp(reverse(), vocab=(1, 2), max_len=2, name="mine", progress=True)
    bundle.save(tmp_path / "mine")
    again = Bundle.load(tmp_path / "mine")
    assert again.known == bundle.known
    assert (again.compiled.words, again.compiled.values, again.compiled.longest) == (
        bundle.compiled.words,
        bundle.compiled.values,
        2,
    )
    tokens = torch.tensor([bundle.compiled.encode((1, 2))])
    torch.testing.assert_close(ew.load(tmp_path / "mine")(tokens), bundle.model(tokens))


def test_a_broken_bundle_is_told(tmp_path):
    zoo.from_rasp(proportion_of_x(), vocab=("x", "y"), max_len=1).save(tmp_path)
    known = tmp_path / "known_circuits.json"
    known.write_text('{"format": "edgewise known circuits", "version": 1, "circuits": {"zero": {}}}')
    with pytest.raises(BrokenFile, match="'edges', 'backups'"):
        Bundle.load(tmp_path)
    known.write_text('{"format": "edgewise known circuits", "version": 2}')
    with pytest.raises(BrokenFile, match="version 2"):
        Bundle.load(tmp_path)
    known.write_text('{"format": "edgewise known circuits", "version": 1, "circuits": {}}')
    task = tmp_path / "task.json"
    task.write_text('{"format": "edgewise task", "version": 1, "task": "program", "program": {}}')
    with pytest.raises(BrokenFile, match="words, values and longest"):
        Bundle.load(tmp_path)
    task.unlink()
    with pytest.raises(BrokenFile, match=r"task\.json"):
        Bundle.load(tmp_path)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"vocab": (), "max_len": 0, "name": ""}, "vocab: two words or more"),
        ({"vocab": ("a", "a")}, "vocab: two words or more"),
        ({"vocab": ("a", "BOS")}, "not 'BOS'"),
        ({"vocab": range(8), "max_len": 9}, "Give fewer words, or shorter prompts"),
        ({"program": "reverse"}, "Tracr could not compile this program"),
        ({"name": "../x"}, "name: a word without / was needed"),
    ],
)
def test_what_is_no_program_is_refused(given, problem):
    asked = {"program": reverse(), "vocab": (1, 2), "max_len": 2, **given}
    with pytest.raises(BadInput) as error:
        zoo.from_rasp(asked.pop("program"), **asked)
    assert problem in str(error.value)
    assert len(error.value.problems) == (3 if given.get("max_len") == 0 else 1)


def test_words_that_a_program_does_not_know_are_refused():
    compiled = zoo.open_bundle("tracr-reverse").compiled
    with pytest.raises(BadInput, match=r"words of the program were needed: 1, 2, 3\. Got 'kiwi'"):
        compiled.encode(["kiwi"])
    with pytest.raises(BadInput, match=r"at most 5 words were needed\. Got 6"):
        compiled.encode([1] * 6)
