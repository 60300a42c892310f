"""The tables and figures of Syed, Rager and Conmy 2023, "Attribution Patching Outperforms Automated Circuit
Discovery" (EAP, arXiv:2310.10348), on models whose circuits are known; writes docs/results/eap_paper.md.

    score = what keeping an edge does for the task's metric; the paper's is what corrupting it does to the
            metric, so that its signs are turned around here

Scores are made of pairs of the split `train`. The truth is used for judging, and to say at which size EAP's
circuits are drawn. What each figure shows is told by its part, in `eap/`.

    python -m reproductions.eap_paper [--examples 100] [--gpt2 FOLDER_OR_NAME] [--gpt2-taus TAU ...]
                                      [--attn4l FOLDER] [--folder docs/results]

With their weights at hand, GPT-2 small and the attention-only model of four layers are measured, too. On
GPT-2 no edge is patched by itself, and ACDC is run only with taus that are given: one walk takes hours.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from reproductions import cases
from reproductions.eap.areas import roc_section, variants_section
from reproductions.eap.effects import fit_section, way_section
from reproductions.eap.grid import combined_section
from reproductions.eap.scores import role_section, spread_section
from reproductions.eap.subject import GRID_TAUS, TASKS, TAUS, Claim, Subject
from reproductions.eap.subnetworks import subnetwork_section
from reproductions.page import RESULTS, Page, command

EXAMPLES = 100
VARIANTS = ("ioi-saturated", "ioi-either", "ioi-negative", "ioi-large", "induction", "induction-saturated")
INTRODUCTION = (
    "Tables and figures of Syed, Rager and Conmy 2023, [Attribution Patching Outperforms Automated Circuit "
    "Discovery](https://arxiv.org/abs/2310.10348), made again on models whose circuits are "
    "[known exactly](../zoo.md). Beside them stands what was published of GPT-2 small (IOI, Greater-Than) "
    "and of an attention-only model of four layers (Docstring), whose circuits people read. Numbers of other "
    "models differ; what can agree is what the paper concludes. Ours are small and trained to have one "
    "circuit: an edge belongs to it where removing it alone breaks the task. ACDC and activation patching "
    "remove edges, too, which makes this truth nearer to them than one that people read."
)


def summary_section(page: Page, claims: Sequence[Claim]) -> None:
    page.heading("What agrees")
    rows = [[claim.paper, claim.where, claim.here, "yes" if claim.agrees else "**no**"] for claim in claims]
    numbers = [vars(claim) for claim in claims]
    page.table(["the paper", "on", "here", "agrees"], rows, numbers, "what agrees")
    agreeing = sum(claim.agrees for claim in claims)
    page.say(f"{agreeing} of {len(claims)} agree.")


def make(given: argparse.Namespace) -> Page:
    page = Page("eap_paper", "EAP: attribution patching beside ACDC", INTRODUCTION, given.folder)
    bundled = {
        name: Subject(cases.bundled(name, given.examples), taus=TAUS if name in TASKS else GRID_TAUS)
        for name in (*TASKS, *VARIANTS)
    }
    gpt2 = [
        Subject(_trained(given.gpt2, task, given.examples), 16, tuple(given.gpt2_taus), exhaustive=False)
        for task in ("ioi", "greater-than")
        if given.gpt2
    ]
    attention = [Subject(_trained(given.attn4l, "docstring", given.examples), 16)] if given.attn4l else []
    main = [*(bundled[name] for name in TASKS), *gpt2, *attention]
    docstring = [bundled["docstring"], *attention]
    variants = [bundled[name] for name in VARIANTS]
    claims = roc_section(page, main)
    variants_section(page, variants)
    claims += spread_section(page, main)
    claims += fit_section(page, [*main, *variants], docstring)
    claims += way_section(page, docstring)
    claims += combined_section(page, docstring)
    subnetwork_section(page, main)
    claims += role_section(page, [bundled["ioi"], bundled["ioi-negative"], *gpt2[:1]])
    summary_section(page, claims)
    return page


def _trained(source: str, task: str, examples: int) -> cases.Case:
    """Named without the folders that it lies in."""
    return replace(cases.trained(source, task, examples), name=f"{Path(source).name}: {task}")


def main(arguments: Sequence[str] | None = None) -> None:
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    reader.add_argument("--examples", type=int, default=EXAMPLES, help="prompt pairs of each task")
    reader.add_argument("--gpt2", help="GPT-2 small: a folder, or its name on the Hub")
    reader.add_argument(
        "--gpt2-taus", type=float, nargs="+", default=[], help="ACDC's on GPT-2; none unless given"
    )
    reader.add_argument("--attn4l", help="the folder of the attention-only model of four layers")
    reader.add_argument("--folder", type=Path, default=RESULTS, help="where the page goes")
    given = reader.parse_args(arguments)
    page = make(given)
    page.save(command("eap_paper", reader, given))


if __name__ == "__main__":
    main()
