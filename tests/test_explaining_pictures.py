"""The pictures that explain how it works: drawn by their script, and readable."""

from itertools import combinations

import pytest
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from site_making import pictures

from edgewise.pictures.paper import SETTINGS


def test_the_pictures_are_those_that_the_script_draws(tmp_path):
    pictures.draw_all(tmp_path)
    assert sorted(path.name for path in pictures.FOLDER.iterdir()) == sorted(
        path.name for path in tmp_path.iterdir()
    )
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (pictures.FOLDER / path.name).read_bytes(), path.name


@pytest.mark.parametrize("name", pictures.PICTURES)
def test_no_text_of_a_picture_lies_on_another_or_beyond_its_edge(name):
    with rc_context(SETTINGS):
        figure = pictures.drawn(name)
        renderer = FigureCanvasAgg(figure).get_renderer()
        places = {text: text.get_window_extent(renderer) for text in figure.axes[0].texts}
    for one, other in combinations(places.items(), 2):
        assert not one[1].overlaps(other[1]), (one[0].get_text(), other[0].get_text())
    for text, place in places.items():
        inside = (figure.bbox.containsx(each) for each in (place.x0, place.x1))
        above = (figure.bbox.containsy(each) for each in (place.y0, place.y1))
        assert all((*inside, *above)), text.get_text()
