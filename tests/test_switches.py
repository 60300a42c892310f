"""The switches that no Hugging Face family has: compiled and small research models."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from edgewise.models.load import load
from edgewise.models.random import random_model
from edgewise.models.transformer import Transformer
from load_cases import SMALL, gpt2, tokens


def with_last_token_changed(model: Transformer) -> Tensor:
    """How much the logits of each position change when the last token does, [positions]."""
    changed = tokens()
    changed[:, -1] = (changed[:, -1] + 1) % 37
    return (model(tokens()) - model(changed)).abs().amax(dim=(0, 2))


SWITCHES: dict[str, dict[str, Any]] = {
    "attention-only": {"mlp_width": 0},
    "relu": {"activation": "relu"},
    "no norm": {"norm": "none", "final_norm": False},
    "no positions": {"positions": "none"},
    "positions for queries and keys": {"positions": "query-key"},
    "biases and rich": {"query_bias": True, "output_bias": True, "mlp_bias": True, "unembed_bias": True},
    "parallel": {"parallel": True},
    "grouped": {"key_value_heads": 2},
    "window": {"windows": (3, 0)},
}


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_switch_runs_changes_the_logits_and_keeps_the_model_causal(switch: str) -> None:
    model = random_model(replace(SMALL, **SWITCHES[switch]))
    logits = model(tokens())
    assert logits.isfinite().all()
    assert logits.std() > 0.1
    plain = random_model(SMALL)(tokens())
    assert not torch.allclose(logits, plain, atol=1e-3)
    assert torch.equal(with_last_token_changed(model)[:-1], torch.zeros(11))


def test_without_causality_the_first_position_depends_on_the_last_token() -> None:
    assert with_last_token_changed(random_model(replace(SMALL, causal=False)))[0] > 1e-3
    one_layer = replace(SMALL, causal=False, layers=1, rotaries=(), windows=(4,))
    changes = with_last_token_changed(random_model(one_layer))
    assert (changes[:8] == 0).all()
    assert (changes[8:] > 0).all()


def test_split_embeddings_give_identical_logits() -> None:
    theirs = gpt2()
    whole, apart = load(theirs), load(theirs, split_embeddings=True)
    assert len(apart.embed(tokens())) == 2
    assert torch.allclose(whole(tokens()), apart(tokens()), rtol=0, atol=1e-6)


def test_positions_for_queries_and_keys_stay_out_of_the_stream() -> None:
    model = random_model(replace(SMALL, positions="query-key", mlp_width=0))
    repeated = torch.full((1, 8), 5)
    logits = model(repeated)
    # Every value is that of the one token: where one looks makes no difference to what one sees.
    assert torch.allclose(logits, logits[:, :1].expand_as(logits), atol=1e-5)
    moved = replace(SMALL, positions="learned", mlp_width=0)
    assert not torch.allclose(
        random_model(moved)(repeated)[:, 0], random_model(moved)(repeated)[:, -1], atol=1e-2
    )
