"""Batches are the same again after whole batches were taken out."""

from hypothesis import given
from hypothesis import strategies as st

from sordino.core.identity import make_request
from sordino.core.records import Sampling
from sordino.generation.batching import cut
from sordino.generation.prompts import Prompt


@st.composite
def prompts(draw):
    number = draw(st.integers(0, 25))
    return [
        Prompt(
            make_request(
                f"{n}?", "r", sampling=Sampling(temperature=draw(st.sampled_from([0.0, None, 0.7])))
            ),
            ids=(1,) * draw(st.integers(1, 12)),
            room=draw(st.sampled_from([8, 16])),
            problem=draw(st.sampled_from([None, None, None, "too long"])),
        )
        for n in range(number)
    ]


def size_of(prompt):
    return 40 // (len(prompt.ids) + prompt.room)


def keys(batches):
    return [[prompt.request.key for prompt in batch] for batch in batches]


@given(prompts(), st.data())
def test_what_is_left_after_whole_batches_is_cut_as_before(asked, data):
    batches = cut(asked, size_of)
    left = [batch for batch in batches if data.draw(st.booleans())]
    again = data.draw(st.permutations([prompt for batch in left for prompt in batch]))
    assert keys(cut(again, size_of)) == keys(left)


@given(prompts())
def test_every_prompt_is_in_one_batch_that_fits_it(asked):
    batches = cut(asked, size_of)
    assert sorted(key for batch in keys(batches) for key in batch) == sorted(p.request.key for p in asked)
    for batch in batches:
        lengths = [len(prompt.ids) for prompt in batch]
        assert lengths == sorted(lengths, reverse=True)
        assert len(batch) <= max(1, size_of(batch[0]))
        assert len({(p.room, p.request.sampling.temperature or 0, p.problem is None) for p in batch}) == 1


def test_a_prompt_that_fits_nowhere_is_alone():
    (only,) = cut([Prompt(make_request("?", "r"), ids=(1,), room=1)], lambda _: 0)
    assert len(only) == 1
