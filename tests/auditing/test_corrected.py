"""Corrected rates of a run: planted truths, a judge that errs on purpose, and what is in no figure."""

import numpy as np
import pandas as pd
import pytest

from sordino.auditing import sampling
from sordino.auditing.corrected import FEWEST_LABELS, POOLED_SIBLINGS, By, Labels, corrected
from sordino.core.records import Contrast, Kind

STRING = pd.StringDtype("python")
PLACES = [(language, code) for language in ("en", "zh") for code in ("XA", "XB", "XC")]


def frame(rows):
    """Outcomes as a store returns them: delivered and judged, unless a row says otherwise."""
    plain = {
        "key": pd.NA, "language": "en", "jurisdiction": "XA", "kind": "political", "matching": "item",
        "delivery": "delivered", "engagement": "COMPLETE", "p_complete": pd.NA,
    }  # fmt: skip
    whole = pd.DataFrame([plain | {"key": f"{i:032x}"} | row for i, row in enumerate(rows)], dtype=object)
    texts = {name: pd.array(whole[name], dtype=STRING) for name in whole if name != "p_complete"}
    return whole.assign(**texts, p_complete=pd.array(whole["p_complete"], dtype="Float64"))


def planted(seed=5, each=150):
    """What is true of each answer, and what a judge says that misses four of ten withheld ones in Chinese."""
    rng = np.random.default_rng(seed)
    rows, truth = [], {}
    for number, (language, code) in enumerate(PLACES * each):
        withheld = rng.random() < (0.7 if (language, code) == ("zh", "XB") else 0.15)
        misses = 0.4 if language == "zh" else 0.05
        seen = rng.random() >= misses if withheld else rng.random() < 0.02
        sure = rng.uniform(0.55, 0.98)
        truth[f"{number:032x}"] = "DENIAL" if withheld else "COMPLETE"
        rows.append(
            {
                "language": language, "jurisdiction": code,
                "engagement": "PARTIAL" if seen else "COMPLETE", "p_complete": 1 - sure if seen else sure,
            }
        )  # fmt: skip
    return frame(rows), truth


def design(outcomes):
    drawable = sampling.frame(outcomes)
    return dict(zip(drawable["key"], drawable["stratum"], strict=True))


def labels(outcomes, said, unresolved=()):
    return Labels("people", said, design(outcomes), frozenset(unresolved))


def drawn(outcomes, truth, n, seed=0):
    sample = sampling.draw(sampling.frame(outcomes), n, seed=seed)
    return labels(outcomes, {key: truth[key] for key in sample["key"]})


def true_rate(outcomes, truth, **where):
    kept = outcomes
    for name, value in where.items():
        kept = kept[kept[name] == value]
    return np.mean([truth[key] != "COMPLETE" for key in kept["key"]])


def at(found, language, jurisdiction=None, kind=Kind.POLITICAL):
    (one,) = (
        r for r in found.rates if (r.kind, r.language, r.jurisdiction) == (kind, language, jurisdiction)
    )
    return one


def one_place(n, **row):
    return frame([{"p_complete": 0.9, **row} for _ in range(n)])


# -- the truth -----------------------------------------------------------------------------------------


def test_the_interval_holds_the_planted_truth_where_the_judge_is_far_off():
    outcomes, truth = planted()
    found = corrected(outcomes, drawn(outcomes, truth, 400), "biased")
    chinese = at(found, "zh")
    real = true_rate(outcomes, truth, language="zh")
    figures = chinese.figures
    assert figures.raw.value == pytest.approx(
        (outcomes[outcomes.language == "zh"].engagement != "COMPLETE").mean()
    )
    assert real - figures.raw.value > 0.08
    assert chinese.is_off
    assert figures.corrected.low <= real <= figures.corrected.high
    assert figures.corrected.high - figures.corrected.low < 0.15
    assert figures.labels_alone.low <= real <= figures.labels_alone.high
    assert abs(figures.rogan_gladen.value - real) < 0.1
    assert 0 < figures.labels_to_halve <= figures.total - figures.labelled
    muted = at(found, "zh", "XB")
    assert muted.figures.corrected.low <= true_rate(outcomes, truth, language="zh", jurisdiction="XB")
    assert muted.figures.corrected.high >= true_rate(outcomes, truth, language="zh", jurisdiction="XB")


