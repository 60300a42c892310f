"""Taggart's text: what cannot be read is told, all of it at once, and what to write in its place."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from edgewise.circuit import Circuit, Scores
from edgewise.errors import BadInput, BrokenFile
from edgewise.formats import taggart
from edgewise.graph import Graph
from test_taggart import FLAT, GROUPED, SPLIT


def refused(text: str, graph: Graph = FLAT) -> tuple[str, ...]:
    with pytest.raises(BrokenFile) as caught:
        taggart.from_text(text, graph)
    return caught.value.problems


@pytest.mark.parametrize(
    "line",
    [
        *("1.0", "1.0 <-", "1.0 <- ,", "<- 0.1", "1.0 <- 0.0,, 0.1", "1.0 <- RS_0 |", "1.0 <- RS_0 | 0.1"),
        *("1.0 <- | <- 0.1", "1.0 <- RS_0 | <-", "1.0 <- RS_0 | <- 0.0 | <- 0.1", "# a remark"),
        *("# 1.0 <- 0.1", "1.0, 1.1 <- 0.1", "1.0 <q> <- 0.1", "0.1 -> 1.0"),
    ],
)
def test_a_line_that_cannot_be_read_is_shown_and_told_what_one_is_like(line: str) -> None:
    assert refused(f"out <- 0.0\n\n  {line}") == (
        f"text, line 3: a line such as '9.9 <- RS_0 | <- 0.1, 3.0' was needed. Got {line!r}.",
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("2.0 <- 0.1", "this graph has no reader '2.0'."),
        ("01.0 <- 0.1", "this graph has no reader '01.0'."),
        ("1.0<o> <- 0.1", "this graph has no reader '1.0<o>'."),
        ("RS_0 <- 0.1", "this graph has no reader 'RS_0'."),
        ("logits <- 0.1", "this graph has no reader 'logits'. In this format it is written out."),
        ("a1.h0<q> <- 0.1", "this graph has no reader 'a1.h0<q>'. In this format it is written 1.0<q>."),
        ("1.0 <- 0.2", "this graph has no source '0.2'."),
        ("1.0 <- 0.0 0.1", "this graph has no source '0.0 0.1'."),
        ("1.0 <- tok", "this graph has no source 'tok'."),
        ("1.0 <- out", "this graph has no source 'out'."),
        ("1.0 <- embed", "this graph has no source 'embed'. In this format it is written RS_0."),
        ("1.0 <- a0.h1", "this graph has no source 'a0.h1'. In this format it is written 0.1."),
        ("1.0 <- 1.1", "'1.1' does not come before '1.0'."),
        ("m0 <- m0", "'m0' does not come before 'm0'."),
        ("1.0 <- 0.1, 0.1", "'0.1' stands twice among the sources of '1.0'."),
    ],
)
def test_names_that_the_graph_has_not_and_edges_that_run_backwards_are_refused(
    text: str, problem: str
) -> None:
    assert refused(text) == (f"text, line 1: {problem}",)


def test_a_parallel_layer_s_heads_do_not_come_before_its_mlp() -> None:
    assert set(taggart.from_text("m0 <- 0.1", FLAT)) == {"a0.h1->m0"}
    problem = "text, line 1: '0.1' does not come before 'm0'."
    assert refused("m0 <- 0.1", Graph(2, 2, 2, parallel=True)) == (problem,)


def test_an_embedding_that_rs_0_holds_already_stands_twice() -> None:
    problem = "text, line 1: 'tok' stands twice among the sources of 'out'."
    assert refused("out <- RS_0, tok", SPLIT) == (problem,)


def test_a_reader_has_one_line() -> None:
    text = "1.0 <- 0.1\n1.1<k> <- 0.1\n1.0 <- 0.0\n1.0<q> <- 0.0\n1.1 <- 0.0\n1.1<v> <- 0.0\n"
    already = "Give a reader one line."
    assert refused(text) == (
        f"text, line 3: '1.0' stands in line 1 already. {already}",
        f"text, line 4: '1.0<q>' stands in line 1 already. {already}",
        f"text, line 5: '1.1' stands in line 2 already. {already}",
        f"text, line 6: '1.1<v>' stands in line 5 already. {already}",
    )


def test_a_whole_head_is_refused_where_query_heads_share_k_and_v() -> None:
    assert refused("1.3 <- 0.1, 5.5\n1.3<k> <- 0.1", GROUPED) == (
        "text, line 1: '1.3' would be a head's q, k and v, and in this graph query heads share k and v. "
        "Give 1.3<q>, 1.1<k> and 1.1<v> a line each.",
        "text, line 1: this graph has no source '5.5'.",
        "text, line 2: this graph has no reader '1.3<k>'.",
    )
    edges = {"a0.h1->a1.h3<q>", "a0.h1->a1.h1<k>", "a0.h1->a1.h1<v>"}
    assert set(taggart.from_text("1.3<q> <- 0.1\n1.1<k> <- 0.1\n1.1<v> <- 0.1", GROUPED)) == edges


def test_the_problems_of_a_file_are_told_at_once_with_its_name_and_many_are_shortened(tmp_path: Path) -> None:
    path = tmp_path / "found.txt"
    path.write_text("1.0 <- 0.9, 1.1\n" + "9.9 <- 0.1\n" * 12)
    with pytest.raises(BrokenFile) as caught:
        taggart.read(path, FLAT)
    first, second, third, *_, last = caught.value.problems
    assert first == f"{path}, line 1: this graph has no source '0.9'."
    assert second == f"{path}, line 1: '1.1' does not come before '1.0'."
    assert third == f"{path}, line 2: this graph has no reader '9.9'."
    assert last == "... and 4 more like these."


def test_scores_of_another_graph_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    scores = Scores(FLAT, torch.zeros(FLAT.shape))
    with pytest.raises(BadInput, match="scores and circuits of one graph were needed"):
        taggart.write(tmp_path / "found.txt", scores, Circuit.full(GROUPED))
    assert not list(tmp_path.iterdir())
