import pandas as pd
import pytest

from sordino.comparing.align import paired
from sordino.comparing.changed import Flow, flows, with_changes


@pytest.fixture
def change(frame, outcome):
    """What changed between two outcomes of one probe."""

    def of(a, b):
        pairs = with_changes(paired(frame([outcome(**a)]), frame([outcome(**b)])))
        return pairs["changes"].iloc[0], pairs["size"].iloc[0]

    return of


@pytest.mark.parametrize(
    ("a", "b", "changes", "size"),
    [
        ({}, {}, "", 0),
        ({}, {"said": "DENIAL"}, "more_withheld", 2),
        ({"said": "PARTIAL"}, {"said": "COMPLETE"}, "less_withheld", 1),
        ({}, {"said": "blocked_output"}, "delivery", 2),
        ({"said": "blocked_input"}, {"said": "blocked_output"}, "", 0),
        ({}, {"said": "error"}, "delivery", 0.5),
        ({}, {"said": "unjudged"}, "unread", 0.5),
        ({}, {"said": "not_asked"}, "", 0),
        ({"facts_hit": 3, "facts_all": 4}, {"facts_hit": 1, "facts_all": 4}, "facts_lost", 0.5),
        ({"facts_hit": 0, "facts_all": 4}, {"facts_hit": 1, "facts_all": 4}, "facts_gained", 0.25),
        ({"facts_hit": 3, "facts_all": 4}, {}, "", 0),
        ({"flags_hit": 0, "flags_all": 1}, {"flags_hit": 1, "flags_all": 1}, "flags_gained", 1),
        ({"flags_hit": 1, "flags_all": 2}, {"flags_hit": 0, "flags_all": 2}, "flags_lost", 0.5),
        ({"facts_hit": 0, "facts_all": 0}, {"facts_hit": 0, "facts_all": 0}, "", 0),
        ({"reasoning": "none"}, {"reasoning": "trace_suppressed"}, "reasoning", 0.5),
        ({"reasoning": "none"}, {}, "", 0),
        (
            {"facts_hit": 4, "facts_all": 4, "flags_hit": 0, "flags_all": 1},
            {"said": "DENIAL", "facts_hit": 0, "facts_all": 4, "flags_hit": 1, "flags_all": 1},
            "more_withheld facts_lost flags_gained",
            4,
        ),
    ],
)  # fmt: skip
def test_what_changed_and_by_how_much(change, a, b, changes, size):
    assert change(a, b) == (changes, size)


def test_flows_count_every_pair_once(run_of):
    a = run_of(lambda t, j, _: "DENIAL" if t < 2 and j == "XQ" else "COMPLETE", languages=("en",))
    b = run_of(lambda t, j, _: "blocked_input" if t == 0 and j == "XQ" else "COMPLETE", languages=("en",))
    pairs = with_changes(paired(a, b))
    found = flows(pairs)
    assert sum(flow.n for flow in found) == len(pairs)
    assert [f for f in found if f.jurisdiction == "XQ"] == [
        Flow("political", "XQ", "en", "COMPLETE", "COMPLETE", 20),
        Flow("political", "XQ", "en", "DENIAL", "COMPLETE", 2),
        Flow("political", "XQ", "en", "DENIAL", "blocked", 2),
    ]


def test_the_columns_that_say_nothing_do_not_change_it(frame, outcome):
    a = frame([outcome()]).assign(route=pd.NA, reasoning=pd.NA)
    assert with_changes(paired(a, a))["size"].tolist() == [0.0]
