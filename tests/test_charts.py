"""The charts, the heat maps and the training curve: every number is beside them, and names are only text."""

import json
import math

import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from edgewise.circuit import Circuit, Scores
from edgewise.errors import BadInput
from edgewise.evaluation.agreement import agreement
from edgewise.evaluation.known import edge_roc
from edgewise.graph import Graph
from edgewise.pictures.charts import effects_picture, histogram_picture, roc_picture, way_picture
from edgewise.pictures.heat import heads_picture, heat_picture
from edgewise.pictures.paper import FORMS, Picture
from edgewise.pictures.training import training_picture
from graphs import EVERY_KIND, some_scores

HOSTILE = "<script>alert(1)</script> $\\frac$ \x00"
GRAPH = Graph(layers=3, heads=2, key_readers=2)


def log(*stages, steps=5, **ends):
    """Of trainings, one after another, with the prices and targets of the first."""
    lines = []
    for place, stage in enumerate(stages):
        for step in range(1, steps + 1):
            told = {"stage": stage, "step": step, "loss": 1 / step, "penalty": 0.1 * step, "edges": 40 - step}
            lines.append({**told, **({"target": step / 10, "l1": 0.5, "l2": 0.25} if not place else {})})
        end = {"rounded loss": 0.2, "edges after rounding": 30.0, "edges learned": 50.0, **ends}
        lines.append({"stage": stage, "step": steps, **end})
    return "".join(f"{json.dumps(line)}\n" for line in lines)


def every_picture(title):
    scores, exact = some_scores(GRAPH, 2), some_scores(GRAPH, 6)
    known = scores.top(9)
    return {
        "roc": roc_picture({title: edge_roc(exact, known)}, title),
        "histogram": histogram_picture({title: [1.0, 2.0, -1.0]}, title),
        "effects": effects_picture(scores, exact, agreement(scores, exact), known, title),
        "way": way_picture({title: ([0.0, 1.0, 2.0], 1.5)}, title),
        "heat": heat_picture([[1.0, -2.0]], ["<b>\x00"], ["$x$", "y"], title),
        "heads": heads_picture(scores, title),
        "training": training_picture(log("the mask", title), title),
    }


def finite(numbers):
    if isinstance(numbers, dict):
        return all(map(finite, numbers.values()))
    if isinstance(numbers, list | tuple):
        return all(map(finite, numbers))
    return not isinstance(numbers, float) or math.isfinite(numbers)


@pytest.mark.parametrize("form", FORMS)
def test_every_picture_is_saved_in_every_form_with_finite_numbers_beside_and_names_as_text(form, tmp_path):
    for name, picture in every_picture(HOSTILE).items():
        picture.save(tmp_path / f"{name}.{form}")
        assert (tmp_path / f"{name}.{form}").stat().st_size > 1000
        told = json.loads((tmp_path / f"{name}.numbers.json").read_text())
        assert told
        assert finite(told)
        if form == "svg":
            text = (tmp_path / f"{name}.svg").read_text()
            assert "&lt;script&gt;" in text
            assert "$\\frac$" in text
            assert "<script" not in text
            assert "\x00" not in text


def test_the_heat_map_of_heads_has_every_head_and_mlp_once_the_last_layer_on_top():
    for graph in EVERY_KIND[::5]:
        scores = some_scores(graph, 4)
        of_node = scores.by_source()
        numbers = heads_picture(scores).numbers
        for what in ("total", "strongest"):
            rows, columns, cells = (numbers[what][name] for name in ("rows", "columns", "values"))
            assert rows == [str(layer) for layer in reversed(range(graph.layers))]
            shown = {
                f"m{layer}" if column == "MLP" else f"a{layer}.h{column}": value
                for layer, row in zip(rows, cells, strict=True)
                for column, value in zip(columns, row, strict=True)
                if column
            }
            assert shown == {
                name: getattr(score, what) for name, score in of_node.items() if name not in graph.embeddings
            }


def words(picture: Picture):
    FigureCanvasAgg(picture.figure)
    picture.figure.canvas.draw()
    return [text for text in picture.figure.findobj(Text) if text.get_text() and text.get_visible()]


