"""Draws: from the right distribution, and each from its own request alone."""

import pytest
import torch
from scipy.stats import chisquare

from sordino.core.errors import SpecError
from sordino.core.identity import digest
from sordino.core.records import Sampling
from sordino.generation.sampling import processors

LOGITS = torch.tensor([2.0, 1.0, 0.0, -1.0, -50.0])
MANY = [digest(n) for n in range(4000)]


def draws(sampling, keys, logits=LOGITS, steps=1):
    """(keys, steps) drawn tokens."""
    chain = processors(sampling, keys, "cpu")
    rows = logits.expand(len(keys), -1)
    return torch.stack([chain(None, rows.clone()).argmax(-1) for _ in range(steps)], dim=1)


def test_greedy_takes_the_likeliest():
    for temperature in (0.0, None):
        assert draws(Sampling(temperature=temperature), MANY[:50]).unique().tolist() == [0]


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_draws_follow_the_softmax(temperature):
    counts = draws(Sampling(temperature=temperature), MANY).flatten().bincount(minlength=5)[:4]
    expected = torch.softmax(LOGITS[:4].double() / temperature, -1)
    assert chisquare(counts.numpy(), (expected / expected.sum() * counts.sum()).numpy()).pvalue > 0.001


def test_top_p_keeps_the_nucleus():
    drawn = draws(Sampling(temperature=1.0, top_p=0.8), MANY)
    assert drawn.unique().tolist() == [0, 1]  # 0.64 + 0.24 reach 0.8


def test_a_row_draws_the_same_in_any_company():
    sampling = Sampling(temperature=1.0)
    together = draws(sampling, MANY[:8], steps=6)
    alone = torch.cat([draws(sampling, [key], steps=6) for key in MANY[:8]])
    assert together.tolist() == alone.tolist()
    assert draws(sampling, MANY[:8][::-1], steps=6).flip(0).tolist() == together.tolist()
    assert len({tuple(row) for row in together.tolist()}) > 4


def test_rows_that_are_no_numbers_are_noted():
    chain = processors(Sampling(temperature=1.0, top_p=0.9), MANY[:3], "cpu")
    broken = LOGITS.expand(3, -1).clone()
    broken[1, 2] = float("nan")
    chain(None, LOGITS.expand(3, -1).clone())
    chain(None, broken)
    chain(None, LOGITS.expand(3, -1).clone())
    assert chain[0].sound() == [True, False, True]


@pytest.mark.parametrize("sampling", [Sampling(temperature=-1.0), Sampling(top_p=0.0), Sampling(top_p=1.5)])
def test_a_sampling_that_means_nothing_is_refused(sampling):
    with pytest.raises(SpecError, match=r"temperature -1|top_p is"):
        processors(sampling, MANY[:1], "cpu")
