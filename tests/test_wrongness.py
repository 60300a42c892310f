"""What is maximally wrong, by its four definitions."""

import pytest
import torch

from edgewise.errors import BadInput
from edgewise.methods.options import own_options
from edgewise.methods.weight_gradients import check, weight_gradient_edges, weight_gradients
from edgewise.methods.wrongness import NEEDS, check_wrong, least_similar, wrong_losses
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Batch, Pairs
from tiny_models import tiny_model

EVERY_WRONG = pytest.mark.parametrize("wrong", NEEDS)

LOGITS = torch.tensor([[[3.0, 1.0, 0.0, -2.0], [1.0, 2.0, 4.0, 1.0]]])
"""One example, two reads, four tokens."""
UNEMBED = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 5.0], [-0.1, 0.1]])


def batch_of(correct, wrong):
    tokens = torch.zeros(1, 2, dtype=torch.long)
    answers = (torch.tensor([each], dtype=torch.long) for each in (correct, wrong))
    return Batch(tokens, None, torch.tensor([[0, 1]]), *answers, None, torch.tensor([0]))


def loss_of(wrong, correct, wrong_answers):
    return float(wrong_losses(wrong, LOGITS, batch_of(correct, wrong_answers), UNEMBED))


def test_difference_is_the_squared_distance_of_the_two_answers_mean_logits():
    assert loss_of("difference", [0], [3]) == pytest.approx((5**2 + 0**2) / 2)
    assert loss_of("difference", [0, 1, -1], [3, -1]) == pytest.approx((4**2 + 0.5**2) / 2)


def test_dissimilar_compares_with_the_token_whose_row_points_away_the_most():
    assert least_similar(UNEMBED, torch.tensor([[0]])).tolist() == [3]
    assert loss_of("dissimilar", [0], []) == pytest.approx((5**2 + 0**2) / 2)
    # Cosines with the third token: 0, .707 and .707.
    assert least_similar(UNEMBED, torch.tensor([[2, -1]])).tolist() == [0]
    # A correct answer is not wrong however unlike its fellows it is: 3 is the least like 0 and 1.
    assert least_similar(UNEMBED, torch.tensor([[0, 1, 3]])).tolist() == [2]
    assert least_similar(UNEMBED, torch.tensor([[0, -1, -1], [0, 1, 3]])).tolist() == [3, 2]


def test_inverse_turns_the_centred_logits_round_and_holds_the_target_still():
    logits = LOGITS.clone().requires_grad_()
    loss = wrong_losses("inverse", logits, batch_of([], []), UNEMBED)
    centred = LOGITS - LOGITS.mean(-1, keepdim=True)
    torch.testing.assert_close(loss, (2 * centred).square().mean((-1, -2)))
    torch.testing.assert_close(torch.autograd.grad(loss.sum(), logits)[0], 4 * centred / 8)
    shifted = wrong_losses("inverse", LOGITS + 7, batch_of([], []), UNEMBED)
    torch.testing.assert_close(shifted, loss.detach())


def test_inverse_of_a_single_number_is_its_opposite():
    one = torch.tensor([[[0.5], [0.25]]])
    loss = wrong_losses("inverse", one, batch_of([], []), UNEMBED[:1])
    assert float(loss) == pytest.approx((1**2 + 0.5**2) / 2)


def test_counterpart_is_the_cross_entropy_of_all_wrong_answers():
    probability = LOGITS.softmax(-1)[0]
    expected = -(probability[:, 1] + probability[:, 3]).log().mean()
    assert loss_of("counterpart", [0], [1, 3, -1]) == pytest.approx(float(expected))


def test_the_gradient_of_counterpart_pulls_towards_the_wrong_answer():
    logits = LOGITS.clone().requires_grad_()
    wrong_losses("counterpart", logits, batch_of([0], [3]), UNEMBED).sum().backward()
    falling = -logits.grad
    assert (falling[..., 3] > 0).all()
    assert (falling[..., :3] < 0).all()


@EVERY_WRONG
def test_pairs_without_the_answers_that_a_definition_needs_are_refused_by_what_is_missing(wrong):
    model = tiny_model("plain")
    pairs = Pairs.from_list([{"clean": [1, 2, 3], "target": [0.5] * 50}], model)
    problems = check_wrong("weight-gradients", wrong, pairs)
    assert problems == check(METRICS["mean-squared-error"], pairs, wrong)
    assert [problem.partition("'")[2].partition("'")[0] for problem in problems] == list(NEEDS[wrong])
    assert all("choose wrong=inverse" in problem and "pair 0" in problem for problem in problems)
    if problems:
        with pytest.raises(BadInput) as caught:
            weight_gradients(model, pairs, wrong=wrong)
        assert list(caught.value.problems) == problems
    else:
        found = weight_gradients(model, pairs, wrong=wrong)
        assert torch.cat([found.sources, found.readers[:-1]]).min() > 0


def test_without_the_option_the_check_is_that_of_the_default():
    pairs = Pairs.from_list([{"clean": [1, 2, 3]}], tiny_model("plain"))
    default = own_options(weight_gradient_edges)["wrong"].default
    assert check(METRICS["kl"], pairs) == check(METRICS["kl"], pairs, default) != []
