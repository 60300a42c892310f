"""The table of docs/scaling.md, from `ew.plan`: `python tests/plan_table.py` prints its rows."""

import edgewise as ew
from documents import ROOT
from edgewise.planning.fits import shown_bytes

SHAPES = ("gpt2", "gpt2-xl", "pythia-2.8b", "llama-3.1-8b", "codellama-13b")


def row(shape: str) -> list[str]:
    config = str(ROOT / "docs" / "scaling" / f"{shape}.json")
    eap, learned, acdc = (
        ew.plan(config, method, dtype="bfloat16") for method in ("eap", "edge-pruning", "acdc")
    )
    measuring = sum(eap.moments["circuits are measured"].values())
    sizes = (each.search_bytes for each in (eap, learned, acdc))
    operations = (f"{each.operations_of_one / 1e12:.3g}" for each in (eap, learned))
    weights = eap.parts["weights"]
    return [shape, f"{eap.edges:,}", *map(shown_bytes, (weights, *sizes, measuring)), *operations]


if __name__ == "__main__":
    for shape in SHAPES:
        print("|", " | ".join(row(shape)), "|")
