"""Of the page on P. Talavante, Gradient Based Circuits Discovery (slides): tasks, definitions, heat maps.

Beside a table of node AUCs the page shows, for one model, each head's score by every definition and its
direct effect on the logit difference, as the slides do for GPT-2 small.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch
from reproductions.page import Page, listed
from reproductions.weight_gradients_cases import CASES, Case, by_gradients, means, rows_of, strongest_part

import edgewise as ew
from edgewise import zoo
from edgewise.methods.direct_effect import direct_effect
from edgewise.pictures.heat import heat_picture
from edgewise.pictures.paper import Picture
from edgewise.tasks.ablations import replacer_for
from edgewise.tasks.catalogue import metric_for
from edgewise.tasks.metrics import METRICS

SLIDES = {
    "ioi-large": ("IOI", "logit difference"),
    "docstring": ("Docstring", "logit difference"),
    "greater-than": ("Greater-Than", "probability difference"),
    "tracr-xproportion": ("tracr-xproportion", "mean squared error"),
    "tracr-reverse": ("tracr-reverse", "mean squared error"),
    "induction": ("Induction", "negative log-probability"),
}
"""The slides' tasks and metrics, by the bundled model that does the task."""
DEFINITIONS = {
    "dissimilar": "most dissimilar token",
    "inverse": "inverse of the logits",
    "difference": "logit difference",
    "counterpart": "semantics",
}
"""The slides' words for each."""
BESIDE = ("direct effect", "eap", "weight norm alone")
SHOWN = "ioi-large, swapped"
"""Whose heads the heat maps show. Like the slides' two prompts, a pair's differ in who is named twice."""
NEAR = 0.05
"""Means that differ by less are told as equal."""


def write_tasks(page: Page) -> None:
    rows = []
    for name, (task, metric) in SLIDES.items():
        prompt, right = first_prompt(name)
        ours = metric_for(zoo.open_bundle(name).task)
        rows.append([task, f"`zoo:{name}`", f"`{prompt}`", right, f"{metric} (`{ours}`)"])
    page.say("The slides' six tasks, each with the first prompt of the bundled model that does it.")
    head = ["task", "model", "prompt", "right output", "metric"]
    page.table(head, rows, [dict(zip(head, row, strict=True)) for row in rows], "tasks")


def first_prompt(name: str) -> tuple[str, str]:
    """As the model reads it, and what is right."""
    bundle = zoo.open_bundle(name)
    pairs = ew.task(bundle.task, bundle.model)
    if bundle.compiled is None:
        pair, spelled = pairs[0], bundle.model.tokenizer.convert_ids_to_tokens
        answers = [f"`{token}`" for token in spelled(list(pair.correct))]
        told = answers if len(answers) < 3 else [*answers[:2], "...", answers[-1]]
        return (pair.clean_text or "").replace("\n", "\\n"), " or ".join(told)
    pair = max(pairs, key=lambda each: len(each.clean))
    words = [bundle.compiled.words[token] for token in pair.clean[1:]]
    with torch.no_grad():
        given = bundle.compiled.decode(bundle.model(torch.tensor([pair.clean]))[0, 1:])
    numbers = [f"{round(each, 2) + 0.0:g}" if isinstance(each, float) else str(each) for each in given]
    return " ".join(map(str, words)), f"`{' '.join(numbers)}`"


def write_definitions(
    page: Page, found: dict[str, dict[str, float | None]], sizes: dict[str, tuple[int, int]]
) -> None:
    head, rows = rows_of(found, sizes)
    wanted = {f"{name} / none": f"`{name}`: {told}" for name, told in DEFINITIONS.items()}
    wanted |= dict.fromkeys(BESIDE, "") | {rows[0][0]: ""}
    kept = [[wanted[row[0]] or row[0], *row[1:]] for row in rows if row[0] in wanted]
    average = means(found)
    page.table(["way", *head[1:]], kept, {way: average.get(way) for way in wanted}, "definitions")


def which_is_best(found: dict[str, dict[str, float | None]]) -> list[str]:
    average = means(found)
    of = {name: average[f"{name} / none"] for name in DEFINITIONS}
    best, worst = max(of, key=of.__getitem__), min(of, key=of.__getitem__)
    if of[best] - of[worst] < NEAR:
        told = [
            f"No definition is better than the others: their means are {of[worst]:.2f} to {of[best]:.2f}."
        ]
    else:
        told = [f"`{best}` has the highest mean, {of[best]:.2f}, `{worst}` the lowest, {of[worst]:.2f}."]
        told += where_alone(found, best)
    beside = [f"{way} {average[way]:.2f}" for way in BESIDE]
    better = [way for way in BESIDE if average[way] > of[best]]
    which = "all" if len(better) == len(BESIDE) else listed(better) if better else "none"
    left_out = [case for case, values in found.items() if None in values.values()]
    return [
        *told,
        f"Beside them stand {listed(beside)}; above every definition: {which}.",
        *([f"Means leave out {listed(left_out)}, where not every way is defined."] if left_out else []),
    ]


