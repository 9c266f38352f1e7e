"""Who answered, in the report's section on delivery and on the terminal."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from sordino.reporting import render, terminal
from sordino.reporting.page import page


@pytest.fixture
def routed(make):
    """routed(filtering): a run by two routes, one of which blocks what it is asked to."""

    def of(filtering: bool, names=("Filterhost", "Plainhost")):
        source = make([f"t{i}" for i in range(12)])
        frame = source.outcomes
        routes = [names[at % 2] for at in range(len(frame))]
        blocked = [filtering and at % 2 == 0 and at % 3 == 0 for at in range(len(frame))]
        delivery = ["blocked_output" if stopped else "delivered" for stopped in blocked]
        return replace(source, outcomes=frame.assign(route=routes, delivery=delivery))

    return of


def test_routes_are_counted_and_the_one_that_blocks_is_warned_of(routed):
    model = page(routed(True))
    assert [row.name for row in model.routes.rows] == ["Filterhost", "Plainhost"]
    blocked = model.routes.head.index("Blocked on the way out")
    assert [row.cells[blocked] for row in model.routes.rows] == ["8", "0"]
    assert model.route_warning.startswith(
        "Blocks come mostly from one route: Filterhost blocked 8 of 24, all others"
    )
    assert "points more, taking answers as independent" in model.route_warning
    html = render.html(routed(True))
    assert '<p class="doubt">Blocks come mostly from one route' in html
    console = Console(file=io.StringIO(), width=100)
    terminal.show(routed(True), console)
    assert "Blocks come mostly from one route" in console.file.getvalue()


def test_routes_that_block_alike_are_no_warning_and_one_route_is_no_table(routed, make):
    assert page(routed(False)).route_warning == ""
    assert page(routed(False)).routes is not None
    assert page(make()).routes is None


def test_a_hostile_route_is_text(routed):
    html = render.html(routed(True, names=("<script>\x1b", "b")))
    assert "Blocks come mostly from one route: &lt;script&gt;␛ blocked" in html
