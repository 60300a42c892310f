"""The methods that find circuits. `METHODS` is the one table of them; each file here holds what one does.

To add one, write its file, with a `check(metric, pairs)` that tells what it cannot do and the function
`method(model, pairs, metric, replacer, *, batch_size, progress, ...its own options) -> Scores`;
give it an entry in `scorers`, in `learned` if it learns a mask, or here if it is made of others.
"""

from __future__ import annotations

from collections.abc import Mapping

from edgewise.methods import eap_then_acdc
from edgewise.methods.learned import LEARNED
from edgewise.methods.scorers import SCORERS, Method

EAP_THEN_ACDC = Method(
    name="eap-then-acdc",
    discover=eap_then_acdc.eap_then_acdc,
    check=eap_then_acdc.check,
    cost="the first method's, and 1 partial patched run for each edge it leaves",
    paper="Syed, Rager and Conmy 2023, arXiv:2310.10348",
    choose="Where ACDC takes too long; --set first=eap-ig-inputs to lose less.",
    by_tau=True,
)

METHODS: Mapping[str, Method] = {**SCORERS, EAP_THEN_ACDC.name: EAP_THEN_ACDC, **LEARNED}