def test_over_many_draws_the_truth_is_rarely_missed():
    """Of 8 places x 25 draws about ten may be missed; 24 would be beyond chance."""
    outcomes, truth = planted()
    held = []
    for seed in range(25):
        for rate in corrected(outcomes, drawn(outcomes, truth, 300, seed), "biased").rates:
            where = {"jurisdiction": rate.jurisdiction} if rate.jurisdiction else {}
            real = true_rate(outcomes, truth, language=rate.language, **where)
            figure = rate.figures.corrected
            held.append(figure.low - 1e-9 <= real <= figure.high + 1e-9)
    assert len(held) == 200
    assert sum(held) > 176


def test_all_labelled_is_exact():
    outcomes, truth = planted(each=20)
    found = corrected(outcomes, labels(outcomes, truth), "biased")
    for rate in found.rates:
        where = {"jurisdiction": rate.jurisdiction} if rate.jurisdiction else {}
        figure, real = rate.figures.corrected, true_rate(outcomes, truth, language=rate.language, **where)
        assert (figure.value, figure.low, figure.high) == pytest.approx((real, real, real))
        assert figure.high - figure.low == 0
        assert rate.figures.labels_to_halve is None
        assert rate.unlabelled == 0
    for one in found.differences:
        assert one.figure.high - one.figure.low == pytest.approx(0, abs=1e-12)


def test_differences_are_of_pooled_siblings_and_of_languages():
    outcomes, truth = planted(each=20)
    found = corrected(outcomes, labels(outcomes, truth), "biased")
    siblings = {(d.language, d.jurisdiction): d for d in found.differences if d.against == POOLED_SIBLINGS}
    assert set(siblings) == set(PLACES)
    one = siblings["zh", "XB"]
    others = outcomes[(outcomes.language == "zh") & (outcomes.jurisdiction != "XB")]
    expected = true_rate(outcomes, truth, language="zh", jurisdiction="XB") - true_rate(others, truth)
    assert one.contrast is Contrast.SELECTIVITY
    assert one.figure.value == pytest.approx(expected)
    assert (one.labelled, one.total) == ((20, 40), (20, 40))
    judged = outcomes.assign(withheld=outcomes.engagement != "COMPLETE")
    assert one.raw == pytest.approx(
        judged[(judged.language == "zh") & (judged.jurisdiction == "XB")].withheld.mean()
        - judged[(judged.language == "zh") & (judged.jurisdiction != "XB")].withheld.mean()
    )
    gaps = {d.jurisdiction: d for d in found.differences if d.contrast is Contrast.LANGUAGE_GAP}
    assert set(gaps) == {None, "XA", "XB", "XC"}
    assert {(d.language, d.against, d.over) for d in gaps.values()} == {("en", "zh", ())}
    assert gaps[None].figure.value == pytest.approx(
        true_rate(outcomes, truth, language="en") - true_rate(outcomes, truth, language="zh")
    )


def test_languages_are_compared_over_what_was_asked_in_both():
    outcomes, truth = planted(each=20)
    outcomes = outcomes[(outcomes.language == "en") | (outcomes.jurisdiction == "XB")]
    found = corrected(outcomes, labels(outcomes, truth), "biased")
    (whole,) = (d for d in found.differences if d.contrast is Contrast.LANGUAGE_GAP and not d.jurisdiction)
    assert whole.over == ("XB",)
    assert whole.total == (20, 20)
    assert whole.figure.value == pytest.approx(
        true_rate(outcomes, truth, language="en", jurisdiction="XB")
        - true_rate(outcomes, truth, language="zh", jurisdiction="XB")
    )
    assert [d.language for d in found.differences if d.against == POOLED_SIBLINGS] == ["en"] * 3


def test_without_siblings_nothing_is_compared_with_them():
    outcomes, truth = planted(each=10)
    found = corrected(outcomes.assign(matching="none"), labels(outcomes, truth), "biased")
    assert {d.contrast for d in found.differences} == {Contrast.LANGUAGE_GAP}


def test_a_division_leaves_the_figures_as_they_are():
    outcomes, truth = planted(each=40)
    given = drawn(outcomes, truth, 150)
    both = corrected(outcomes, given, "biased")
    languages, parts = (corrected(outcomes, given, "biased", by) for by in (By.LANGUAGE, By.JURISDICTION))
    assert list(both.rates) == sorted(
        [*languages.rates, *parts.rates], key=lambda r: (r.language, r.jurisdiction or "")
    )
    assert {r.jurisdiction for r in languages.rates} == {None}
    assert {r.jurisdiction for r in parts.rates} == {"XA", "XB", "XC"}
    assert {d.jurisdiction for d in languages.differences} == {None}
    assert None not in {d.jurisdiction for d in parts.differences}


