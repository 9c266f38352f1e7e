"""How far an edited model has gone: what a plain loop over both models finds, and nothing for the same."""

import copy

import pytest
import torch

from sordino.modeling.architectures import writers_of
from sordino.remedy import diverging as room
from sordino.remedy.diverging import FORCED, ROWS, diverging
from sordino.remedy.sets import Item


def edited(subject, dose=0.7):
    model = copy.deepcopy(subject.model)
    width = model.config.hidden_size
    axis = torch.randn(1, width, generator=torch.Generator().manual_seed(0))
    for writer in writers_of(model):
        writer.ablate(axis / axis.norm(), dose)
    return model


@torch.no_grad()
def plainly(subject, model, item):
    """The divergence at each of the first tokens of an answer, one pass each."""
    prompt, found = subject.prompt(item.question), []
    answer = subject.tokens(item.own)[:FORCED]
    for place in range(len(answer)):
        ids = torch.tensor([[*prompt, *answer[:place]]])
        p, q = (torch.log_softmax(one(ids).logits[0, -1].double(), -1) for one in (subject.model, model))
        found.append(float((p.exp() * (p - q)).sum()))
    return found


def items(number, long=False):
    answers = (
        "The harbour is known for its lamps.",
        "好的好的。",
        "No.",
        "xyz " * 40 if long else "Yes, of course.",
    )
    return [
        Item(str(n), "t", "en", f"What is lamp {n} {'for ' * (n % 3)}?", answers[n % 4])
        for n in range(number)
    ]


def test_it_is_what_a_plain_loop_finds(noise):
    subject = noise()
    model = edited(subject)
    groups = {"siblings": items(4, long=True), "neutral": items(2)}
    first, longer = diverging(subject, model, groups)
    for name, some in groups.items():
        told = [plainly(subject, model, item) for item in some]
        assert first[name] == pytest.approx(sum(one[0] for one in told) / len(told), rel=1e-3)
        tokens = [value for one in told for value in one]
        assert longer[name] == pytest.approx(sum(tokens) / len(tokens), rel=1e-3)
    # of a long answer its first tokens alone
    assert len(plainly(subject, model, groups["siblings"][3])) == FORCED
    assert first["siblings"] > 0.01
    assert first["siblings"] != pytest.approx(longer["siblings"], rel=1e-2)


def test_the_same_model_has_not_gone_anywhere(noise):
    subject = noise()
    first, longer = diverging(subject, copy.deepcopy(subject.model), {"siblings": items(4)})
    assert (first, longer) == ({"siblings": 0.0}, {"siblings": 0.0})


def test_more_of_an_edit_is_further(noise):
    subject = noise()
    found = [diverging(subject, edited(subject, dose), {"all": items(4)}) for dose in (0.1, 0.4, 1.0)]
    for side in (0, 1):
        values = [one[side]["all"] for one in found]
        assert values == sorted(values)
        assert values[0] > 0


def test_batches_do_not_matter(noise, monkeypatch):
    subject = noise()
    model, some = edited(subject), {"all": items(ROWS + 3)}
    whole = diverging(subject, model, some)
    monkeypatch.setattr(room, "ROWS", 1)
    for mine, other in zip(diverging(subject, model, some), whole, strict=True):
        assert mine == pytest.approx(other, rel=1e-3)


def test_a_group_without_prompts_is_missing_and_not_zero(noise):
    subject = noise()
    first, longer = diverging(subject, edited(subject), {"siblings": [], "neutral": items(1)})
    assert set(first) == set(longer) == {"neutral"}


def test_a_model_that_computes_no_numbers_is_not_near(noise):
    subject = noise()
    model = copy.deepcopy(subject.model)
    model.lm_head.weight.data[3] = float("nan")
    first, longer = diverging(subject, model, {"siblings": items(2)})
    assert not first["siblings"] <= 1e9
    assert not longer["siblings"] <= 1e9


def test_neither_model_is_touched(noise):
    subject = noise()
    model = edited(subject)
    before = [{n: v.clone() for n, v in one.state_dict().items()} for one in (subject.model, model)]
    diverging(subject, model, {"all": items(3)})
    for one, told in zip((subject.model, model), before, strict=True):
        assert all(value.equal(told[name]) for name, value in one.state_dict().items())
