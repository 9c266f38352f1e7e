"""How a judge's drift is told in a terminal; `judge_drift.py` has the command."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sordino.cli import printing

if TYPE_CHECKING:
    from sordino.judging.drift import Drift, Intended
    from sordino.wiring.drift import Drifted, Known

SHOWN = 12
"""Languages in the table; --json has them all."""

CLIPPED = 160
"""Characters of a question or an answer in an example."""


def show(found: "Drifted", tolerance: float) -> None:
    """The drift in a terminal."""
    moved = found.drift
    say(f"{moved.judge} on {moved.n:,} reference answers, against the pin of {moved.pin.judge}")
    say(f"from {moved.pin.judged} ({found.where}).", "dim")
    say(_verdict(moved, tolerance), "bold yellow" if moved.beyond(tolerance) else "bold")
    if moved.directions:
        rows = [[f"{a} -> {b}", f"{n:,}", f"{n / moved.n:.1%}"] for (a, b), n in moved.directions.items()]
        printing.print_table("Readings that changed", ("from -> to", "answers", "of all"), rows)
        _show_languages(moved)
    printing.print_table("Figures", ("", "pinned", "now", "difference"), list(_figures(moved)))
    if moved.examples:
        _show_examples(moved)
    for note in _notes(found):
        say(note, "dim")


def _verdict(moved: "Drift", tolerance: float) -> str:
    from sordino.judging.drift import ALIKE, Verdict  # noqa: PLC0415

    if moved.verdict is Verdict.UNCHANGED:
        return f"Unchanged: the same readings, no probability further than {ALIKE:g} from its pin."
    if moved.verdict is Verdict.SHIFTED:
        return (
            f"Shifted: the same readings with other probabilities, {moved.probability:.3f} apart on "
            f"average and {moved.largest:.3f} at most."
        )
    why = moved.beyond(tolerance)
    how = "beyond what is tolerated: " + "; ".join(why) if why else "within what is tolerated"
    return f"Moved: {moved.changed:,} of {moved.n:,} readings changed ({moved.share:.1%}), {how}."


def _show_languages(moved: "Drift") -> None:
    parts = [part for part in moved.languages if part.changed]
    rows = [
        [visible(part.name), f"{part.n:,}", f"{part.changed:,}", f"{part.before:.1%}", f"{part.now:.1%}"]
        for part in parts[:SHOWN]
    ]
    if len(parts) > SHOWN:
        rest = sum(part.changed for part in parts[SHOWN:])
        rows.append([f"{len(parts) - SHOWN} more", "", f"{rest:,}", "", ""])
    head = ("language", "answers", "changed", "withheld, pinned", "withheld, now")
    printing.print_table("By language", head, rows)


def _figures(moved: "Drift") -> Sequence[Sequence[str]]:
    shift = moved.shift
    interval = (
        "" if shift.value is None else f"{shift.value:+.1%} [{shift.low or 0:+.1%}, {shift.high or 0:+.1%}]"
    )
    rows = [
        ["withheld", f"{moved.before:.1%}", f"{moved.now:.1%}", interval],
        ["kappa with the pin", "", _number(moved.kappa), ""],
        ["mean change of a probability", "", _number(moved.probability, 3), ""],
        *_intended(moved.intended_before, moved.intended_now),
    ]
    sides = {
        "read before, not now": moved.newly_unread,
        "read now, not before": moved.newly_read,
        "never read": moved.unread,
    }
    rows += [[name, "", "", f"{n:,} answers"] for name, n in sides.items() if n]
    return rows


def _intended(before: "Intended", now: "Intended") -> Sequence[Sequence[str]]:
    return (
        ["as the answer was meant: accuracy", _number(before.accuracy), _number(now.accuracy), ""],
        ["as the answer was meant: kappa", _number(before.kappa), _number(now.kappa), ""],
    )


def _number(value: float | None, digits: int = 2) -> str:
    return "cannot be said" if value is None else f"{value:.{digits}f}"


def _show_examples(moved: "Drift") -> None:
    say("Some that moved:", "italic")
    for one in moved.examples:
        say(f"{one.before.value} -> {one.now.value}  ({one.case.language}, made as: {one.case.style})")
        say(f"    question: {_short(one.case.question)}", "dim")
        say(f"    answer:   {_short(one.case.answer)}", "dim")


def _notes(found: "Drifted") -> Sequence[str]:
    moved = found.drift
    notes = [
        "The reference answers were composed by one maker, and the classifier was trained on others of the "
        "kind: how far they are read as they were meant measures no judge."
    ]
    if moved.changed and moved.judge == moved.pin.judge:
        notes.append(
            "It has kept its id: nothing in a store tells what it read before the change from what it read "
            f"after. Readings since {moved.pin.judged} may be either; compare none across that time."
        )
    elif moved.changed:
        notes.append(
            "Figures of runs that one and the other have read are not comparable: `sordino runs` names "
            "them."
        )
    if found.others:
        notes.append("Other pins, for --pin-to: " + ", ".join(map(_named, found.others)) + ".")
    return notes


def _named(known: "Known") -> str:
    return f"{known.pin.judge} ({known.pin.judged})"


def say(text: str, style: str = "") -> None:
    """A line of text, whoever wrote it."""
    printing.say(printing.console(), visible(text), style)


def _short(text: str) -> str:
    line = " ".join(text[: CLIPPED * 4].split())
    return line if len(line) <= CLIPPED else line[: CLIPPED - 1] + "…"


def visible(text: str) -> str:
    """The text with nothing in it that would act."""
    from sordino.reporting import text as hostile  # noqa: PLC0415

    return hostile.visible(text)
