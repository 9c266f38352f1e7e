import pytest

from sordino.comparing.align import paired
from sordino.comparing.changed import with_changes
from sordino.comparing.hosts import host_effect
from sordino.comparing.texts import alike, resemblance


def quiet(*_):
    """No progress."""


def effect_of(a, b):
    return host_effect(with_changes(paired(a, b)))


def test_a_host_that_blocks_differs_in_delivery_and_reads_the_same(run_of):
    """What b blocks about XQ, a answers; whatever both deliver is withheld alike."""

    def said(t, j, language):
        return "DENIAL" if t % 3 == 0 else "COMPLETE"

    a = run_of(said)
    b = run_of(lambda t, j, language: "blocked_output" if j == "XQ" and t % 2 else said(t, j, language))
    effect = effect_of(a, b)
    assert effect.delivery_differs == ["blocked"]
    assert effect.deliveries["blocked"].b.value == pytest.approx(1 / 6)
    assert effect.reading.figure.value == 0.0
    assert effect.reading.is_none
    assert effect.reading.a.value == pytest.approx(1 / 3, abs=0.05)


def test_a_host_that_serves_another_model_differs_in_reading_alone(run_of):
    a = run_of(lambda *_: "COMPLETE")
    b = run_of(lambda t, *_: "PARTIAL" if t < 8 else "COMPLETE")
    effect = effect_of(a, b)
    assert effect.deliveries == {}
    assert effect.reading.is_shown
    assert not effect.reading.is_none


def test_each_thing_that_may_happen_on_the_way_is_told_apart(run_of):
    a = run_of(lambda *_: "COMPLETE")
    b = run_of(lambda t, *_: {0: "truncated", 1: "empty", 2: "error"}.get(t, "COMPLETE"))
    effect = effect_of(a, b)
    assert set(effect.deliveries) == {"truncated", "empty", "error"}
    assert {round(gap.figure.value, 3) for gap in effect.deliveries.values()} == {round(1 / 12, 3)}


def test_what_was_not_asked_on_either_side_is_no_delivery(run_of):
    a = run_of(lambda *_: "blocked_input")
    b = run_of(lambda t, *_: "not_asked" if t < 6 else "blocked_input")
    gap = effect_of(a, b).deliveries["blocked"]
    assert (gap.figure.n, gap.figure.value) == (6 * 3 * 2 * 2, 0.0)


def test_texts_are_compared_by_their_words_where_both_delivered(run_of, exchanges):
    a = run_of(lambda *_: "COMPLETE", languages=("en",), templates=2)
    b = run_of(lambda t, *_: "blocked_output" if t else "COMPLETE", languages=("en",), templates=2)
    pairs = paired(a, b)
    spaced = alike(pairs, exchanges("one two\nthree"), exchanges("one  two three "), quiet)
    assert (spaced.pairs, spaced.same, spaced.share, spaced.resemblance) == (6, 6, 1.0, None)
    other = alike(pairs, exchanges("one two three"), exchanges("one two four"), quiet)
    assert (other.same, other.share) == (0, 0.0)
    assert 0 < other.resemblance < 1
    assert alike(pairs.head(0), exchanges(), exchanges(), quiet).share is None


@pytest.mark.parametrize(
    ("a", "b", "near"),
    [("same", "same", 1.0), ("", "", 1.0), ("", "text", 0.0), ("abcdef", "abcdeg", 1 / 3)],
)
def test_resemblance_is_the_share_of_shingles_in_common(a, b, near):
    assert resemblance(a, b) == resemblance(b, a) == pytest.approx(near)
