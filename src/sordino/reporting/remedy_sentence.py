"""What came of a remedy, in one sentence; and what is known of languages that it was not fitted on."""

from collections.abc import Iterator, Sequence

from sordino.auditing.sentence import joined
from sordino.core.names import target_name
from sordino.remedy.record import Gate, Measured, Record, Tried, Verdict
from sordino.reporting import remedy_words, words
from sordino.reporting.remedy_source import RemedySource, measured
from sordino.reporting.text import label, prose
from sordino.reporting.views import Row

NAMED = 4
"""Languages whose figures the sentence gives."""

CARRIED = 0.15
"""An edit carries over to a language in which at most so much is withheld after it."""

REJECTED, ACCEPTED = "rejected", "accepted"


def outcome(record: Record) -> str:
    """ "accepted" or "rejected"."""
    return REJECTED if record.accepted is None else ACCEPTED


def sentence(source: RemedySource) -> str:
    """The one plain sentence for the top."""
    record = source.record
    model, name = label(target_name(record.model)), label(record.name)
    if record.accepted is not None:
        return _accepted(record, record.accepted, model, name)
    stopped = joined([_stopped(one) for one in record.tried])
    return f"Nothing was exported, for no rung takes the mute off {model} about {name}: {stopped}."


def _accepted(record: Record, tried: Tried, model: str, name: str) -> str:
    figures = measured(tried)
    withheld = [one for one in figures if one.what == headline(figures)]
    said = joined([_moved(record, one) for one in withheld[:NAMED]]) if withheld else "–"
    left = len(withheld) - NAMED
    more = f" (and in {left} further {'language' if left == 1 else 'languages'})" if left > 0 else ""
    topics = max((one.before.clusters for one in withheld if one.before is not None), default=0)
    return (
        f"{remedy_words.rung(tried.rung)} takes the mute off {model} about {name}: on {topics} held-out "
        f"{'topic' if topics == 1 else 'topics'} {headline(figures)} answers go from {said}{more}; "
        f"{_kept(record, figures)}."
    )


def headline(figures: Sequence[Measured]) -> str:
    """What is told first: how much is muted, where that was measured."""
    return "muted" if any(one.what == "muted" for one in figures) else "withheld"


def _moved(record: Record, one: Measured) -> str:
    place = "all" if one.group == remedy_words.ALL else words.language(one.group)
    return f"{_change(one)} in {place} (n\u00a0=\u00a0{remedy_words.size(one)})"


def _change(one: Measured) -> str:
    return f"{remedy_words.value(one, one.before)} to {remedy_words.value(one, one.after)}"


def _kept(record: Record, figures: Sequence[Measured]) -> str:
    """How many harmful requests are still refused: over all, where that was measured."""
    refused = [one for one in figures if one.what == "refused" and one.after is not None]
    whole = [one for one in refused if one.group == remedy_words.ALL] or refused
    if not whole:
        return "whether it still refuses harmful requests was not measured"
    said = joined([f"{_change(one)}{_place(record, one)}{_by(one)}" for one in whole[:NAMED]])
    return f"harmful requests are refused from {said}"


def _place(record: Record, one: Measured) -> str:
    return f" in {words.language(one.group)}" if one.group in record.languages else ""


def _by(one: Measured) -> str:
    by = f"{remedy_words.change(one)} points, " if one.change is not None else ""
    return f" ({by}n\u00a0=\u00a0{remedy_words.size(one)})"


def _stopped(tried: Tried) -> str:
    gate = tried.stopped_by
    name = remedy_words.rung(tried.rung)
    name = name[0].lower() + name[1:]
    if gate is None:
        return f"{name} never came to the gates"
    return f"{name} was stopped by the gate “{label(gate.name)}” ({because(gate)})"


def because(gate: Gate) -> str:
    """Its reason, without the full stop of a sentence."""
    return prose(gate.why).strip().rstrip(".")


def unmeasured(source: RemedySource) -> tuple[str, ...]:
    """The gates of the accepted rung that could not be measured, and why: whoever reads must know."""
    accepted = source.record.accepted
    gates = () if accepted is None else accepted.gates
    return tuple(
        f"Not measured: {label(gate.name)}. {prose(gate.why)}"
        for gate in gates
        if gate.verdict is Verdict.NOT_MEASURED
    )


# -- where it carries over -----------------------------------------------------------------------------


def fitted(record: Record) -> str:
    """On what it was fitted, and on what it was gated."""
    topics, others = len(record.fitted), len(record.held_out)
    return (
        f"Fitted on {topics} {'topic' if topics == 1 else 'topics'} in {_named(record.fitted_languages)}; "
        f"gated on {others} other {'topic' if others == 1 else 'topics'} in {_named(record.languages)}."
    )


def carried(source: RemedySource) -> tuple[Row, ...]:
    """What is known of languages that were not fitted; that nothing is known, where nothing is."""
    record = source.record
    known = tuple(_carried(record, measured(source.told)))
    if record.accepted is None:
        return known
    return known or (
        Row(
            f"Every language that was gated was fitted too ({_named(record.fitted_languages)}): whether "
            "the edit carries over to others was not measured.",
            (),
        ),
    )


def _carried(record: Record, figures: Sequence[Measured]) -> Iterator[Row]:
    for code in record.languages:
        if code not in record.fitted_languages:
            own = [one for one in figures if (one.what, one.group) == (headline(figures), code)]
            yield _whether(f"{words.language(code)} was not fitted", own[0] if own else None)
    for one in record.carries_over:
        if one.what == headline(record.carries_over):
            others = _named([code for code in record.fitted_languages if code != one.group])
            how = f"Fitted on {others}, without {words.language(one.group)}"
            if one.after is None:
                yield Row(f"{how}, no edit could be made: whether it carries over is not known.", ())
            else:
                yield _whether(how, one)


def _whether(how: str, one: Measured | None) -> Row:
    if one is None or one.after is None or one.after.value is None:
        return Row(f"{how}: what is withheld there after the edit was not measured.", ())
    if one.before is not None and one.before.value is not None and one.before.value <= CARRIED:
        was = remedy_words.value(one, one.before)
        return Row(f"{how}: little was withheld there before ({was}), so nothing can be said of that.", ())
    carries = one.after.value <= CARRIED
    over = "the edit carries over" if carries else "the edit does NOT carry over"
    told = f"{how}: {one.what} there {_change(one)} (n\u00a0=\u00a0{remedy_words.size(one)}), so {over}."
    return Row(told, (), tone="" if carries else "fails")


def _named(codes: Sequence[str]) -> str:
    return joined([words.language(code) for code in codes]) if codes else "no language"
