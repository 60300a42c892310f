"""Learning anew: what came to nothing from one draw may come to the circuit from another.

While the circuit's loss is above `hold`, its mask is learned again with other random numbers, `tries` times
in all, unless not even all edges that are learned do the task; that of the least loss is taken. What is
learned depends on the first seed alone.
"""

from __future__ import annotations

from collections.abc import Callable

from edgewise.masks.learned import Learned
from edgewise.masks.subject import Subject


def of_several_tries(
    subject: Subject, stage: str, learn: Callable[[Subject, str], Learned]
) -> tuple[Learned, Subject]:
    """The best, and the subject that has what all stages found in its checkpoint."""
    hold, tries = subject.settings.hold, subject.settings.tries
    best = learn(subject, stage)
    if hold is not None and best.loss > hold and best.with_all > hold:
        # Not even all edges that are learned do the task.
        return best, subject
    for attempt in range(2, tries + 1):
        if hold is None or best.loss <= hold:
            break
        subject = subject.drawn_anew()
        found = learn(subject, f"{stage}, try {attempt}")
        best = found if found.loss < best.loss else best
    return best, subject
