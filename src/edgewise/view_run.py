"""`edgewise view` and `ew.view`: the page of a run, of two side by side, or of a circuit that no run made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from edgewise.circuit import Circuit, Scores
from edgewise.edges import check_same
from edgewise.errors import BadInput, BrokenFile, Problems, gathered, kind_of
from edgewise.pages.page import Page, open_page
from edgewise.pages.report import RunPage, report
from edgewise.request import DEFAULT_EDGES
from edgewise.run_folder import REPORT, Run, load_run
from edgewise.run_page import known_of, page_of_run, title_of
from edgewise.validation import check_file
from edgewise.verb_requests import ViewRequest
from edgewise.zoo.known import KnownCircuit

OTHER_WEIGHTS = "the two runs are not of the same weights: what both have need not be the same."


@dataclass(frozen=True)
class Viewed:
    """What `edgewise view` has made."""

    path: Path
    opened: bool
    notes: list[str]


def view_run(request: ViewRequest) -> Viewed:
    """Writes the page and shows it in a browser."""
    problems = Problems(*request.misread)
    if not 1 <= len(request.runs) <= 2 and not request.misread:
        problems.add(f"the folder of a run was needed, or of two. Got {len(request.runs)}.")
    runs: list[Run] = []
    notes: list[str] = []
    for folder in request.runs[:2]:
        with gathered(problems):
            runs.append(readable_run(folder, notes))
    if request.out:
        problems.add(*check_file(request.out, request.overwrite))
    problems.raise_any()
    pages: list[RunPage] = []
    for run in runs:
        with gathered(problems):
            truth, why = truth_for_page(run, request.known)
            pages.append(page_of_run(run, truth))
            if truth is None and run.evaluation.edge_auc is not None:
                notes.append(f"{run.folder.name}: {why}.")
    problems.raise_any()
    if len({run.record["model"].get("weights") for run in runs}) > 1:
        notes.append(OTHER_WEIGHTS)
        pages[1] = replace(pages[1], notes=[*pages[1].notes, OTHER_WEIGHTS])
    path = Path(request.out) if request.out else place_of(runs)
    Page(report(pages, " beside ".join(map(title_of, runs)))).save(path)
    return Viewed(path, request.open and open_page(path), notes)


def readable_run(folder: str, notes: list[str]) -> Run:
    """Without its curve and attention, where one of these cannot be read."""
    try:
        return load_run(folder)
    except BrokenFile as error:
        run = load_run(folder, to_look_at=False)
        notes.append(f"{error} The page does without curve and attention.")
        return run


def place_of(runs: list[Run]) -> Path:
    """In the folder of the first."""
    first, *others = runs
    return first.folder / f"{'-beside-'.join([Path(REPORT).stem, *(run.folder.name for run in others)])}.html"


def truth_for_page(run: Run, path: str | None = None) -> tuple[KnownCircuit | None, str]:
    """As when the run was judged: of edges that were not tried nothing is known."""
    if run.request.edges_from and not path:
        return None, "it went through some edges alone"
    return known_of(run, path)


def view(
    shown: Run | Scores | Circuit,
    beside: Run | Scores | Circuit | None = None,
    *,
    scores: Scores | None = None,
    known: KnownCircuit | Circuit | None = None,
    title: str = "",
) -> Page:
    """The page of a run, of scores or of a circuit: in a notebook it shows itself, `save` writes a file.

    beside: another, to hold side by side; scores: those of a circuit's edges; known: a circuit to judge by,
    where the run knows of none.
    """
    if isinstance(known, Circuit):
        none = Circuit.empty(known.graph)
        known = KnownCircuit(known, none, none)
    if scores is not None and not isinstance(shown, Circuit):
        raise BadInput("scores are given beside a circuit. Got them beside what has its own. Leave them out.")
    names = ("first", "second") if beside is not None else ("circuit", "circuit")
    things = {name: each for name, each in zip(names, (shown, beside), strict=True) if each is not None}
    pages = [_page(each, scores, known, name) for name, each in things.items()]
    titles = [title_of(each) for each in things.values() if isinstance(each, Run)]
    return Page(report(pages, title or " beside ".join(titles) or "circuit"))


def _page(shown: object, scores: Scores | None, known: KnownCircuit | None, name: str) -> RunPage:
    if isinstance(shown, Run):
        return page_of_run(shown, known or truth_for_page(shown)[0])
    if isinstance(shown, Scores):
        return replace(page_of_scores(shown, name), known=known)
    if isinstance(shown, Circuit):
        return replace(page_of_circuit(shown, scores, name), known=known)
    raise BadInput(f"a run, scores or a circuit was needed. Got {kind_of(shown)}. ew.load_run reads a run.")


def page_of_scores(scores: Scores, name: str = "scores") -> RunPage:
    """Scores that no run's folder holds: as many edges as a run keeps where it is not told how many."""
    chosen = min(DEFAULT_EDGES, scores.graph.edge_count)
    return RunPage(name, scores, chosen, len(scores.top(chosen).prune()))


def page_of_circuit(circuit: Circuit, scores: Scores | None = None, name: str = "circuit") -> RunPage:
    """A circuit that no run's folder holds; without scores all of its edges are alike."""
    size = len(circuit)
    if scores is not None:
        check_same(circuit.graph, scores.graph)
        return RunPage(name, scores, size, size, prune=False, able=circuit)
    alike = Scores(circuit.graph, circuit.mask())
    return RunPage(name, alike, size, size, prune=False, able=circuit, scored=False)
