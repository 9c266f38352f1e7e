"""The exchanges under the figures: a capped, stratified, repeatable choice, with all marks in place."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import pandas as pd

from sordino.core.records import Attempt, Axis, Delivery, Exchange, Fact, Flag, Mark, Reading, Unjudged
from sordino.reporting import tally, words
from sordino.reporting.source import ReportSource
from sordino.reporting.text import clip, label, link, prose, token, visible
from sordino.reporting.views import Found, Option, Row, Span, Transcript, Transcripts

SHOWN = 300
# Shares of the cap, in the order shown. What a class does not use goes to the others in this order.
_CLASSES: tuple[tuple[tuple[str, ...], float], ...] = (
    (tally.WITHHELD, 0.5),
    (("blocked", "truncated", "empty", "error", "unjudged"), 0.2),
    (("COMPLETE",), 0.3),
)
_STRATUM = ["template", "jurisdiction", "language", "state"]
_ANCHORED = (("t", "j", "l"), ("t", "l"), ("j", "l"), ("j", "l", "k"), ("j", "k"))


def choose(frame: pd.DataFrame, shown: int) -> pd.DataFrame:
    """At most `shown` asked rows: withheld first, then undelivered, then complete.

    Within a class every stratum (template x jurisdiction x language x state) gives one row before any
    gives two. Keys are content hashes, so their order is as good as chance and the same on every machine.
    """
    asked = frame[frame["key"].notna() & (frame["state"] != "not_asked")].sort_values("key", kind="stable")
    asked = asked.assign(turn=asked.groupby(_STRATUM, dropna=False).cumcount())
    asked = asked.sort_values(["turn", "key"], kind="stable")
    classes = [asked[asked["state"].isin(states)] for states, _ in _CLASSES]
    quotas = [
        min(len(rows), int(shown * share)) for rows, (_, share) in zip(classes, _CLASSES, strict=True)
    ]
    for at, rows in enumerate(classes):
        quotas[at] += min(len(rows) - quotas[at], shown - sum(quotas))
    parts = [
        rows.head(quota).sort_values([*_STRATUM[:3], "turn", "key"], kind="stable")
        for rows, quota in zip(classes, quotas, strict=True)
    ]
    return pd.concat(parts)


def transcripts(source: ReportSource, frame: pd.DataFrame, shown: int = SHOWN) -> Transcripts:
    """The transcripts section. Texts and readings are fetched only for what is shown."""
    chosen = choose(frame, shown)
    asked = int((frame["state"] != "not_asked").sum())
    keys = [str(key) for key in chosen["key"]]
    exchanges, readings = source.exchanges(keys), source.readings(keys)
    anchors = Anchors(set())
    built = []
    for row, key in zip(chosen.to_dict("records"), keys, strict=True):
        outcome = {str(name): value for name, value in row.items()}
        read = readings.get(key, ())
        attempt = attempt_of(outcome, exchanges.get(key))
        built.append(transcript(source, outcome, attempt, read, anchors.first(outcome)))
    rest = asked - len(built)
    more = f"the rest are in the store: sordino export {label(source.manifest.run)}" if rest else ""
    return Transcripts(
        shown=tuple(built),
        showing=f"Showing {words.count(len(built))} of {words.count(asked)} exchanges",
        rest=more,
        templates=options(frame["template"], lambda t: label(source.template_titles.get(t, t))),
        jurisdictions=options(frame["jurisdiction"], lambda j: words.jurisdiction(source.manifest, j)),
        languages=options(frame["language"], words.language),
        states=_states(frame),
        kinds=options(frame["kind"], words.kind),
        counts=_counts(frame),
    )


def options(values: pd.Series, name: Callable[[str], str]) -> tuple[Option, ...]:
    """The choices of a filter, by how each value is called."""
    return tuple(Option(token(v or None), name(v)) for v in tally.order(values))


def _states(frame: pd.DataFrame) -> tuple[Option, ...]:
    present = set(frame["state"])
    options = [Option("withheld", "withheld (declined or partly answered)")]
    options += [Option(s, words.STATES[s]) for s in tally.STATES if s in present and s != "not_asked"]
    return tuple(options)


def _counts(frame: pd.DataFrame) -> tuple[tuple[str, str, str, str, str, int], ...]:
    asked = frame[frame["state"] != "not_asked"]
    sizes = asked.groupby(["template", "jurisdiction", "language", "kind", "state"], sort=True).size()
    return tuple(
        (token(t), token(j or None), token(lang), token(k), e, int(n))
        for (t, j, lang, k, e), n in zip(sizes.index, sizes, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Anchors:
    """Without a script, a link still leads to the first exchange it is about."""

    taken: set[str]

    def first(self, row: Mapping[str, object]) -> tuple[str, ...]:
        """The anchors of which this is the first exchange."""
        values = {
            "t": str(row["template"]),
            "j": str(row["jurisdiction"]) or None,
            "l": str(row["language"]),
            "k": str(row["kind"]),
        }
        names = [link(**{name: values[name] for name in parts})[1:] for parts in _ANCHORED]
        fresh = tuple(name for name in names if name not in self.taken)
        self.taken.update(fresh)
        return fresh


def attempt_of(row: Mapping[str, object], exchange: Exchange | None) -> Attempt:
    """What settled it; of what only ever failed the outcome alone tells."""
    if exchange is not None:
        return exchange.attempt
    route, error = (v if isinstance(v := row[name], str) else None for name in ("route", "error"))
    return Attempt(str(row["key"]), Delivery(str(row["delivery"])), route=route, error=error)


def transcript(
    source: ReportSource,
    row: Mapping[str, object],
    attempt: Attempt,
    readings: Sequence[Reading | Unjudged],
    anchors: tuple[str, ...] = (),
) -> Transcript:
    """One exchange with everything under it. row: a prepared outcome (see `tally.prepared`)."""
    template, code, lang = str(row["template"]), str(row["jurisdiction"]) or None, str(row["language"])
    state = str(row["state"])
    cell = source.cells.get((template, code))
    judged = {r.axis: r for r in readings if isinstance(r, Reading)}
    facts, flags = _marks(judged, Axis.FACTS), _marks(judged, Axis.FLAGS)
    question, question_left = clip(str(row["question"]))
    answer, answer_left = clip(attempt.text)
    reasoning, reasoning_left = clip(attempt.reasoning or "")
    return Transcript(
        key=label(attempt.key),
        anchors=anchors,
        filters={
            "t": token(template),
            "j": token(code),
            "l": token(lang),
            "k": token(str(row["kind"])),
            "e": f"{state} withheld" if state in tally.WITHHELD else state,
        },
        template=label(source.template_titles.get(template, template)),
        jurisdiction=words.jurisdiction(source.manifest, code),
        language=words.language(lang),
        kind=words.kind(str(row["kind"])) if row["kind"] == "neutral" else "",
        state=words.STATES[state],
        tone=state,
        question=visible(question),
        question_left=_left(question_left),
        answer=tuple(_spans(answer, facts, flags)),
        answer_left=_left(answer_left),
        no_answer="" if attempt.text else "No text came back.",
        reasoning=visible(reasoning),
        reasoning_left=_left(reasoning_left),
        facts=tuple(_found(facts, _texts(cell.facts if cell else (), lang), ("found", "missing"))),
        flags=tuple(_found(flags, _texts(cell.flags if cell else (), lang), ("asserted", "not asserted"))),
        details=tuple(_details(row, attempt, readings)),
    )


def _left(number: int) -> str:
    return (
        f"{words.count(number)} more characters are not shown here; the store has them." if number else ""
    )


def _marks(judged: Mapping[Axis, Reading], axis: Axis) -> tuple[Mark, ...]:
    return judged[axis].marks if axis in judged else ()


def _texts(cells: Sequence[Fact | Flag], lang: str) -> dict[str, str]:
    """The text of each fact or flag in the question's language, else in English, else in any."""
    return {c.id: c.text.get(lang) or c.text.get("en") or next(iter(c.text.values()), c.id) for c in cells}


