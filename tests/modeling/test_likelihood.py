"""How likely texts are: against a plain loop over what the model itself says, one text at a time, unpadded."""

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest
import torch

from sordino.modeling.hooks import ablated, run
from sordino.modeling.likelihood import (
    FromLayer,
    continuations,
    divergence,
    leads,
    next_token,
    of_answers,
)

tiny = SimpleNamespace(**run_path(str(Path(__file__).with_name("tiny_architectures.py"))))
EVERY = pytest.mark.parametrize("model_type", sorted(tiny.CONFIGS))
MOST = 3
PAIRS = [
    ((5, 9, 11, 23), (7, 8)),
    ((40, 41), (30, 31, 32, 33, 34)),  # cut to MOST
    ((3, 4, 5, 6, 7, 8, 9), ()),
    ((12, 13, 14), (50,)),
    ((20, 21, 22, 23, 24), (25, 26, 27)),
]


@pytest.fixture(autouse=True)
def _without_gradients():
    with torch.no_grad():
        yield


def plainly(model, prompt, answer):
    """The log-probability of an answer and those of what follows its prompt, token by token."""
    total, first = 0.0, None
    for place in range(len(answer) + 1):
        ids = torch.tensor([[*prompt, *answer[:place]]])
        told = torch.log_softmax(model(input_ids=ids, use_cache=False).logits[0, -1].float(), -1)
        first = told if first is None else first
        if place < len(answer):
            total += float(told[answer[place]])
    return total, first


def logits_of(model, some):
    return run(model, some.batch, logits_to_keep=some.keep + 1)


@EVERY
def test_answers_are_as_likely_as_a_plain_loop_finds_them(model_type):
    model = tiny.built(model_type)
    expected = [plainly(model, prompt, answer[:MOST]) for prompt, answer in PAIRS]
    (some,) = continuations(PAIRS, most=MOST)
    logits = logits_of(model, some)
    told, first = of_answers(logits, some), next_token(logits, some)
    torch.testing.assert_close(told, torch.tensor([one for one, _ in expected]), atol=2e-4, rtol=1e-4)
    torch.testing.assert_close(first, torch.stack([one for _, one in expected]), atol=2e-4, rtol=1e-4)
    assert told[2] == 0
    assert len({round(float(value), 3) for value in told}) == len(PAIRS)


@EVERY
def test_a_token_leads_by_what_it_has_over_the_likeliest_other(model_type):
    model = tiny.built(model_type)
    (some,) = continuations(PAIRS, most=MOST)
    found = leads(logits_of(model, some), some)
    for row, (prompt, answer) in enumerate(PAIRS):
        for place, token in enumerate(answer[:MOST]):
            told = plainly(model, [*prompt, *answer[:place]], ())[1].tolist()
            lead = told.pop(token) - max(told)
            at = some.keep - len(answer[:MOST]) + place
            assert float(found[row, at]) == pytest.approx(lead, abs=2e-4)
    assert not found[~some.is_answer].any()


def test_what_is_written_greedily_leads_throughout():
    model = tiny.built("qwen2")
    prompt, written = list(PAIRS[0][0]), []
    for _ in range(MOST):
        written.append(int(plainly(model, [*prompt, *written], ())[1].argmax()))
    (some,) = continuations([(prompt, written)], most=MOST)
    assert (leads(logits_of(model, some), some) > 0).all()


def test_what_a_batch_holds():
    (some,) = continuations(PAIRS, most=MOST)
    ids, width = some.batch["input_ids"], some.batch["input_ids"].shape[1]
    assert (width, some.keep) == (8, MOST)
    for row, (prompt, answer) in enumerate(PAIRS):
        whole = [*prompt, *answer[:MOST]]
        assert ids[row, width - len(whole) :].tolist() == whole
        assert some.batch["attention_mask"][row].tolist() == [0] * (width - len(whole)) + [1] * len(whole)
        told = ids[row, width - some.keep :][some.is_answer[row]]
        assert told.tolist() == list(answer[:MOST])


@pytest.mark.parametrize("model_type", ["qwen2", "gemma2", "deepseek_v3"])
def test_padding_and_batches_do_not_matter(model_type):
    model = tiny.built(model_type)

    def all_of(**given):
        batches = continuations(PAIRS, most=MOST, **given)
        logits = [logits_of(model, some) for some in batches]
        return (
            torch.cat([of_answers(one, some) for one, some in zip(logits, batches, strict=True)]),
            torch.cat([next_token(one, some) for one, some in zip(logits, batches, strict=True)]),
        )

    whole = all_of()
    for other in (all_of(rows=1), all_of(rows=2)):
        for mine, theirs in zip(whole, other, strict=True):
            torch.testing.assert_close(mine, theirs, atol=2e-4, rtol=1e-4)


def test_a_batch_of_prompts_alone_has_no_answer_to_find():
    model = tiny.built("llama")
    (some,) = continuations([(prompt, ()) for prompt, _ in PAIRS], most=0)
    logits = logits_of(model, some)
    assert logits.shape[1] == 1
    assert of_answers(logits, some).tolist() == [0.0] * len(PAIRS)
    expected = torch.stack([plainly(model, prompt, ())[1] for prompt, _ in PAIRS])
    torch.testing.assert_close(next_token(logits, some), expected, atol=2e-4, rtol=1e-4)


def test_no_pairs_are_no_batch():
    assert continuations([], most=3) == []


# -- divergence --------------------------------------------------------------------------------------------


def test_divergence_of_known_coins():
    before, after = torch.tensor([0.5, 0.5]).log(), torch.tensor([0.25, 0.75]).log()
    assert float(divergence(before, after)) == pytest.approx(0.5 * torch.tensor(4 / 3).log().item())
    assert float(divergence(after, before)) == pytest.approx(0.130812, abs=1e-5)


def test_divergence_is_zero_for_the_same_and_never_less():
    noise = torch.Generator().manual_seed(0)
    before, after = (torch.log_softmax(4 * torch.randn(50, 3, 40, generator=noise), -1) for _ in range(2))
    apart = divergence(before, after)
    assert apart.shape == (50, 3)
    assert (apart > 0.1).all()
    assert divergence(before, before).abs().max() == 0


# -- from a layer ------------------------------------------------------------------------------------------


@EVERY
def test_from_any_layer_it_is_the_whole_pass(model_type):
    model, batches = tiny.built(model_type), continuations(PAIRS, most=MOST, rows=3)
    whole = [logits_of(model, some) for some in batches]
    for layer in range(tiny.LAYERS + 1):
        cached = FromLayer(model, batches, layer)
        for index, expected in enumerate(whole):
            torch.testing.assert_close(cached.logits(index), expected)


def test_what_is_below_the_layer_is_not_computed_again():
    model, batches = tiny.built("qwen2"), continuations(PAIRS, most=MOST)
    cached, whole = FromLayer(model, batches, 2), logits_of(model, batches[0])
    with ablated(model, {0: (tiny.directions(), 1.0)}):
        torch.testing.assert_close(cached.logits(0), whole)
        assert (FromLayer(model, batches, 2).logits(0) - whole).abs().max() > 0.01
    with ablated(model, {2: (tiny.directions(), 1.0)}):
        edited = cached.logits(0)
        torch.testing.assert_close(edited, logits_of(model, batches[0]))
    assert (edited - whole).abs().max() > 0.01
