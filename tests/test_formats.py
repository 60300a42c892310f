"""Files of other programs: exact bytes, and what is written is read back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given

from edgewise.circuit import Circuit, Scores
from edgewise.errors import BadInput, BrokenFile, EdgewiseError
from edgewise.formats import FORMATS, edge_list, export, mib, mib_pt, native
from edgewise.graph import Graph
from graphs import graphs, plain_graphs, seeds, some_circuit, some_scores

TINY = Graph(layers=1, heads=2, key_readers=2)


def tiny() -> tuple[Scores, Circuit]:
    values = torch.arange(TINY.shape[0] * TINY.shape[1]).reshape(TINY.shape) / 4 - 3
    return Scores(TINY, values), Circuit.of(TINY, ["embed->a0.h1<v>", "a0.h1->logits", "m0->logits"])


MIB_JSON = """\
{"cfg": {"n_layers": 1, "n_heads": 2, "parallel_attn_mlp": false, "d_model": 8},
 "nodes": {"input": {"in_graph": true}, "a0.h0": {"in_graph": false}, "a0.h1": {"in_graph": true}, \
"m0": {"in_graph": false}, "logits": {"in_graph": true}},
 "edges": {
  "input->a0.h0<q>": {"score": -3.0, "in_graph": false},
  "input->a0.h1<q>": {"score": -2.0, "in_graph": false},
  "input->a0.h0<k>": {"score": -1.0, "in_graph": false},
  "input->a0.h1<k>": {"score": 0.0, "in_graph": false},
  "input->a0.h0<v>": {"score": 1.0, "in_graph": false},
  "input->a0.h1<v>": {"score": 2.0, "in_graph": true},
  "input->m0": {"score": 3.0, "in_graph": false}, "a0.h0->m0": {"score": 3.25, "in_graph": false}, \
"a0.h1->m0": {"score": 3.5, "in_graph": false},
  "input->logits": {"score": 4.0, "in_graph": false}, "a0.h0->logits": {"score": 4.25, "in_graph": false}, \
"a0.h1->logits": {"score": 4.5, "in_graph": true}, "m0->logits": {"score": 4.75, "in_graph": true}}}
"""

CSV = """\
source,reader,score,kept
embed,a0.h0<q>,-3.0,0
embed,a0.h1<q>,-2.0,0
embed,a0.h0<k>,-1.0,0
embed,a0.h1<k>,0.0,0
embed,a0.h0<v>,1.0,0
embed,a0.h1<v>,2.0,1
embed,m0,3.0,0
a0.h0,m0,3.25,0
a0.h1,m0,3.5,0
embed,logits,4.0,0
a0.h0,logits,4.25,0
a0.h1,logits,4.5,1
m0,logits,4.75,1
"""


def test_every_format_of_the_table_can_be_exported_and_tells_what_it_is(tmp_path: Path) -> None:
    for name, entry in FORMATS.items():
        export(name, tmp_path / name, *tiny(), width=8)
        assert (tmp_path / name).exists()
        assert entry.description
    assert list(FORMATS) == ["native", "mib", "mib-pt", "csv", "taggart", "text", "dot", "graphml"]


def test_an_unknown_format_and_a_missing_width_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"unknown format 'mibs'\. Did you mean 'mib'\?"):
        export("mibs", tmp_path / "x", *tiny())
    with pytest.raises(BadInput, match=r"the format 'mib' needs the model's width \(d_model\)"):
        export("mib", tmp_path / "x", *tiny())


def test_the_bytes_of_a_mib_file_are_these_and_it_is_json(tmp_path: Path) -> None:
    path = tmp_path / "scores.json"
    mib.write(path, *tiny(), width=8)
    assert path.read_text() == MIB_JSON
    content = json.loads(MIB_JSON)
    assert list(content) == ["cfg", "nodes", "edges"]
    assert len(content["edges"]) == TINY.edge_count
    assert mib.read(path) == tiny()


def test_the_bytes_of_an_edge_list_are_these(tmp_path: Path) -> None:
    path = tmp_path / "edges.csv"
    edge_list.write(path, *tiny())
    assert path.read_text() == CSV
    assert edge_list.read(path, TINY) == tiny()


def test_the_matrices_of_a_mib_pt_file_are_sources_by_readers(tmp_path: Path) -> None:
    path = tmp_path / "scores.pt"
    scores, circuit = tiny()
    mib_pt.write(path, scores, circuit, width=8)
    content = torch.load(path, weights_only=True)
    assert content["cfg"] == {"n_layers": 1, "n_heads": 2, "parallel_attn_mlp": False, "d_model": 8}
    assert content["src_nodes"] == ["input", "a0.h0", "a0.h1", "m0"]
    assert content["dst_nodes"] == [
        *(f"a0.h{head}<{part}>" for part in "qkv" for head in (0, 1)),
        "m0",
        "logits",
    ]
    # [1 + layers (heads + 1), layers (3 heads + 1) + 1]
    assert content["edges_scores"].shape == content["edges_in_graph"].shape == (4, 8)
    assert content["edges_scores"][2, -1] == scores.of("a0.h1->logits")
    assert content["edges_in_graph"].nonzero().tolist() == [[0, 5], [2, 7], [3, 7]]
    assert content["nodes_in_graph"].tolist() == [True, False, True, False]


@given(seed=seeds, graph=plain_graphs)
def test_what_is_written_in_a_mib_form_is_read_back(
    seed: int, graph: Graph, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("mib") / "file"
    both = some_scores(graph, seed), some_circuit(graph, seed)
    for form in (mib, mib_pt):
        form.write(path, *both, width=4)
        assert form.read(path) == both


@given(seed=seeds, graph=graphs)
def test_what_is_written_in_our_forms_is_read_back(
    seed: int, graph: Graph, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("forms")
    both = some_scores(graph, seed), some_circuit(graph, seed)
    edge_list.write(folder / "edges.csv", *both)
    assert edge_list.read(folder / "edges.csv", graph) == both
    native.write(folder / "native", *both)
    assert native.read(folder / "native") == both


@pytest.mark.parametrize(
    ("graph", "reason"),
    [
        (Graph(1, 2, 2, mlps=False), "it has no MLPs"),
        (Graph(1, 2, 1), "query heads share its key/value readers"),
        (Graph(1, 2, 2, embeddings=("tok", "pos")), "its embeddings are tok and pos"),
        (Graph(1, 2, 1, mlps=False), "it has no MLPs, query heads share its key/value readers"),
    ],
)
def test_a_graph_that_mib_does_not_know_is_refused_with_the_reason(
    tmp_path: Path, graph: Graph, reason: str
) -> None:
    for form in (mib, mib_pt):
        with pytest.raises(BadInput) as caught:
            form.write(tmp_path / "x", Scores(graph, torch.zeros(graph.shape)), Circuit.full(graph), width=4)
        assert f"This graph does not fit: {reason}. Export it as csv or native." in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_scores_and_circuit_of_two_graphs_are_not_written(tmp_path: Path) -> None:
    other = Circuit.full(Graph(2, 2, 2))
    for name in FORMATS:
        with pytest.raises(BadInput, match="scores and circuits of one graph"):
            export(name, tmp_path / name, tiny()[0], other, width=4)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"n_layers": 1', '"n_layers": 0', "cfg: n_layers must be a whole number from 1. Got 0."),
        ('"parallel_attn_mlp": false, ', "", "cfg: parallel_attn_mlp must be true or false. Got None."),
        ('"cfg"', '"config"', "a 'cfg' with n_layers, n_heads and parallel_attn_mlp was needed."),
        ('"edges"', '"links"', "'edges' with a score and in_graph per edge were needed."),
        ("input->m0", "input->m7", "'embed->m7': this graph has no reader 'm7'."),
        ('"score": 4.75, ', "", "'m0->logits' must have a 'score', a number, and 'in_graph', true or false."),
        (
            '"score": 4.75',
            '"score": true',
            "'m0->logits' must have a 'score', a number, and 'in_graph', true or false.",
        ),
        ('"score": 4.75', '"score": NaN', "scores must be numbers. Got NaN at m0->logits."),
    ],
)
def test_a_mib_file_that_is_not_one_is_refused_with_the_reason(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "scores.json"
    path.write_text(MIB_JSON.replace(old, new))
    with pytest.raises(BrokenFile) as caught:
        mib.read(path)
    assert caught.value.problems == (f"{path}: {message}",)


def test_an_edge_that_a_mib_file_leaves_out_has_no_score_and_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "scores.json"
    content = json.loads(MIB_JSON)
    content["edges"] = {"input->logits": {"score": 1.5, "in_graph": True}}
    path.write_text(json.dumps(content))
    scores, circuit = mib.read(path)
    assert scores == Scores.from_edges(TINY, {"embed->logits": 1.5})
    assert list(circuit) == ["embed->logits"]


class Gadget:
    """What a pickle could run."""


def changed(**entries: object) -> dict[str, object]:
    scores, circuit = tiny()
    return {
        "cfg": {"n_layers": 1, "n_heads": 2, "parallel_attn_mlp": False, "d_model": 8},
        "src_nodes": ["input", "a0.h0", "a0.h1", "m0"],
        "dst_nodes": list(TINY.readers),
        "edges_scores": scores.values.T,
        "edges_in_graph": circuit.kept.T,
        "nodes_in_graph": torch.ones(4, dtype=torch.bool),
        **entries,
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"cfg": {}}, "Missing: src_nodes, dst_nodes, edges_scores, edges_in_graph, nodes_in_graph."),
        ([1, 2], "must hold a dictionary. Got list."),
        (changed(src_nodes=["input"]), "src_nodes do not name the nodes of 1 layers x 2 heads"),
        (
            changed(edges_scores=torch.zeros(8, 4)),
            "edges_scores must be [sources, readers] = [4, 8]. Got [8, 4].",
        ),
        (
            changed(extra=Gadget()),
            "could not be read as a .pt: one that holds tensors, lists and numbers",
        ),
    ],
)
def test_a_mib_pt_file_that_is_not_one_is_refused_with_the_reason(
    tmp_path: Path, content: object, message: str
) -> None:
    path = tmp_path / "scores.pt"
    torch.save(content, path)
    with pytest.raises(BrokenFile) as caught:
        mib_pt.read(path)
    assert message in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"no pickle", None])
def test_a_mib_pt_file_that_cannot_be_read_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "scores.pt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BrokenFile, match=r"could not be read as a \.pt"):
        mib_pt.read(path)


def test_what_stands_where_there_is_no_edge_in_a_mib_pt_file_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "scores.pt"
    scores, circuit = tiny()
    torch.save(
        changed(
            edges_scores=scores.values.masked_fill(~TINY.edges, -torch.inf).T,
            edges_in_graph=(circuit.kept | ~TINY.edges).T,
        ),
        path,
    )
    assert mib_pt.read(path) == (scores, circuit)


def test_every_wrong_line_of_an_edge_list_is_told(tmp_path: Path) -> None:
    path = tmp_path / "edges.csv"
    path.write_text(
        "source,reader,score,kept\nembed,m0,1,1\nembed,m0,2,0\nembed,m7,1,0\n\nembed,logits,big,0\nm0,logits,1,yes\nm0,logits\n"
    )
    with pytest.raises(BrokenFile) as caught:
        edge_list.read(path, TINY)
    assert caught.value.problems == (
        f"{path}, line 3: 'embed->m0' stands here a second time.",
        f"{path}, line 4: 'embed->m7': this graph has no reader 'm7'.",
        f"{path}, line 5: 4 fields were needed. Got 0.",
        f"{path}, line 6: 'score' must be a number. Got 'big'.",
        f"{path}, line 7: 'kept' must be 0 or 1. Got 'yes'.",
        f"{path}, line 8: 4 fields were needed. Got 2.",
    )


@pytest.mark.parametrize("content", ["", "reader,source\n"])
def test_an_edge_list_without_its_columns_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "edges.csv"
    path.write_text(content)
    with pytest.raises(BrokenFile, match="line 1: the columns source,reader,score,kept were needed"):
        edge_list.read(path, TINY)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EdgewiseError, match=r"file could not be made a folder: File exists\."):
        native.write(tmp_path / "file", *tiny())