@pytest.mark.parametrize(("layers", "heads"), [(2, 4), (12, 12), (30, 9), (6, 40)])
def test_no_names_or_numbers_of_a_heat_map_overlap(layers, heads):
    graph = Graph(layers=layers, heads=heads, key_readers=heads)
    values = torch.randn(graph.shape, generator=torch.Generator().manual_seed(0)) * 100
    picture = heads_picture(Scores(graph, values), "a title")
    for axes in picture.figure.axes[:2]:
        ticks = [*axes.get_xticklabels(), *axes.get_yticklabels(), *axes.texts]
        words(picture)
        places = [text.get_window_extent() for text in ticks if text.get_text()]
        for one, place in enumerate(places):
            for other in places[:one]:
                shared = min(place.x1, other.x1) - max(place.x0, other.x0)
                high = min(place.y1, other.y1) - max(place.y0, other.y0)
                # A pixel of rounding.
                assert shared <= 1 or high <= 1


def test_numbers_are_written_in_cells_only_where_they_fit():
    few = heat_picture([[0.5, 0.25]], ["row"], ["a", "b"])
    assert {"0.5", "0.25"} <= {text.get_text() for text in few.figure.axes[0].texts}
    many = heat_picture([[0.123] * 40] * 3, ["a", "b", "c"], [str(column) for column in range(40)])
    assert not many.figure.axes[0].texts


def test_the_training_curve_tells_what_the_log_does():
    numbers = training_picture(log("the mask", "the adversary", **{"trimmed loss": 0.3})).numbers
    assert list(numbers) == ["the mask", "the adversary"]
    mask = numbers["the mask"]
    assert mask["loss"] == {"steps": [1, 2, 3, 4, 5], "values": [1 / step for step in range(1, 6)]}
    assert mask["edges"]["values"] == [39, 38, 37, 36, 35]
    assert {"l1", "l2"} <= set(mask)
    assert "l1" not in numbers["the adversary"]
    assert mask["end"] == {"rounded loss": 0.2, "trimmed loss": 0.3, "edges after rounding": 30.0}


def test_the_training_curve_has_a_panel_for_each_quantity_and_the_target_in_edges():
    picture = training_picture(log("the mask"))
    names = [axes.get_ylabel() for axes in picture.figure.axes]
    assert names == ["loss", "penalty", "edges open", "price of\nthe sparsity", "price of\nits square"]
    [target] = [line for line in picture.figure.axes[2].lines if line.get_label() == "target"]
    assert list(target.get_ydata()) == pytest.approx([45, 40, 35, 30, 25])
    with pytest.raises(BadInput, match="something to draw was needed"):
        training_picture("")


def test_a_long_title_is_broken_into_lines():
    picture = histogram_picture({"group": [1.0, 2.0]}, "a rather long name " * 9)
    assert picture.figure.axes[0].get_title().count("\n") >= 2


def test_a_histogram_counts_every_score_once():
    groups = {"one": [0.5, 1.5, -3.0], "other": [2.0], "empty": []}
    numbers = histogram_picture(groups).numbers
    assert {name: sum(each["counts"]) for name, each in numbers["groups"].items()} == {"one": 3, "other": 1}


def test_effects_are_told_edge_by_edge():
    scores, exact = some_scores(GRAPH, 2), some_scores(GRAPH, 6)
    numbers = effects_picture(scores, exact, agreement(scores, exact), scores.top(9)).numbers
    told = zip(numbers["edges"], numbers["estimated"], numbers["exact"], numbers["in_circuit"], strict=True)
    for edge, one, other, inside in told:
        assert (one, other, inside) == (scores.of(edge), exact.of(edge), edge in scores.top(9))
    assert numbers["edges"] == list(Circuit.full(GRAPH))


def test_a_name_that_ends_in_no_form_of_a_picture_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"must end in .svg, .png, .pdf. Got 'picture.gif'"):
        histogram_picture({"one": [1.0]}).save(tmp_path / "picture.gif")
