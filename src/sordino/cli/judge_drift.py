"""`sordino judge drift`: whether a judge still reads as it did when it was pinned."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sordino.cli import judge_drift_shown, options, printing
from sordino.cli.interruption import Interrupted
from sordino.cli.progress import stages, unwatched
from sordino.core.errors import SpecError

if TYPE_CHECKING:
    from sordino.judging.drift import Both
    from sordino.wiring.drift import Asked, Drifted, Job, Pinned

MOVED = 1


def drift(  # noqa: PLR0913, PLR0917 - one parameter an option
    judge: Annotated[
        str,
        typer.Option(
            help="Which judge: classifier, or a language model, openai:MODEL@http://HOST:PORT/v1, "
            "hf:ORG/NAME, organism:NAME.",
            metavar="SPEC",
        ),
    ] = "classifier",
    pin_to: Annotated[
        str | None,
        typer.Option(help="Compare with the pin of this judge: its id, or the beginning.", metavar="ID"),
    ] = None,
    pin: Annotated[
        bool, typer.Option("--pin", help="Keep what the judge says now as its pin, and compare nothing.")
    ] = False,
    pins: Annotated[
        Path | None,
        typer.Option(
            help="Your own pins. Default: judge-pins.json beside the store, if there is one.",
            metavar="FILE",
        ),
    ] = None,
    tolerance: Annotated[
        float, typer.Option(help="The share of readings that may change.", metavar="SHARE")
    ] = 0.02,
    rubric: Annotated[
        Path | None, typer.Option(help="What a language model judges by.", metavar="FILE")
    ] = None,
    max_tokens: Annotated[
        int, typer.Option(help="Tokens a language model's ruling may have.", min=1)
    ] = 300,
    concurrency: Annotated[
        int, typer.Option(help="Requests on the way to a server at once.", min=1, max=512)
    ] = 16,
    as_json: options.AsJson = False,
    store: options.Store = options.STORE,
) -> None:
    """Have a judge read the reference set again, and tell how far it is from what it said before.

    Exit code 0: unchanged, or moved within what is tolerated.
    1: moved beyond it, or the withheld rate has shifted.
    A language model is asked anew about every answer.
    A key for its server is read from SORDINO_JUDGE_KEY, else as for a target.
    """
    from sordino.wiring import drift as wiring  # noqa: PLC0415 - loads arrays
    from sordino.wiring.llm_judging import JudgeSettings  # noqa: PLC0415

    if not 0 <= tolerance < 1:
        raise SpecError(f"--tolerance {tolerance:g} is no share. Give one from 0 to below 1, such as 0.02.")
    if pin and pin_to is not None:
        raise SpecError("--pin keeps a pin and --pin-to compares with one. Give one of them.")
    # Rulings of the cache would say what was said before.
    asking = JudgeSettings(rubric, max_tokens, concurrency, caches=False)
    job = wiring.Job(judge, pin_to, pins, store, asking)
    if pin:
        _keep(job, as_json=as_json)
    elif _tell(job, tolerance, as_json=as_json):
        raise typer.Exit(MOVED)


def _keep(job: "Job", *, as_json: bool) -> None:
    from sordino.wiring import drift as wiring  # noqa: PLC0415

    try:
        with stages(quiet=unwatched(for_machines=as_json)) as progress:
            kept = wiring.pin(job, progress, _say_asked)
    except KeyboardInterrupt:
        raise Interrupted("Nothing was pinned.") from None
    if as_json:
        printing.echo_json(_pinned(kept))
        return
    unread = sum(read is None for read in kept.pin.readings.values())
    judge_drift_shown.say(
        f"{kept.pin.judge} has had a pin that says the same since {kept.before}, and keeps it: {kept.file}"
        if kept.before
        else f"Pinned: {kept.pin.judge} on {len(kept.pin.readings):,} cases"
        f"{f', {unread:,} of them unread' if unread else ''}: {kept.file}"
    )


def _tell(job: "Job", tolerance: float, *, as_json: bool) -> bool:
    """Print the drift; whether it is beyond what is tolerated."""
    from sordino.wiring import drift as wiring  # noqa: PLC0415

    try:
        with stages(quiet=unwatched(for_machines=as_json)) as progress:
            found = wiring.measure(job, progress, _say_asked)
    except KeyboardInterrupt:
        raise Interrupted("Nothing was compared.") from None
    if as_json:
        printing.echo_json(_as_json(found, tolerance))
    else:
        judge_drift_shown.show(found, tolerance)
    return bool(found.drift.beyond(tolerance))


def _say_asked(asked: "Asked") -> None:
    typer.echo(
        judge_drift_shown.visible(
            f"{asked.judge} is asked {asked.requests:,} times, about {asked.tokens:,} tokens in. "
            "Nothing of it is taken from the cache."
        ),
        err=True,
    )


# -- for machines --------------------------------------------------------------------------------------


def _pinned(kept: "Pinned") -> dict[str, object]:
    return {
        "judge": kept.pin.judge,
        "reference": kept.pin.reference,
        "judged": kept.before or kept.pin.judged,
        "cases": len(kept.pin.readings),
        "unread": sum(read is None for read in kept.pin.readings.values()),
        "file": str(kept.file),
        "was_there": kept.before is not None,
    }


def _as_json(found: "Drifted", tolerance: float) -> dict[str, object]:
    from dataclasses import asdict  # noqa: PLC0415

    moved = found.drift
    own = ("judge", "n", "changed", "share", "kappa", "newly_unread", "newly_read", "unread")
    why = moved.beyond(tolerance)
    return {
        "verdict": moved.verdict.value,
        "tolerated": not why,
        "why_not": why,
        "tolerance": tolerance,
        **{name: getattr(moved, name) for name in own},
        "pin": {"judge": moved.pin.judge, "judged": moved.pin.judged, "where": found.where},
        "reference": moved.pin.reference,
        "directions": [{"from": a, "to": b, "n": n} for (a, b), n in moved.directions.items()],
        "languages": [asdict(part) for part in moved.languages],
        "probability": {"mean_change": moved.probability, "largest_change": moved.largest},
        "withheld": {"pinned": moved.before, "now": moved.now, "shift": asdict(moved.shift)},
        "intended": {"pinned": asdict(moved.intended_before), "now": asdict(moved.intended_now)},
        "examples": [_plain(one) for one in moved.examples],
        "other_pins": [
            {"judge": k.pin.judge, "judged": k.pin.judged, "where": k.where} for k in found.others
        ],
    }


def _plain(one: "Both") -> dict[str, object]:
    from dataclasses import asdict  # noqa: PLC0415

    return {**asdict(one.case), "before": asdict(one.before), "now": asdict(one.now)}
