"""Errands of a thread with a loop: all are run, whatever room there is, and what one raises is raised."""

import asyncio
from itertools import count

import pytest

from sordino.generation.connections import Connections


@pytest.fixture
def connections():
    opened = Connections({}, 10.0)
    yield opened
    opened.close()


def all_of(errands, given):
    errands.give(given)
    taken = []
    while errands.open:
        taken += errands.take()
    return taken


def test_all_are_run_though_there_is_ever_less_room(connections):
    rooms = iter([8] * 40 + [1] * 10_000)

    async def run(number, _rest):
        await asyncio.sleep(0)
        return number

    errands = connections.errands(run, lambda: next(rooms))
    assert sorted(all_of(errands, range(500))) == list(range(500))


def test_no_more_run_than_there_is_room(connections):
    busy, most = set(), []

    async def run(number, _rest):
        busy.add(number)
        most.append(len(busy))
        await asyncio.sleep(0)
        busy.remove(number)
        return number

    errands = connections.errands(run, lambda: 5)
    assert sorted(all_of(errands, range(100))) == list(range(100))
    assert max(most) == 5


def test_while_one_rests_others_run(connections):
    order = []

    async def run(number, rest):
        if number == 0:
            await rest(0.05)
        order.append(number)
        return number

    assert sorted(all_of(connections.errands(run, lambda: 1), range(4))) == [0, 1, 2, 3]
    assert order[-1] == 0


def test_what_one_raises_is_raised(connections):
    async def run(number, _rest):
        return 1 // number

    with pytest.raises(ZeroDivisionError):
        all_of(connections.errands(run, lambda: 2), [1, 0])


def test_broken_off_they_end(connections):
    begun = count()

    async def run(_number, _rest):
        next(begun)
        await asyncio.sleep(3600)

    errands = connections.errands(run, lambda: 2)
    errands.give(range(10))
    errands.cancel()
    others = connections.errands(_same, lambda: 2)
    assert all_of(others, [7]) == [7]
    assert next(begun) <= 2


async def _same(number, _rest):
    return number
