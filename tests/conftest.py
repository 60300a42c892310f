"""Under pytest every jaxtyping annotation of the package is checked at run time by beartype."""

import os

# Tests run side by side, a core each: threads of their own would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from jaxtyping import install_import_hook

install_import_hook("edgewise", "beartype.beartype")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a model, prompts and a run of them."""
    from cli_cases import make_home

    return make_home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def chromium():
    """One browser, whose pages share nothing."""
    from benchmarks.browser import browser

    with browser() as found:
        yield found


@pytest.fixture
def done(home):
    """Its run."""
    from edgewise import load_run

    return load_run(home / "run")
