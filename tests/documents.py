"""What the tests of the documentation share: a page's blocks and tables, and a place where blocks run."""

import contextlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast
from typer.testing import CliRunner

from edgewise.cli import app

ROOT = Path(__file__).parents[1]
FOLDERS = (".", "docs", "docs/tasks", "docs/results", "docs/api", "benchmarks", "reproductions")
PAGES = sorted(page for folder in FOLDERS for page in (ROOT / folder).glob("*.md"))
SETTINGS = {"COLUMNS": "100", "OMP_NUM_THREADS": "1"}
FENCED = re.compile(
    r"(?:^<!-- not run: (?P<reason>[^\n]+) -->\n\n?)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Home:
    """A folder in which the demo was run, with a model called gpt2 and prompts for it, mine.jsonl."""

    folder: Path
    printed: str
    """By the demo."""

    def copy_to(self, folder: Path) -> "Home":
        return Home(shutil.copytree(self.folder, folder), self.printed)


@cache
def make_home(temporary: Path) -> Home:
    """Made once a process: the demo takes some seconds."""
    folder = temporary / "home"
    folder.mkdir()
    prompts = next(block.text for block in blocks(ROOT / "README.md") if block.language == "jsonl")
    (folder / "mine.jsonl").write_text(prompts)
    save_gpt2(folder / "gpt2", prompts.splitlines())
    return Home(folder, run_demo(folder))


@dataclass(frozen=True)
class Block:
    """A fenced block. One with a reason is not run."""

    page: Path
    line: int
    language: str
    text: str
    reason: str | None

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    text = page.read_text()
    found_all = list(FENCED.finditer(text))
    assert 2 * len(found_all) == len(re.findall("^```", text, re.MULTILINE)), (
        f"{page.name}: a fence is not a block's"
    )
    return [
        Block(
            page, text.count("\n", 0, found.start("language")) + 1, *found.group("language", "text", "reason")
        )
        for found in found_all
    ]


def table(page: Path, heading: str) -> list[dict[str, str]]:
    """The first table under a heading, a dictionary a row; backticks are taken off."""
    _, found, rest = f"\n{page.read_text()}".partition(f"\n{heading}\n")
    assert found, f"{page.name} has no heading {heading!r}"
    lines = iter(rest.splitlines())
    rows: list[list[str]] = []
    for line in lines:
        if line.startswith("|"):
            rows.append([cell.strip().replace("`", "") for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
        elif rows:
            break
    names, _, *values = rows
    return [dict(zip(names, row, strict=True)) for row in values]


def names_in(rows: list[dict[str, str]]) -> list[str]:
    """The first column."""
    return [next(iter(row.values())) for row in rows]


def run_demo(folder: Path) -> str:
    """What `make demo` prints when it is run in this folder."""
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "demo.py"],
        cwd=folder,
        env={**os.environ, **SETTINGS},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def save_gpt2(folder: Path, texts: list[str]) -> None:
    """A small GPT-2 that takes the place of the real one; each word of the texts is one token to it."""
    GPT2LMHeadModel(GPT2Config(n_layer=4, n_head=4, n_embd=16)).save_pretrained(folder)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=2000, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer).save_pretrained(folder)


class Shell:
    """Runs the blocks of one page, in their order, in the current folder.

    python     run, with the names of the blocks before it
    shell      `edgewise ...` is run in this process; `make demo` has been run
    jsonl      written to mine.jsonl
    json       read
    text       compared with what the block before it printed
    (nothing)  a picture

    A command may be refused only where the next block shows it.
    """

    def __init__(self, demo_printed: str) -> None:
        self.demo_printed = demo_printed
        self.printed = ""
        self.refused = False
        self.names: dict[str, object] = {}

    def run_page(self, page: Path) -> None:
        for block in blocks(page):
            if block.reason is None:
                shown = block.language == "text" and block.text.startswith("edgewise: ")
                assert shown == self.refused, f"before {block.place}: {self.printed}"
                self.run(block)
        assert not self.refused, self.printed

    def run(self, block: Block) -> None:
        self.refused = False
        if block.language == "python":
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(block.text, block.place, "exec"), self.names)
            self.printed = out.getvalue()
        elif block.language == "shell":
            commands = block.text.replace("\\\n", " ").splitlines()
            self.printed = "".join(self.command(command, block.place) for command in commands)
        elif block.language == "jsonl":
            Path("mine.jsonl").write_text(block.text)
        elif block.language == "json":
            json.loads(block.text)
        elif block.language == "text":
            self.compare(block)
        else:
            assert not block.language, (
                f"{block.place}: say why {block.language} is not run; a picture has no language"
            )

    def command(self, command: str, place: str) -> str:
        program, *arguments = shlex.split(command)
        if command == "make demo":
            return self.demo_printed
        assert program == "edgewise", f"{place}: {command!r} is not run; give a reason"
        done = CliRunner().invoke(app, arguments, env=SETTINGS)
        assert done.exit_code in (0, 2), f"{place}: {done.output}{done.exception!r}"
        self.refused = done.exit_code == 2
        return done.output

    def compare(self, block: Block) -> None:
        """Every line shown is printed, in that order; `...` and blank lines stand for anything."""
        printed = iter(self.printed.splitlines())
        for line in block.text.splitlines():
            if line.strip() not in ("", "..."):
                assert any(alike(line, other) for other in printed), f"{block.place}: {line!r} is not printed"


def alike(shown: str, printed: str) -> bool:
    """The same words, and numbers that differ by rounding alone."""
    one, other = ([part for part in text.split() if part.strip("━")] for text in (shown, printed))
    return len(one) == len(other) and all(map(_same_word, one, other))


def _same_word(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        first, second = (float(word.rstrip("%,")) for word in (one, other))
    except ValueError:
        return False
    return abs(first - second) <= max(0.001, 0.01 * abs(first))