def where_alone(found: dict[str, dict[str, float | None]], best: str) -> list[str]:
    """Where it is ahead of all other definitions, and what is left of it elsewhere."""
    whole = {
        case: {name: value for name in DEFINITIONS if (value := values[f"{name} / none"]) is not None}
        for case, values in found.items()
        if None not in values.values()
    }
    alone = [
        case
        for case, of in whole.items()
        if all(of[best] > value for name, value in of.items() if name != best)
    ]
    rest = [of for case, of in whole.items() if case not in alone]
    if not alone or not rest:
        return ["There is no case in which it alone is ahead." if not alone else "It is ahead in every case."]
    left = [sum(of[name] for of in rest) / len(rest) for name in DEFINITIONS]
    return [
        f"It alone is ahead on {listed(alone)}; on the others the four have means of",
        f"{min(left):.2f} to {max(left):.2f}.",
    ]


def does_it_hold(found: dict[str, dict[str, float | None]]) -> list[str]:
    """Where all nodes of the circuit are ahead of all others, where chance would do as well."""
    best = {
        # Areas are sums, and 1 is not always 1.
        case: round(max(value for name in DEFINITIONS if (value := values[f"{name} / none"]) is not None), 6)
        for case, values in found.items()
    }
    whole = [case for case, value in best.items() if value == 1]
    chance = [f"{case} ({value:.2f})" for case, value in best.items() if value <= 0.5]
    between = [f"{case} ({value:.2f})" for case, value in best.items() if 0.5 < value < 1]
    if len(whole) == len(best):
        verdict = "The hypothesis holds in every case."
    elif whole:
        verdict = f"The hypothesis holds in full in {len(whole)} of {len(best)} cases: {listed(whole)}."
    else:
        verdict = "The hypothesis holds in full in no case."
    sentences = [
        verdict,
        "That is with the definition that does best there, which nobody could know beforehand.",
    ]
    if between:
        sentences.append(f"It holds in part on {listed(between)}.")
    if chance:
        sentences.append(f"No definition is above chance on {listed(chance)}.")
    return sentences


def write_heads(page: Page, case: Case) -> None:
    """A heat map for every definition and for the direct effect, and the strongest heads of each."""
    graph, inside = case.known.circuit.graph, set(case.known.circuit.nodes())
    names = [list(graph.sources[graph.head_sources(layer)]) for layer in range(graph.layers)]
    heads = [name for layer in names for name in layer]
    right = [name for name in heads if name in inside]
    page.say(
        f"Heads of `zoo:{CASES[SHOWN][0]}`, those of the known circuit ringed: by each definition the",
        "largest gradient of a head's query, key, value and output weights, and the direct effect on the",
        "logit difference, which has a sign. The slides show both kinds for GPT-2 small. MLPs are left out.",
    )
    rows, numbers = [], {}
    for way, values in scores_of_sources(case).items():
        scores = {name: values[graph.source_index[name]].item() for name in heads}
        most, auc = max(map(abs, scores.values())), case.judge(values.abs())
        caption = f"{way}: shares of the largest, {most:.3g}; node AUC, MLPs counted, {auc:.2f}."
        page.picture(way.replace(" ", "-"), heat_map(way, names, scores, right), caption)
        strongest = sorted(heads, key=lambda name: -abs(scores[name]))[: len(right)]
        count = len(set(strongest) & set(right))
        rows.append([way, ", ".join(f"`{name}`" for name in strongest), f"{count} of {len(right)}"])
        numbers[way] = {"strongest": strongest, "right": count, "scores": scores}
    page.say(f"The circuit's heads are {listed([f'`{name}`' for name in right])}.")
    head = ["way", f"its {len(right)} strongest heads", "of the circuit"]
    page.table(head, rows, numbers, "heads")


def heat_map(
    way: str, names: list[list[str]], scores: Mapping[str, float], ringed: Collection[str]
) -> Picture:
    """In shares of the largest."""
    most = max(map(abs, scores.values()))
    cells = [[round(scores[name] / most, 2) + 0.0 for name in layer] for layer in names]
    places = [
        (row, column)
        for row, layer in enumerate(names)
        for column, name in enumerate(layer)
        if name in ringed
    ]
    rows, columns = ([str(place) for place in range(count)] for count in (len(names), len(names[0])))
    return heat_picture(cells, rows, columns, way, ("layer", "head"), places)


def scores_of_sources(case: Case) -> dict[str, torch.Tensor]:
    """By each definition, and the direct effect."""
    found = {name: strongest_part(by_gradients(case, name)) for name in DEFINITIONS}
    replacer = replacer_for("corrupted", case.model, case.pairs, 16)
    direct = direct_effect(case.model, case.pairs, METRICS["logit-diff"], replacer)
    return {**found, "direct effect": direct.values.sum(0)}
