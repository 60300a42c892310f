"""NaN and infinity are refused where they are met, with the pair and the layer that they come from."""

from __future__ import annotations

import torch
from torch import Tensor

from edgewise.errors import BadNumbers
from edgewise.models.finite import first_broken_layer
from edgewise.models.transformer import Transformer
from edgewise.tasks.pairs import Batch


def require_finite(numbers: Tensor, model: Transformer, batch: Batch) -> None:
    """BadNumbers unless all numbers that came of running the batch are finite."""
    if numbers.isfinite().all():
        return
    came = f"NaN or infinity came out of the model {model.name}, in {model.dtype}"
    narrow = model.dtype in (torch.float16, torch.bfloat16)
    advice = "Load it as float32 (--dtype float32)." if narrow else "Check the model's weights."
    for which, tokens in (("clean", batch.clean), ("corrupted", batch.corrupted)):
        # Weights that are shared out no process can run alone.
        if tokens is None or model.is_shared_out:
            continue
        for row in range(len(batch)):
            broken = first_broken_layer(model, tokens[row : row + 1], batch.read[row : row + 1])
            if broken is not None:
                where = f"the {which} prompt of pair number {int(batch.index[row]) + 1}"
                raise BadNumbers(f"{came}, on {where}: {broken} is the first to write it. {advice}")
    though = "" if model.is_shared_out else ", though its plain runs are finite"
    raise BadNumbers(f"{came}{though}. {advice}")