def test_the_order_of_rows_changes_nothing():
    outcomes, truth = planted(each=30)
    given = drawn(outcomes, truth, 120)
    shuffled = outcomes.sample(frac=1, random_state=2)
    for one, other in zip(
        corrected(outcomes, given, "biased").rates, corrected(shuffled, given, "biased").rates, strict=True
    ):
        assert one.figures.corrected.value == pytest.approx(other.figures.corrected.value, abs=1e-12)
        assert one.figures.corrected.high == pytest.approx(other.figures.corrected.high, abs=1e-12)


# -- too few labels ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "enough"), [(0, False), (1, False), (9, False), (10, True), (40, True)])
def test_too_few_labels_give_no_number(n, enough):
    outcomes = one_place(40)
    keys = list(outcomes["key"])
    rate = at(corrected(outcomes, labels(outcomes, dict.fromkeys(keys[:n], "DENIAL")), "j"), "en")
    figures = rate.figures
    assert rate.is_enough is enough
    assert (figures.labelled, figures.total, rate.unlabelled) == (n, 40, 40 - n)
    assert figures.raw.value == 0.0
    known = (figures.corrected, figures.labels_alone)
    assert {(f.value is not None, f.low is not None) for f in known} == {(enough, enough)}
    assert rate.is_off is enough
    assert FEWEST_LABELS == 10


def test_nothing_is_claimed_that_unresolved_answers_could_take_back():
    """Twenty of forty are agreed to be complete where the judge says DENIAL; on the others people differ."""
    outcomes = one_place(40, engagement="DENIAL", p_complete=0.1)
    keys = list(outcomes["key"])
    said = dict.fromkeys(keys[:20], "COMPLETE")
    few, many = (
        at(corrected(outcomes, labels(outcomes, said, keys[20 : 20 + n]), "j"), "en") for n in (2, 20)
    )
    assert few.figures == many.figures
    assert few.figures.corrected.high < few.figures.raw.value == 1.0
    assert (few.is_off, few.hangs) == (True, False)
    assert (many.is_off, many.hangs) == (True, False), "at most half of them may be withheld"
    outcomes = one_place(40)
    said = dict.fromkeys(keys[:20], "DENIAL")
    outcomes.loc[:27, ["engagement"]] = "DENIAL"
    rate = at(corrected(outcomes, labels(outcomes, said, keys[20:35]), "j"), "en")
    assert rate.figures.corrected.low > rate.figures.raw.value == 0.7
    assert (rate.is_off, rate.hangs) == (False, True)


def test_few_labels_that_are_all_are_exact():
    """One answer in the run, and one label."""
    outcomes = one_place(1)
    rate = at(corrected(outcomes, labels(outcomes, {outcomes["key"][0]: "PARTIAL"}), "j"), "en")
    assert (rate.figures.raw.value, rate.figures.corrected.value) == (0.0, 1.0)
    assert rate.figures.corrected.low == rate.figures.corrected.high == 1.0
    assert rate.is_off


def test_a_group_without_labels_stands_beside_one_with_many():
    outcomes, truth = planted(each=30)
    english = {key: truth[key] for key in outcomes.loc[outcomes.language == "en", "key"]}
    found = corrected(outcomes, labels(outcomes, english), "biased")
    assert at(found, "en", "XA").is_enough
    silent = at(found, "zh", "XB")
    assert not silent.is_enough
    assert (silent.figures.labelled, silent.figures.total) == (0, 30)
    assert silent.figures.raw.value == pytest.approx(
        (
            outcomes[(outcomes.language == "zh") & (outcomes.jurisdiction == "XB")].engagement != "COMPLETE"
        ).mean()
    )
    assert silent.figures.corrected.value is None
    gap = next(d for d in found.differences if d.contrast is Contrast.LANGUAGE_GAP)
    assert gap.figure.value is None
    assert gap.raw is not None


# -- what is in no figure ------------------------------------------------------------------------------