def _found(marks: Sequence[Mark], texts: Mapping[str, str], said: tuple[str, str]) -> Iterator[Found]:
    for mark in marks:
        verdict = said[0] if mark.hit else said[1]
        yield Found(mark.id, prose(texts.get(mark.id, mark.id)), verdict, verdict.replace(" ", "-"))


def _spans(text: str, facts: Sequence[Mark], flags: Sequence[Mark]) -> Iterator[Span]:
    """The answer cut at its marks; where a fact and a flag overlap, the flag is shown."""
    marked = [("", "")] * len(text)
    for kind, marks in (("fact", facts), ("flag", flags)):
        for mark in marks:
            if mark.hit and mark.start is not None and mark.end is not None:
                start, end = max(0, mark.start), min(len(text), mark.end)
                marked[start:end] = [(kind, mark.id)] * max(0, end - start)
    at = 0
    for (kind, of), run in groupby(marked):
        length = sum(1 for _ in run)
        yield Span(visible(text[at : at + length]), kind, label(of))
        at += length


def _details(
    row: Mapping[str, object], attempt: Attempt, readings: Sequence[Reading | Unjudged]
) -> Iterator[Row]:
    yield Row("Delivery", (attempt.delivery.value.replace("_", " "),))
    if attempt.error:
        yield Row("Error", (prose(attempt.error),))
    if attempt.reasoning == "":
        yield Row("Reasoning", ("an empty trace came back",))
    for reading in readings:
        yield Row(reading.axis.value.capitalize(), (_said(reading),))
    if not any(r.axis is Axis.ENGAGEMENT for r in readings) and isinstance(row["engagement_why"], str):
        yield Row("Engagement", (f"unjudged: {prose(row['engagement_why'])}",))
    known = {
        "Phrasing": row["phrasing"],
        "Sample": row["sample"],
        "Route": attempt.route,
        "Finish reason": attempt.finish_reason,
        "Completion tokens": attempt.completion_tokens,
    }
    yield from (Row(name, (label(str(v)),)) for name, v in known.items() if isinstance(v, str | int))


def _said(reading: Reading | Unjudged) -> str:
    judge = f"judge {label(reading.judge)}"
    if isinstance(reading, Unjudged):
        return f"unjudged: {label(reading.why)} ({judge})"
    shares = ", ".join(f"{label(v)} {words.percent(p)}" for v, p in reading.probabilities.items())
    if not shares and reading.confidence is not None:
        shares = f"confidence {words.percent(reading.confidence)}"
    value = label(reading.value).replace("_", " ")
    return f"{value} ({shares}; {judge})" if shares else f"{value} ({judge})"
