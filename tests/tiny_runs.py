"""A tiny model's folder and prompts for it, for tests that go from a request to a folder of results."""

import json
import random
from pathlib import Path

from edgewise.graph import Graph
from edgewise.models.config import ModelConfig
from edgewise.models.native import save_model
from edgewise.models.random import random_model
from edgewise.models.transformer import Transformer
from edgewise.request import Request
from edgewise.run import run
from tiny_tokenizers import WORDS, word_tokenizer

SIZES = {
    "layers": 2,
    "heads": 2,
    "head_width": 8,
    "width": 16,
    "vocabulary": len(WORDS),
    "mlp_width": 24,
    "context": 12,
}
EDGES = Graph.of(ModelConfig(**SIZES)).edge_count


def tiny_model(**changes) -> Transformer:
    return random_model(ModelConfig(**{**SIZES, **changes}), seed=1)


def save_tiny_model(folder: Path, tokenizer: bool = False, **changes) -> str:
    model = tiny_model(**changes)
    model.tokenizer = word_tokenizer() if tokenizer else None
    save_model(model, folder)
    return str(folder)


def entries(examples: int = 10, seed: int = 0) -> list[dict]:
    """Pairs of two lengths, as token ids."""
    draw = random.Random(seed)
    made = []
    for _ in range(examples):
        clean = [draw.randrange(9) for _ in range(draw.choice((5, 7)))]
        corrupted = [draw.randrange(9), draw.randrange(9), *clean[2:]]
        correct, wrong = draw.sample(range(9), 2)
        made.append({"clean": clean, "corrupted": corrupted, "correct": correct, "wrong": [wrong]})
    return made


def write_prompts(path: Path, lines: list | None = None) -> str:
    lines = entries() if lines is None else lines
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return str(path)


def request(folder: Path, **changes) -> Request:
    """A request that can be run: `model` and `prompts.jsonl` must lie in the folder."""
    given = {
        "model": str(folder / "model"),
        "prompts": str(folder / "prompts.jsonl"),
        "out": str(folder / "run"),
        "edges": 40,
        **changes,
    }
    return Request(**given)


def make_run(folder: Path) -> Path:
    """The folder with a model, prompts and a run of them."""
    save_tiny_model(folder / "model")
    write_prompts(folder / "prompts.jsonl")
    run(request(folder))
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}
