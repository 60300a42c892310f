"""What the tests of the command line share: the command, a folder to use it in, its problems at the end."""

from pathlib import Path

from typer.testing import CliRunner

from edgewise.cli import app
from tiny_runs import save_tiny_model, write_prompts


def make_home(folder: Path) -> Path:
    """The folder with a model, prompts and a run of them, made by the command itself."""
    save_tiny_model(folder / "model")
    save_tiny_model(folder / "reader", tokenizer=True)
    write_prompts(folder / "prompts.jsonl")
    done = discover(folder, "--edges", "40", "--out", folder / "run")
    assert done.exit_code == 0, done.stderr
    return folder


def edgewise(*arguments, **settings):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], **settings)


def discover(home, *arguments, model="model", prompts="prompts.jsonl"):
    return edgewise("discover", "--model", home / model, "--prompts", home / prompts, *arguments)


def problems(result) -> list[str]:
    """The problems a command ended with, in their order."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    heading, *rest = result.stderr.split("\n  • ")
    assert heading == f"edgewise: {len(rest)} problem{'s' * (len(rest) > 1)}"
    return [problem.rstrip("\n") for problem in rest]


def refused(home, *arguments, **given) -> list[str]:
    found = problems(discover(home, "--out", home / "never", *arguments, **given))
    assert not (home / "never").exists()
    return found