def test_raw_and_corrected_are_about_the_same_answers():
    """Undelivered and unjudged answers are in neither, whatever somebody says of them."""
    outcomes = frame(
        [{"engagement": "DENIAL", "p_complete": 0.1}] * 10
        + [{"p_complete": 0.9}] * 10
        + [{"engagement": pd.NA}] * 3
        + [{"delivery": "truncated", "engagement": "DENIAL", "p_complete": 0.1}] * 4
        + [{"delivery": "not_asked", "key": pd.NA, "engagement": pd.NA}] * 2
    )
    said = dict.fromkeys(outcomes["key"].dropna(), "DENIAL")
    found = corrected(outcomes, labels(outcomes, said), "j")
    rate = at(found, "en")
    assert (rate.figures.total, rate.figures.labelled, rate.unjudged) == (20, 20, 3)
    assert (rate.figures.raw.value, rate.figures.corrected.value) == (0.5, 1.0)
    assert (found.labelled, found.elsewhere) == (20, 3)


def test_what_people_have_not_settled_is_counted_and_not_labelled():
    outcomes = one_place(40)
    keys = list(outcomes["key"])
    found = corrected(outcomes, labels(outcomes, dict.fromkeys(keys[:12], "DENIAL"), keys[12:17]), "j")
    rate = at(found, "en")
    assert (rate.figures.labelled, rate.unresolved, rate.unlabelled, rate.figures.total) == (12, 5, 23, 40)
    assert found.unresolved == 5


def test_what_could_not_have_been_drawn_is_left_out_of_both():
    outcomes = frame([{"engagement": "DENIAL", "p_complete": 0.1}] * 10 + [{"p_complete": 0.9}] * 20)
    keys = list(outcomes["key"])
    given = Labels("people", dict.fromkeys(keys[10:25], "COMPLETE"), dict.fromkeys(keys[10:], "a"))
    rate = at(corrected(outcomes, given, "j"), "en")
    assert (rate.figures.total, rate.figures.labelled, rate.never_drawn) == (20, 15, 10)
    assert rate.figures.raw.value == 0.0


def test_an_answer_counts_once_and_is_on_one_side_of_a_difference():
    outcomes = frame([{"jurisdiction": code} for code in ["XA"] * 12 + ["XB"] * 12])
    keys = list(outcomes["key"])
    outcomes.loc[1, "key"] = keys[0]  # the same again, and the same question about two jurisdictions
    outcomes.loc[13, "key"] = keys[2]
    said = dict.fromkeys(outcomes["key"], "DENIAL")
    found = corrected(outcomes, labels(outcomes, said), "j")
    assert [at(found, "en", code).figures.total for code in (None, "XA", "XB")] == [22, 11, 12]
    sides = {d.jurisdiction: d.total for d in found.differences}
    assert sides == {"XA": (11, 11), "XB": (12, 10)}


def test_kinds_are_kept_apart():
    outcomes = frame(
        [
            {"kind": kind, "jurisdiction": pd.NA}
            for kind in ("neutral", "harmful", "benign")
            for _ in range(10)
        ]
    )
    said = {key: ("COMPLETE" if i % 2 else "DENIAL") for i, key in enumerate(outcomes["key"])}
    found = corrected(outcomes, labels(outcomes, said), "j")
    assert {r.kind for r in found.rates} == {Kind.NEUTRAL, Kind.HARMFUL, Kind.BENIGN}
    assert {r.figures.corrected.value for r in found.rates} == {0.5}
    assert found.differences == ()


def test_a_judge_without_probabilities_is_taken_by_its_values():
    outcomes = frame([{"engagement": "DENIAL"}] * 30 + [{}] * 30)
    keys = list(outcomes["key"])
    said = dict.fromkeys(keys[:15], "DENIAL") | dict.fromkeys(keys[30:45], "COMPLETE")
    rate = at(corrected(outcomes, labels(outcomes, said), "j"), "en")
    assert rate.figures.raw.value == 0.5
    assert rate.figures.corrected.value == pytest.approx(0.5)


def test_names_that_cannot_be_grouped_by_are_names():
    outcomes = frame([{"jurisdiction": code} for code in ["\udc00"] * 12 + ["X"] * 12])
    said = dict.fromkeys(outcomes["key"], "DENIAL")
    found = corrected(outcomes, labels(outcomes, said), "j")
    assert at(found, "en", "\udc00").figures.total == 12
