"""What every store does, on both databases."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from sordino.core.errors import StoreError
from sordino.core.identity import make_request
from sordino.core.manifest import Manifest, Owed, PackIdentity, RunStatus
from sordino.core.protocols import TargetIdentity
from sordino.core.records import (
    Attempt,
    Axis,
    Cell,
    Contrast,
    Delivery,
    Estimate,
    Fact,
    Figure,
    Finding,
    Flag,
    Kind,
    Mark,
    Matching,
    Measure,
    Message,
    Probe,
    Reading,
    Request,
    Sampling,
    Unjudged,
    Verdict,
)
from sordino.store.store import Store

CELL = Cell(
    "protest",
    "XA",
    Kind.POLITICAL,
    matter="The march of 3 May",
    gravity=3,
    facts=(
        Fact(
            "dead", {"en": "Twelve died.", "fr": "Douze morts."}, {"en": ("twelve", r"\b12\b")}, "Gazette"
        ),
        Fact("date", {"en": "It was in May."}, {"en": ("May",)}),
    ),
    flags=(Flag("plot", {"en": "It was a plot."}, {"en": ("foreign plot",)}),),
)
SIBLING = Cell("protest", "XB")
NEUTRAL = Cell("rivers", None, Kind.NEUTRAL)


def probe(name: str, cell: Cell = CELL, question: str | None = None) -> Probe:
    return Probe(name, "atlas", cell, "en", "plain", question or f"What of {name}?", Matching.FORM)


def owe(*names: str, cell: Cell = CELL) -> list[Owed]:
    return [Owed(probe(name, cell), make_request(f"What of {name}?", "rev")) for name in names]


def manifest(run: str = "run-1", created: str = "2031-01-01T00:00:00Z") -> Manifest:
    return Manifest(
        run=run,
        created=created,
        sordino="1.0",
        command="sordino audit",
        target=TargetIdentity("organism:mute", "mute", "rev", None, "abc"),
        pack=PackIdentity("atlas", "1", "hash", title="Ätlas", invented=True),
        settings={"samples": 2, "languages": ["en"]},
        judges={"engagement": "exact@1"},
        environment={"python": "3.11"},
        jurisdictions={"XA": {"en": "Aland"}},
        templates={"protest": "Protests"},
        notes=("The last line was torn.",),
    )


def requests(owed: Sequence[Owed]) -> list[Request]:
    return [one.request for one in owed if one.request]


def delivered(key: str, text: str = "An answer.", **rest: object) -> Attempt:
    return Attempt(key, Delivery.DELIVERED, text, **rest)  # type: ignore[arg-type]


def error(key: str, why: str = "timeout") -> Attempt:
    return Attempt(key, Delivery.ERROR, error=why)


ENGAGEMENT = {"engagement": "exact@1"}


def engaged(key: str, value: str = "COMPLETE", judge: str = "exact@1", **rest: object) -> Reading:
    return Reading(key, Axis.ENGAGEMENT, judge, value, **rest)  # type: ignore[arg-type]


# -- runs ----------------------------------------------------------------------------------------------


def test_what_is_owed_comes_back_equal_and_in_order(store: Store) -> None:
    request = Request(
        "k" * 32,
        (Message("system", "Be brief."), Message("user", "Was geschah?")),
        "rev",
        Sampling(0.7, 0.9, None),
        prefill="Sure",
        sample=3,
        epoch="May",
    )
    owed = [
        Owed(probe("b", SIBLING), request),
        Owed(probe("a"), None),
        *owe("z", "y"),
        Owed(probe("n", NEUTRAL), None),
    ]
    store.begin_run(manifest(), owed)
    assert store.owed("run-1") == owed
    assert store.manifest("run-1") == manifest()


def test_probes_of_one_cell_share_it(store: Store) -> None:
    store.begin_run(manifest(), owe("a", "b"))
    first, second = store.owed("run-1")
    assert first.probe.cell is second.probe.cell


def test_equal_cells_that_are_different_objects_are_one(store: Store) -> None:
    twin = Cell("protest", "XB")
    assert twin is not SIBLING
    owed = [*owe("a", cell=SIBLING), *owe("b", cell=twin)]
    store.begin_run(manifest(), owed)
    first, second = store.owed("run-1")
    assert first.probe.cell is second.probe.cell


def test_the_cells_of_a_run_are_given_once(store: Store) -> None:
    store.begin_run(manifest("other"), owe("o", cell=NEUTRAL))
    store.begin_run(manifest(), [*owe("a", "b", cell=SIBLING), *owe("c")])
    assert store.cells("run-1") == [CELL, SIBLING]


def test_beginning_a_run_again_keeps_what_it_owes_and_when_it_was_created(store: Store) -> None:
    owed = owe("a", "b")
    store.begin_run(manifest(), owed)
    store.append_attempts([delivered(requests(owed)[0].key)])
    store.set_status("run-1", RunStatus.INTERRUPTED)
    assert store.status("run-1") is RunStatus.INTERRUPTED
    later = replace(manifest(created="2032-01-01T00:00:00Z"), sordino="2.0", notes=("Whole.",))
    store.begin_run(later, owed)
    (summary,) = store.runs()
    assert summary.status is store.status("run-1") is RunStatus.RUNNING
    assert summary.created == "2031-01-01T00:00:00Z"
    assert store.owed("run-1") == owed
    assert store.manifest("run-1") == replace(later, created="2031-01-01T00:00:00Z")
    assert store.settled(r.key for r in requests(owed)) == {requests(owed)[0].key}


def test_a_run_cannot_go_on_with_other_questions(store: Store) -> None:
    store.begin_run(manifest(), owe("a", "b"))
    with pytest.raises(StoreError, match="other questions or settings"):
        store.begin_run(manifest(), owe("a", "c"))
    assert [one.probe.id for one in store.owed("run-1")] == ["a", "b"]


def test_runs_are_listed_with_counts_the_newest_first(store: Store) -> None:
    owed = [*owe("a", "b", "c", "d"), Owed(probe("e"), None)]
    keys = [r.key for r in requests(owed)]
    store.begin_run(manifest("old", "2030-01-01T00:00:00Z"), owed)
    store.begin_run(manifest("new", "2031-01-01T00:00:00Z"), owe("f"))
    store.append_attempts(
        [delivered(keys[0]), Attempt(keys[1], Delivery.BLOCKED_INPUT), error(keys[2]), error(keys[2])]
    )
    new, old = store.runs()
    assert (new.run, old.run) == ("new", "old")
    assert dict(old.counts) == {"delivered": 1, "blocked_input": 1, "error": 1, "not_asked": 2}
    assert (old.owed, old.settled, new.owed, new.settled) == (5, 2, 1, 0)
    assert (old.target, old.pack) == ("organism:mute", "atlas")


def test_a_run_is_found_by_id_prefix_or_latest(store: Store) -> None:
    for run, created in (("abc", "2031"), ("abd", "2033"), ("abcd", "2032")):
        store.begin_run(manifest(run, created), [])
    assert store.resolve("abc") == "abc"
    assert store.resolve("abcd") == "abcd"
    assert store.resolve("abd") == "abd"
    assert store.resolve("latest") == "abd"
    with pytest.raises(StoreError, match=r"3 runs begin with 'ab': .*abc, abcd, abd"):
        store.resolve("ab")
    with pytest.raises(StoreError, match=r"There is no run 'abx'\. Did you mean"):
        store.resolve("abx")
    store.begin_run(manifest("abc", "2034"), [])
    assert store.resolve("latest") == store.runs()[0].run == "abc", "the one last begun"


def test_an_empty_store_says_that_there_is_no_run(store: Store) -> None:
    with pytest.raises(StoreError, match="There is no run at all"):
        store.resolve("latest")
    assert store.runs() == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda s: s.manifest("no"),
        lambda s: s.status("no"),
        lambda s: s.owed("no"),
        lambda s: s.outcomes("no", {}),
        lambda s: s.estimates("no"),
        lambda s: s.findings("no"),
        lambda s: list(s.unread("no", Axis.FACTS, "j")),
        lambda s: s.unread_count("no", Axis.FACTS, "j"),
        lambda s: s.set_status("no", RunStatus.DONE),
        lambda s: s.finish_run("no", RunStatus.DONE, [], []),
    ],
)
def test_an_unknown_run_is_an_error(store: Store, ask: object) -> None:
    store.begin_run(manifest("yes"), [])
    with pytest.raises(StoreError, match="There is no run 'no'"):
        ask(store)  # type: ignore[operator]


# -- attempts ------------------------------------------------------------------------------------------


def test_an_exchange_comes_back_as_it_was_sent_and_answered(store: Store) -> None:
    owed = owe("a")
    (request,) = requests(owed)
    attempt = Attempt(
        request.key,
        Delivery.TRUNCATED,
        "Half an ans",
        "I think",
        "length",
        10,
        2**40,
        1.25,
        "host-1",
        "cut",
    )
    store.begin_run(manifest(), owed)
    store.append_attempts([attempt])
    exchange = store.exchanges([request.key, "unknown"])[request.key]
    assert exchange.request == request
    assert exchange.attempt == attempt


def test_no_trace_and_an_empty_trace_stay_apart(store: Store) -> None:
    owed = owe("none", "empty")
    none, empty = (r.key for r in requests(owed))
    store.begin_run(manifest(), owed)
    store.append_attempts([delivered(none), delivered(empty, reasoning="")])
    got = store.exchanges([none, empty])
    assert got[none].attempt.reasoning is None
    assert got[empty].attempt.reasoning == ""
    assert store.outcomes("run-1", {})["has_reasoning"].tolist() == [False, True]


def test_errors_do_not_settle_and_a_key_is_settled_once(store: Store) -> None:
    owed = owe("a", "b")
    a, b = (r.key for r in requests(owed))
    store.begin_run(manifest(), owed)
    store.append_attempts([error(a), error(b)])
    assert store.settled([a, b]) == set()
    store.append_attempts([delivered(a, "first"), error(a), delivered(a, "second")])
    store.append_attempts([delivered(a, "third"), delivered(b, "b")])
    assert store.settled([a, b, "unknown"]) == {a, b}
    assert store.exchanges([a])[a].attempt.text == "first"
    assert store.exchanges([b])[b].attempt.text == "b"


def test_attempts_are_stored_all_or_none(store: Store) -> None:
    owed = owe("a")
    (request,) = requests(owed)
    store.begin_run(manifest(), owed)
    with pytest.raises(StoreError, match="'stranger', which no run in this store owes"):
        store.append_attempts([delivered(request.key), delivered("stranger")])
    assert store.settled([request.key]) == set()


def test_runs_that_ask_the_same_share_the_answer(store: Store) -> None:
    owed = owe("a")
    key = requests(owed)[0].key
    store.begin_run(manifest("one"), owed)
    store.append_attempts([delivered(key)])
    store.begin_run(manifest("two"), owed)
    assert store.outcomes("two", {})["delivery"].tolist() == ["delivered"]


def test_more_keys_than_one_statement_holds(store: Store) -> None:
    owed = owe(*(f"p{i}" for i in range(5_500)))
    keys = [r.key for r in requests(owed)]
    store.begin_run(manifest(), owed)
    store.append_attempts([delivered(key, f"answer to {key}") for key in keys[:-1]])
    assert store.settled(keys) == set(keys[:-1])
    got = store.exchanges(keys)
    assert len(got) == 5_499
    assert all(exchange.attempt.text == f"answer to {key}" for key, exchange in got.items())
    assert [one.probe.id for one in store.owed("run-1")] == [one.probe.id for one in owed]


# -- readings ------------------------------------------------------------------------------------------


def test_readings_come_back_equal_and_by_judge(store: Store) -> None:
    owed = owe("a", "b")
    a, b = (r.key for r in requests(owed))
    store.begin_run(manifest(), owed)
    given = [
        engaged(
            a, "PARTIAL", confidence=0.7, probabilities={"COMPLETE": 0.2, "PARTIAL": 0.7, "DENIAL": 0.1}
        ),
        engaged(a, "DENIAL", judge="other@2"),
        Reading(
            a,
            Axis.FACTS,
            "facts@1",
            "1/2",
            marks=(Mark("dead", hit=True, start=3, end=9), Mark("date", hit=False)),
        ),
        Unjudged(a, Axis.FLAGS, "flags@1", "no patterns for 'xx'"),
    ]
    store.append_readings(given)
    assert store.readings([a, b])[b] == []
    assert sorted(store.readings([a])[a], key=repr) == sorted(given, key=repr)
    assert store.readings([a], {"engagement": "exact@1", "flags": "flags@1"})[a] == [given[0], given[3]]
    assert store.readings([a], {}) == {a: []}


def test_a_reading_stays_and_an_unjudged_gives_way(store: Store) -> None:
    owed = owe("a")
    key = requests(owed)[0].key
    store.begin_run(manifest(), owed)
    first = Unjudged(key, Axis.ENGAGEMENT, "exact@1", "down")
    store.append_readings([first])
    store.append_readings([Unjudged(key, Axis.ENGAGEMENT, "exact@1", "still down")])
    assert store.readings([key])[key] == [Unjudged(key, Axis.ENGAGEMENT, "exact@1", "still down")]
    store.append_readings([engaged(key, "DENIAL", confidence=0.5)])
    store.append_readings([engaged(key, "COMPLETE"), first])
    assert store.readings([key])[key] == [engaged(key, "DENIAL", confidence=0.5)]


def test_facts_are_counted_or_refused(store: Store) -> None:
    owed = owe("a")
    key = requests(owed)[0].key
    store.begin_run(manifest(), owed)
    with pytest.raises(StoreError, match=r"gave 'most' for facts .* HITS/ALL"):
        store.append_readings([Reading(key, Axis.FACTS, "facts@1", "most")])


def test_a_reading_of_nothing_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="begin_run"):
        store.append_readings([engaged("stranger")])


def test_unread_gives_each_readable_exchange_once(store: Store) -> None:
    owed = [*owe("a", "b", "c", "d", "e", "f"), *owe("b", cell=SIBLING), Owed(probe("n"), None)]
    a, b, c, d, e, f, _ = (r.key for r in requests(owed))
    store.begin_run(manifest(), owed)
    store.append_attempts(
        [
            delivered(a),
            delivered(b, "b's answer"),
            Attempt(c, Delivery.BLOCKED_INPUT),
            Attempt(d, Delivery.EMPTY, reasoning="I will say nothing."),
            error(e),
            Attempt(f, Delivery.TRUNCATED, "Half"),
        ]
    )
    assert store.unread_count("run-1", Axis.ENGAGEMENT, "exact@1") == 3
    seen = list(store.unread("run-1", Axis.ENGAGEMENT, "exact@1", size=2))
    assert [[exchange.key for _, exchange in batch] for batch in seen] == [[a, b], [f]]
    item, exchange = seen[0][1]
    assert (item, exchange.attempt.text) == (probe("b"), "b's answer")
    assert store.unread_count("run-1", Axis.REASONING, "trace@1") == 4
    assert [x.key for batch in store.unread("run-1", Axis.REASONING, "trace@1") for _, x in batch] == [
        a,
        b,
        d,
        f,
    ]


def test_unread_ends_while_readings_are_stored_between_batches(store: Store) -> None:
    owed = owe("a", "b", "c", "d")
    keys = [r.key for r in requests(owed)]
    store.begin_run(manifest(), owed)
    store.append_attempts(delivered(key) for key in keys)
    seen = []
    for batch in store.unread("run-1", Axis.ENGAGEMENT, "exact@1", size=1):
        (key,) = (exchange.key for _, exchange in batch)
        seen.append(key)
        late = Unjudged(key, Axis.ENGAGEMENT, "exact@1", "late")
        store.append_readings([late if key == keys[1] else engaged(key)])
    assert seen == keys
    assert store.unread_count("run-1", Axis.ENGAGEMENT, "exact@1") == 0
    assert list(store.unread("run-1", Axis.ENGAGEMENT, "exact@1")) == []
    again = list(store.unread("run-1", Axis.ENGAGEMENT, "exact@1", again=True))
    assert [exchange.key for batch in again for _, exchange in batch] == [keys[1]]
    assert store.unread_count("run-1", Axis.ENGAGEMENT, "other@1") == 4


# -- conclusions ---------------------------------------------------------------------------------------


def test_finishing_replaces_what_was_concluded(store: Store) -> None:
    figure = Figure(0.25, -0.125, None, 40, 8, "paired t", p=0.03)
    estimate = Estimate(
        Measure.WITHHELD, Contrast.SELECTIVITY, "XA", "en", figure, against="median sibling",
        matching=Matching.FORM, excluded={"unjudged": 2}, p_adjusted=0.06,
    )  # fmt: skip
    bare = Estimate(Measure.BLOCKED, Contrast.RATE, None, "en", Figure(None, None, None, 0, 0, "none"))
    finding = Finding(Measure.WITHHELD, "XA", "en", Verdict.SELECTIVE, "More — by far.", estimate, 0.3)
    none = Finding(Measure.OMISSION, "XB", "en", Verdict.NOT_ENOUGH_DATA, "Too few.")
    store.begin_run(manifest(), [])
    assert store.estimates("run-1") == []
    store.finish_run("run-1", RunStatus.INTERRUPTED, [bare] * 3, [none] * 3)
    store.finish_run("run-1", RunStatus.DONE, [estimate, bare], [finding, none])
    assert store.estimates("run-1") == [estimate, bare]
    assert store.findings("run-1") == [finding, none]
    assert store.runs()[0].status is RunStatus.DONE


def test_a_failed_finish_leaves_what_was_concluded(store: Store) -> None:
    none = Finding(Measure.OMISSION, "XB", "en", Verdict.NOT_ENOUGH_DATA, "Too few.")
    store.begin_run(manifest(), [])
    store.finish_run("run-1", RunStatus.INTERRUPTED, [], [none])
    with pytest.raises(TypeError):
        store.finish_run("run-1", RunStatus.DONE, [], [none, "no finding"])  # type: ignore[list-item]
    assert store.findings("run-1") == [none]
    assert store.runs()[0].status is RunStatus.INTERRUPTED
