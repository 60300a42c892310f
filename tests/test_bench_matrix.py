"""From a TOML file and flags to the cells of a matrix; what is wrong with them is told at once."""

from bench_cases import cells, matrix
from cli_cases import edgewise, problems
from tiny_runs import entries, save_tiny_model, write_prompts


def test_cells_are_all_models_methods_and_seeds_each_in_the_words_of_discover(tmp_path):
    found = cells(matrix=str(matrix(tmp_path)))
    assert len(found) == len({cell.name for cell in found}) == 8
    first, last = (cell.request(tmp_path) for cell in (found[0], found[-1]))
    assert (first.model, first.task, first.method) == ("zoo:induction", "induction", "eap")
    assert (first.seed, first.examples, first.sparsity, dict(first.options)) == (3, 8, 0.9, {})
    assert (last.model, last.method, last.seed, last.sparsity) == ("zoo:ioi", "edge-pruning", 4, 0.8)
    assert dict(last.options) == {"seed": 4, "steps": 3, "tries": 1}


def test_flags_say_the_same_and_go_before_the_file(tmp_path):
    given = {
        "model": ("zoo:induction", "zoo:ioi"),
        "seed": (3, 4),
        "method": ("eap", "acdc"),
        "examples": 8,
        "options": {"acdc.tau": "0.1"},
    }
    named = 'model = ["zoo:induction", "zoo:ioi"]\nseed = [3, 4]\nexamples = 8\n'
    table = 'method = ["eap", {method = "acdc", options = {tau = "0.1"}}]\n'
    path = str(matrix(tmp_path, named + table))
    assert cells(matrix=path) == cells(**given)
    [other] = cells(matrix=path, model=("zoo:docstring",), method=("eap",), seed=(9,))
    assert (other.model, other.seed, other.asked["examples"]) == ("zoo:docstring", 9, 8)
    assert len({cell.name for cell in [*cells(**given), *cells(**{**given, "examples": 9})]}) == 16


def test_a_cell_is_another_when_what_lies_at_its_paths_is(tmp_path, monkeypatch):
    for name, layers in (("a", 2), ("b", 3)):
        (tmp_path / name).mkdir()
        save_tiny_model(tmp_path / name / "model", layers=layers)
        write_prompts(tmp_path / name / "p.jsonl", entries(4, seed=layers))
    names = []
    for name in ("a", "b"):
        monkeypatch.chdir(tmp_path / name)
        names += [cell.name for cell in cells(model=("model",), prompts=("p.jsonl",), method=("eap",))]
        write_prompts(tmp_path / name / "p.jsonl", entries(5))
        names += [cell.name for cell in cells(model=("model",), prompts=("p.jsonl",), method=("eap",))]
    assert len(set(names)) == 4


def test_everything_that_is_wrong_is_told_at_once(tmp_path):
    text = 'models = ["zoo:ioi"]\nexamples = "many"\nedges = [3]\nsparsity = 2\n'
    text += 'method = ["eep", {name = 3, method = "eap"}, {name = "x"}, '
    text += '{method = "eap", options = {layers = 1}}]\n'
    path = matrix(tmp_path, text)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").touch()
    found = problems(edgewise("bench", path, "--jobs", 0, "--out", tmp_path / "full"))
    assert [problem.split(".")[0] for problem in found] == [
        f"unknown key of {tmp_path / 'matrix'}",
        f"{tmp_path / 'matrix'}",
        f"{tmp_path / 'matrix'}",
        "unknown method 'eep'",
        "name must be text",
        "a table of a method needs the key 'method'",
        "unknown option of eap 'layers'",
        "a matrix needs a model or more",
        "sparsity must be from 0 (every edge stays) to 1 (none does)",
        "jobs must be 1 or more",
        f"{tmp_path / 'full'} holds other files, and a matrix needs a folder of its own",
    ]
    given = [
        "--model",
        "zoo:ioj",
        "--method",
        "eep",
        "--method",
        "eap",
        "--seed",
        1,
        "--seed",
        1,
        "--seed",
        -1,
    ]
    given += ["--set", "acdc.tau=1", "--sparsity", 0.9, "--edges", 3]
    told = problems(edgewise("bench", *given, "--out", tmp_path / "no"))
    assert [problem.split(".")[0] for problem in told] == [
        "unknown method 'eep'",
        "--set needs METHOD",
        "seed 1 stands there more than once",
        "seeds must be 0 or more",
        "one of edges, threshold and sparsity chooses the circuit",
        "unknown zoo model 'ioj'",
    ]
    assert problems(edgewise("bench", "--out", tmp_path / "no"))[0].startswith(
        "a matrix needs a model or more."
    )
    assert not (tmp_path / "no").exists()
    assert (
        "not TOML" in problems(edgewise("bench", matrix(tmp_path, "model = ["), "--out", tmp_path / "no"))[0]
    )
    own = save_tiny_model(tmp_path / "own")
    [needed] = problems(edgewise("bench", "--model", own, "--method", "eap", "--out", tmp_path / "no"))
    assert needed == f"{own} comes with no task. Give --task or --prompts."
