import pandas as pd
import pytest

from sordino.auditing.routes import dominance, routes
from sordino.core.records import Delivery


@pytest.fixture
def answered(outcome):
    """answered(route=(delivered, blocked), …): a run by who answered."""

    def of(**counts):
        rows = [
            outcome("t", "XP", route=route if route != "unknown" else pd.NA, delivery=delivery)
            for route, (delivered, blocked) in counts.items()
            for delivery, n in (("delivered", delivered), ("blocked_output", blocked))
            for _ in range(n)
        ]
        return pd.DataFrame(rows)

    return of


def test_a_route_that_does_the_blocking_is_named_with_how_much_more(answered):
    found = dominance(answered(a=(70, 30), b=(98, 2), c=(100, 0)))
    assert found.route.name == "a"
    assert (found.route.blocked, found.route.settled) == (30, 100)
    assert (found.others_blocked, found.others_settled) == (2, 200)
    assert 0.15 < found.low < 0.29 < found.high < 0.45
    assert found.p_adjusted < 0.001


@pytest.mark.parametrize(
    "counts",
    [
        {"a": (70, 30), "b": (70, 30)},  # alike
        {"a": (97, 3), "b": (50, 0)},  # too few to tell
        {"a": (100, 0), "b": (100, 0)},  # no blocks at all
        {"a": (70, 30)},  # nobody to compare with
        {"a": (900, 100), "b": (60, 40), "c": (60, 40)},  # no route has more than half
        {"a": (400, 40), "b": (30, 10)},  # most of the blocks, but only from having answered most
        {"unknown": (70, 30)},  # nobody knows
    ],
)
def test_otherwise_none_is(answered, counts):
    assert dominance(answered(**counts)) is None


def test_routes_are_counted_by_delivery_the_most_blocked_first(answered, outcome):
    frame = answered(a=(3, 0), b=(1, 2), unknown=(1, 1))
    extra = [outcome("t", "XP", delivery=d, route="a") for d in ("error", "truncated", "not_asked")]
    found = routes(pd.concat([frame, pd.DataFrame(extra)]))
    assert [one.name for one in found] == ["b", "", "a"]
    assert found[2].counts == {Delivery.DELIVERED: 3, Delivery.ERROR: 1, Delivery.TRUNCATED: 1}
    assert found[2].settled == 4, "an error settles nothing, and what was not asked went by no route"


def test_without_any_known_route_there_are_none(answered):
    assert routes(answered(unknown=(3, 1))) == []


def test_the_p_value_is_fishers(answered):
    """R. A. Fisher's lady: three of four against one of four is 0.486, two-sided."""
    (first, second) = routes(answered(a=(1, 3), b=(3, 1)))
    assert first.p_adjusted == second.p_adjusted == pytest.approx(min(1.0, 2 * 34 / 70))
