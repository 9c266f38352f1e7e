"""How many requests at once and how many a minute, with a clock of the test's own."""

import asyncio
from contextlib import asynccontextmanager
from time import monotonic
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sordino.core.records import Attempt, Delivery
from sordino.generation import pace, persistence, slots
from sordino.generation.pace import Bucket, Pace, Pacer
from sordino.generation.persistence import FEWEST, AgainError, Failures, Persistence
from sordino.generation.slots import FIRST, UNTRIED, Slots


@pytest.fixture
def clock(monkeypatch):
    """Stands still unless it is moved or slept."""
    now = SimpleNamespace(seconds=1000.0)

    async def sleep(seconds):
        now.seconds += seconds

    for module in (pace, slots, persistence):
        monkeypatch.setattr(module, "monotonic", lambda: now.seconds)
    monkeypatch.setattr(pace.asyncio, "sleep", sleep)
    return now


# -- room ------------------------------------------------------------------------------------------------


def test_room_grows_fast_to_the_top_and_no_further():
    found = Slots(64)
    rounds = 0
    while found.room < 64:
        for _ in range(found.room):
            found.answered()
        rounds += 1
    assert rounds == 3
    for _ in range(100):
        found.answered()
    assert found.room == 64
    assert (Slots(2).room, Slots(64).room) == (2, UNTRIED)
    tried = Slots(64)
    tried.answered()
    assert tried.room == FIRST


def test_a_strain_halves_it_once_a_round_and_it_grows_slowly_after(clock):
    found = Slots(16)
    found.answered()
    sent = clock.seconds
    clock.seconds += 1
    found.strained(sent)
    found.strained(sent)  # of the same round: it says nothing new
    assert found.room == 8
    for _ in range(8):
        found.answered()
    assert found.room == 8
    found.answered()
    assert found.room == 9
    for _ in range(10):
        clock.seconds += 1
        found.strained(clock.seconds)
    assert found.room == 1


@given(st.integers(1, 100), st.lists(st.booleans(), max_size=200))
def test_room_is_never_less_than_one_nor_more_than_the_most(most, told):
    found = Slots(most)
    for number, is_answer in enumerate(told):
        found.answered() if is_answer else found.strained(1e12 + number)
        assert 1 <= found.room <= most


@asynccontextmanager
async def placed(found):
    if not found.enter():
        await found.wait()
    try:
        yield
    finally:
        found.leave()


def test_no_more_are_on_the_way_than_there_is_room_and_all_get_through():
    async def all_of_them():
        found, seen, busy = Slots(3), [], set()

        async def send(number):
            async with placed(found):
                busy.add(number)
                seen.append(len(busy))
                await asyncio.sleep(0)
                busy.remove(number)

        await asyncio.gather(*map(send, range(50)))
        return len(seen), max(seen)

    assert asyncio.run(all_of_them()) == (50, 3)


def test_one_that_is_broken_off_in_the_queue_leaves_its_turn_to_others():
    async def queue():
        found, first = Slots(1), asyncio.Event()

        async def told(event=None):
            async with placed(found):
                if event:
                    await event.wait()
                return "told"

        holding = asyncio.create_task(told(first))
        await asyncio.sleep(0)
        waiting = [asyncio.create_task(told()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        first.set()
        waiting[1].cancel()
        return await asyncio.gather(holding, *waiting, return_exceptions=True)

    _, *others = asyncio.run(asyncio.wait_for(queue(), 10))
    assert others[2] == "told"


def test_a_server_that_wants_none_for_a_while_gets_none():
    async def held():
        found, loop = Slots(8), asyncio.get_running_loop()
        found.strained(loop.time(), 0.2)
        began = loop.time()

        async def when():
            async with placed(found):
                return loop.time() - began

        return await asyncio.gather(*(when() for _ in range(3)))

    assert min(asyncio.run(held())) >= 0.19


# -- rates -----------------------------------------------------------------------------------------------


def test_requests_are_evenly_spaced(clock):
    async def ask():
        pacer, times = Pacer(Pace(requests_per_minute=30)), []
        for _ in range(5):
            await pacer.turn(10, 100)
            times.append(clock.seconds - 1000.0)
        return times

    assert asyncio.run(ask()) == pytest.approx([0, 2, 4, 6, 8], abs=1e-6)


def test_tokens_are_estimated_and_set_right(clock):
    async def ask():
        pacer = Pacer(Pace(tokens_per_minute=6000))
        expected = await pacer.turn(100, 500)
        after_estimate = clock.seconds
        pacer.came(expected, 100, 20)  # far fewer than it might have been
        second = await pacer.turn(100, 500)
        pacer.came(second, None, None)  # the server does not say
        await pacer.turn(100, 500)
        return expected, after_estimate, second, clock.seconds

    expected, first, second, third = asyncio.run(ask())
    assert (expected, first) == (600, 1000.0)
    assert second == 120
    # A hundred are there, 120 are taken twice, and a hundred come a second.
    assert third == pytest.approx(1001.41, abs=0.01)


@given(st.lists(st.floats(0, 20), min_size=1, max_size=50), st.floats(1, 600))
def test_no_rate_is_exceeded_by_more_than_a_second_s_worth(pauses, rate):
    now = SimpleNamespace(seconds=0.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pace, "monotonic", lambda: now.seconds)
        bucket = Bucket(rate)
        for taken, pause in enumerate(pauses, start=1):
            now.seconds += pause
            while seconds := bucket.wait():
                now.seconds += seconds
            bucket.take(1)
            assert taken <= now.seconds * rate / 60 + max(rate / 60, 1) + 1e-6


# -- persistence -----------------------------------------------------------------------------------------


def attempts(*errors):
    return [
        Attempt(str(n), Delivery.ERROR if e else Delivery.DELIVERED, error=e) for n, e in enumerate(errors)
    ]


def test_a_server_is_given_up_after_many_failures_in_a_row():
    found = Failures(900)
    assert found.note(attempts(*["no"] * (FEWEST - 1)), 4) is None
    assert found.note(attempts(None), 4) is None
    assert found.note(attempts(*["no"] * (FEWEST - 1)), 4) is None
    assert (
        found.note(attempts("HTTP 500"), 4) == f"{FEWEST} requests in a row failed; the last one: HTTP 500"
    )
    assert Failures(900).note(attempts(*["no"] * FEWEST), 64) is None
    assert Failures(900).note(attempts(*["no"] * 192), 64)


def test_or_after_three_when_nothing_has_come_for_long(clock):
    found = Failures(900)
    clock.seconds += 5000
    found.begin()
    assert found.note(attempts("no", "no", "no"), 4) is None
    clock.seconds += 901
    assert found.note(attempts("no"), 4)


def test_the_first_sending_counts_and_the_waits_are_told():
    waits = []

    async def rest(seconds):
        waits.append(seconds)

    async def fail():
        raise AgainError("HTTP 429", "slow down", 7.0)

    patient = Persistence(tries=4, first_wait=1, longest_wait=2)
    with pytest.raises(AgainError) as caught:
        asyncio.run(patient.go_on(AgainError("HTTP 500"), monotonic(), fail, rest))
    assert str(caught.value) == "HTTP 429 after 4 tries (asked to wait 7 s): slow down"
    assert len(waits) == 3
    assert all(7 <= wait <= 9 for wait in waits[1:])
