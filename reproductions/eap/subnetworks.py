"""Figure 6 of the EAP paper: the subnetworks that EAP leaves, and what they miss of the known circuit."""

from __future__ import annotations

from collections.abc import Sequence

from reproductions.eap.subject import TASKS, Subject, file_name, named
from reproductions.page import Page

import edgewise as ew
from edgewise.pictures.circuit_picture import circuit_picture

PUBLISHED_THRESHOLD = {"ioi": 0.077, "greater-than": 0.009, "docstring": 0.244}
"""Figure 6."""


def subnetwork_section(page: Page, subjects: Sequence[Subject]) -> None:
    page.heading("Figure 6: the subnetworks that EAP leaves")
    page.say(
        "In bundled models the strongest edges, as many as the known circuit has; in others those from the",
        "paper's threshold on. They are drawn before pruning, as what lies on no path from an embedding to",
        "the logits would be missing. In the last column stands how many of the strongest edges hold the",
        "whole circuit.",
    )
    rows, numbers = [], {}
    for subject in subjects:
        chosen, known = subnetwork(subject), subject.case.known
        missing, false = known.circuit - chosen, chosen - known.circuit - known.backups
        caption = f"Figure 6, {subject.name}: EAP's {len(chosen):,} strongest edges"
        drawn = circuit_picture(
            chosen, subject.eap, known, title=f"{subject.name}: EAP, {len(chosen):,} edges"
        )
        page.picture(file_name("figure 6", subject.name), drawn, caption)
        counts = [len(chosen), len(chosen.prune())]
        cells = [*(f"{count:,}" for count in counts), _edges(missing), _edges(false), f"{room(subject):,}"]
        rows.append([subject.name, *cells])
        numbers[subject.name] = {
            name: list(each) for name, each in (("chosen", chosen), ("missing", missing))
        }
    head = ["model", "chosen", "on a path", "missing", "false", "for the whole circuit"]
    page.table(head, rows, numbers, "figure 6")
    whole = [name for name, _, _, missing, false, _ in rows if missing == false == "none"]
    page.say(
        f"The known circuit itself comes out on {len(whole)} of {len(rows)}{named(whole)}.",
        "The paper shows its subnetworks, and says nothing of their errors.",
    )


def subnetwork(subject: Subject) -> ew.Circuit:
    if subject.name in TASKS:
        return subject.eap.top(subject.case.size)
    return subject.eap.threshold(PUBLISHED_THRESHOLD[subject.case.task])


def room(subject: Subject) -> int:
    """The place of the circuit's weakest edge."""
    known = subject.case.known.circuit
    return max(place for place, (edge, _) in enumerate(subject.eap.ranking(), 1) if edge in known)


def _edges(circuit: ew.Circuit) -> str:
    """By name, where they are few."""
    return f"{len(circuit):,}" if len(circuit) > 12 else ", ".join(f"`{edge}`" for edge in circuit) or "none"
