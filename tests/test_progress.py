"""How far long work has come: on a terminal, in a file, and when nothing shall be said."""

import io
import re
import sys
import time

import pytest

from edgewise import progress
from edgewise.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def a_terminal(monkeypatch) -> Terminal:
    """In the place of standard error. No fixture: what one puts there is taken away before the test."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    return shown


@pytest.fixture
def soon(monkeypatch):
    monkeypatch.setattr(progress, "SECONDS_BEFORE_SHOWING", 0.0)


def rows(shown: str) -> list[str]:
    """What stood on the terminal, without the signs that move its cursor."""
    return [
        row.strip() for row in re.split(r"[\r\n]", re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "", shown)) if row.strip()
    ]


def test_a_bar_tells_what_how_far_how_fast_and_how_much_longer_and_the_rest_below(monkeypatch):
    terminal = a_terminal(monkeypatch)
    with Progress(shown=True).counting("learning the mask", 40, "steps") as advance:
        for _ in range(30):
            advance(1, "loss [0.1], 12 edges, " + "sparsity 93.8%, " * 8)
            time.sleep(0.01)
    shown = rows(terminal.getvalue())
    bars = [row for row in shown if row.startswith("learning the mask")]
    below = [row for row in shown if row.startswith("loss [0.1]")]
    assert re.search(r"75% +[\d.]+ steps a second +(-:--:--|0:00:0\d) left$", bars[-1])
    assert below
    assert all(len(row) <= 80 for row in shown)


def test_work_that_cannot_be_counted_is_told_with_its_seconds(monkeypatch):
    terminal = a_terminal(monkeypatch)
    with Progress(shown=True).status("reading [prompts]"):
        time.sleep(0.05)
    assert any(re.search(r"reading \[prompts\] 0:00:00$", row) for row in rows(terminal.getvalue()))


def test_in_a_file_there_are_lines_and_none_of_what_took_no_time(capsys, soon):
    shown = Progress(shown=True)
    with shown.status("reading prompts"):
        time.sleep(0.1)
    with shown.counting("scoring edges", 10, "batches") as advance:
        advance(2, "all is well")
    told = capsys.readouterr().err
    assert re.fullmatch(
        r"reading prompts \.\.\.\n"
        r"scoring edges: 2 of 10, 0 s, [\d,.e+]+ batches a second, about 0 s left; all is well\n",
        told,
    )


def test_what_is_done_before_a_line_is_due_is_not_told(capsys):
    shown = Progress(shown=True)
    with shown.status("reading prompts"), shown.counting("scoring edges", 2, "batches") as advance:
        advance(1)
    assert list(shown.track([1, 2], "averaging", 2)) == [1, 2]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("on_a_terminal", [True, False])
def test_nothing_is_told_unless_it_is_asked_for(on_a_terminal, monkeypatch, soon):
    terminal = a_terminal(monkeypatch)
    with Progress().status("reading prompts", on_a_terminal), Progress().counting("x", 2, "y", 1) as advance:
        advance(1)
    assert terminal.getvalue() == ""


def test_work_that_tells_of_itself_on_a_terminal_is_not_told_there_twice(monkeypatch, soon):
    terminal = a_terminal(monkeypatch)
    with Progress(shown=True).status("loading gpt2", on_a_terminal=False):
        time.sleep(0.05)
    assert terminal.getvalue() == ""
