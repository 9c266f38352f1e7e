"""What names of question sets say, and that others say nothing."""

import pytest

from sordino.generation.question_sets import QuestionSet


@pytest.mark.parametrize(
    ("name", "language", "jurisdiction"),
    [
        ("china_criticism", "en", "CN"),
        ("us_criticism", "en", "US"),
        ("eu_criticism", "en", "EU"),  # and no set in Basque, whose tag is eu
        ("russia_criticism", "en", "RU"),
        ("zh_china_criticism", "zh", "CN"),
        ("fi_china_criticism", "fi", "CN"),
        ("us_hard", "en", "US"),
        ("fr_france_protest", "fr", "FR"),
        ("xb_atlas", "en", "XB"),
        ("zh_xc_atlas", "zh", "XC"),
        ("USA_criticism", "en", "US"),
        ("ethics_hard", None, None),
        ("zh_ethics", None, None),
        ("criticism", None, None),
        ("", None, None),
        ("_", None, None),
        ("żó_\u202e", None, None),
        ("south_korea_criticism", "en", "KR"),
        ("zh_united_states", "zh", "US"),
    ],
)
def test_names(name, language, jurisdiction):
    found = QuestionSet.named(name)
    assert (found.name, found.language, found.jurisdiction) == (name, language, jurisdiction)


def test_siblings_share_a_template():
    sets = [QuestionSet.named(name) for name in ("zh_china_criticism", "us_criticism", "ethics_hard")]
    ids = ("china_criticism_07", "us_criticism_07", "us_criticism_07")
    assert [s.template(i) for s, i in zip(sets, ids, strict=True)] == [
        "criticism_07",
        "criticism_07",
        "us_criticism_07",
    ]
    assert QuestionSet.named("us_criticism").template("us_") == "us_"
