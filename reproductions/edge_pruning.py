"""Edge Pruning (Bhaskar et al. 2024, arXiv:2406.16778): its table of KL and seconds, and its limitations.

The table, on the largest bundled model: ACDC, EAP and Edge Pruning at 96.6 % sparsity, found on more and more
examples of the split `train`, measured on 200 of `test`; and whose seconds grow with the examples. Then, of
each limitation that a talk on the paper lists, a small measurement: masks of weights, where gates begin,
masks of channels, circuits that are known, memory, KL or the task's metric as the loss. The truth judges and
does nothing else. Edges, channels and the stream are learned in `--steps` steps, weights in five times as
many.

    python -m reproductions.edge_pruning [--folder docs/results] [--sizes 200 400 5000] [--examples 100]
                                         [--steps 300] [--seeds 3] [--gpt2 FOLDER_OR_NAME]

`--gpt2` adds GPT-2 small on IOI where circuits are known; on a processor that takes hours.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from reproductions.cases import bundled, trained
from reproductions.page import RESULTS, Page
from reproductions.pruning.efficiency import efficiency
from reproductions.pruning.found import TASK, Claim, Found
from reproductions.pruning.limitations import finer, known, losses, memory, settings

from edgewise.tasks.catalogue import PROGRAMS

SOURCE = (
    "A. Bhaskar, A. Wettig, D. Friedman and D. Chen, *Finding Transformer Circuits with Edge Pruning*, 2024 "
    "(arXiv:2406.16778), and the limitations that a talk on it lists (L193 Explainable Artificial "
    "Intelligence)."
)
CASES = {"ioi": "corrupted", "docstring": "corrupted", "greater-than": "corrupted"} | dict.fromkeys(
    PROGRAMS, "zero"
)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--folder", type=Path, default=RESULTS)
    parser.add_argument("--sizes", nargs="+", type=int, default=[200, 400, 5000], help="of the table")
    parser.add_argument("--examples", type=int, default=100, help="prompt pairs of all else")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=3, help="of each setting")
    parser.add_argument("--gpt2", help="a folder or a name, where its weights are at hand")
    given = parser.parse_args(arguments)
    cases = [bundled(name, given.examples, ablation) for name, ablation in CASES.items()]
    if given.gpt2:
        cases.append(trained(given.gpt2, TASK, given.examples))
    page = Page("edge_pruning", "Edge Pruning: KL, seconds and limitations", SOURCE, given.folder)
    claims = efficiency(page, given.sizes, given.steps)
    finer(page, given.examples, given.steps)
    settings(page, given.examples, given.steps, given.seeds)
    found = [Found.of(case, given.steps) for case in cases]
    claims += known(page, found)
    memory(page)
    losses(page, [case for case in cases if case.task not in PROGRAMS], found, given.steps)
    agreement(page, claims)
    sizes = " ".join(map(str, given.sizes))
    page.save(
        f"python -m reproductions.edge_pruning --sizes {sizes} --examples {given.examples} "
        f"--steps {given.steps} --seeds {given.seeds}" + (f" --gpt2 {given.gpt2}" if given.gpt2 else "")
    )


def agreement(page: Page, claims: Sequence[Claim]) -> None:
    page.heading("What agrees, and what does not")
    rows = [[claim, theirs, ours, "yes" if agrees else "no"] for claim, theirs, ours, agrees in claims]
    page.table(["claim", "published", "here", "agrees"], rows, claims, "agreement")
    page.say(f"{sum(agrees for *_, agrees in claims)} of {len(claims)} agree.")


if __name__ == "__main__":
    main()
