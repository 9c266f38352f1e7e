"""Templates from the ids of a recording's questions."""

import pytest

from sordino.generation.siblings import are_shared, templates


def derived(*ids):
    return [templates(ids)[i] for i in ids]


CN, US, ZH = ("CN", "en"), ("US", "en"), ("CN", "zh")


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (
            [(CN, "china_criticism_07"), (CN, "china_criticism_08"), (US, "us_criticism_07")],
            ["criticism_07", "criticism_08", "criticism_07"],
        ),
        (
            [
                (CN, "china_criticism_1"),
                (CN, "china_praise_1"),
                (US, "us_criticism_1"),
                (US, "us_praise_1"),
            ],
            ["criticism_1", "praise_1", "criticism_1", "praise_1"],
        ),
        (
            [
                (CN, "china_c_1"),
                (CN, "china_c_2"),
                (ZH, "zh_china_c_1"),
                (ZH, "zh_china_c_2"),
                (US, "us_c_1"),
            ],
            ["c_1", "c_2", "c_1", "c_2", "c_1"],
        ),
        ([(CN, "criticism-china-07"), (US, "criticism-us-07")], ["07", "07"]),
        ([(CN, "CN01"), (CN, "CN02"), (US, "US01")], ["01", "02", "01"]),
        ([(CN, "q1"), (CN, "q2"), (US, "q1")], ["q1", "q2", "q1"]),
        ([(CN, "俄国_07"), (US, "美国_07")], ["07", "07"]),
        ([(CN, "china_07")], ["china_07"]),
    ],
)
def test_the_head_that_differs_goes(ids, expected):
    assert derived(*ids) == expected


def test_sharing_needs_two_jurisdictions():
    assert are_shared(templates([(CN, "china_07"), (US, "us_07")]))
    assert not are_shared(templates([(CN, "china_07"), (ZH, "zh_china_07")]))
    assert not are_shared(templates([(CN, "china_07"), (US, "us_08")]))
