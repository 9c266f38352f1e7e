"""`sordino judge ask`: language models read the answers of a run, beside its own judges."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sordino.cli import options, printing
from sordino.cli.progress import stages
from sordino.core.errors import SpecError

if TYPE_CHECKING:
    from sordino.judging.llm import LLMJudge
    from sordino.wiring.asking import Asking, Came, Expected
    from sordino.wiring.prices import Price, Prices

NOTE = (
    "These readings are stored beside those of the run's own judges. They change nothing that the run "
    "concluded; an audit that concludes from LLM judges (`sordino audit --judge`) is not there yet."
)
MOST_WHYS = 12


def ask(  # noqa: PLR0913, PLR0917 - one parameter an option
    run: options.RunId = "latest",
    judge: Annotated[
        list[str] | None,
        typer.Option(
            help="A model that judges (repeatable): openai:MODEL@http://HOST:PORT/v1, hf:ORG/NAME, "
            "organism:NAME.",
            metavar="SPEC",
        ),
    ] = None,
    rubric: Annotated[
        Path | None, typer.Option(help="What to judge by. Default: the rubric that ships.", metavar="FILE")
    ] = None,
    language: Annotated[
        list[str] | None, typer.Option(help="Only answers in this language (repeatable).")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(help="Only so many answers, drawn at random.", min=1, metavar="N")
    ] = None,
    seed: Annotated[int, typer.Option(help="What --limit draws from.", min=0)] = 0,
    prices: Annotated[
        Path | None,
        typer.Option(help="YAML: currency, and input and output by model per million tokens."),
    ] = None,
    budget_tokens: Annotated[
        int | None, typer.Option(help="Stop before taking more tokens than this.", metavar="N")
    ] = None,
    max_cost: Annotated[
        float | None, typer.Option(help="Stop before costing more than this; needs --prices.")
    ] = None,
    max_tokens: Annotated[
        int, typer.Option(help="Tokens a ruling may have; more for models that reason.", min=1)
    ] = 300,
    concurrency: Annotated[
        int, typer.Option(help="Requests on the way to a server at once.", min=1, max=512)
    ] = 16,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Neither use nor keep rulings of other commands.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nobody whether the cost is fine.")] = False,
    as_json: options.AsJson = False,
    store: options.Store = options.STORE,
) -> None:
    """Have language models read a stored run's answers, and see how far judges agree.

    Says first what that will take. A key for the server is read from
    SORDINO_JUDGE_KEY, else as for a target. The same command again goes on
    where it was stopped, and pays for nothing twice.
    """
    from sordino.store.store import Store  # noqa: PLC0415
    from sordino.wiring import asking, llm_judging  # noqa: PLC0415 - brings pandas
    from sordino.wiring.prices import Budget, Prices  # noqa: PLC0415

    known = None if prices is None else Prices.read(prices)
    _check_budget(budget_tokens, max_cost, known)
    if not judge:
        raise SpecError(f"Name a judge: --judge {' or --judge '.join(llm_judging.FORMS.values())}.")
    settings = llm_judging.JudgeSettings(rubric, max_tokens, concurrency, not no_cache)
    with ExitStack() as held:
        opened = held.enter_context(Store.open(store, create=False))
        found = opened.resolve(run)
        chosen = [held.enter_context(llm_judging.judge(spec, settings)) for spec in dict.fromkeys(judge)]
        _check_judges(chosen)
        job = asking.Asking(
            opened,
            found,
            chosen,
            asking.Sample(tuple(language or ()), limit, seed),
            _priced(chosen, known, max_cost),
            Budget(budget_tokens, max_cost),
        )
        told = _Told(job, known.currency if known else "", quiet=as_json)
        _carry_out(told, yes=yes)


@dataclass
class _Told:
    """A job, and how to tell of it."""

    job: "Asking"
    currency: str
    quiet: bool

    def say(self, text: str, style: str = "") -> None:
        if not self.quiet:
            printing.say(printing.console(), _visible(text), style)

    def money(self, cost: float | None) -> str:
        return "" if cost is None else f"{cost:,.4f} {self.currency}"


def _carry_out(told: _Told, *, yes: bool) -> None:
    job = told.job
    for warning in job.warnings:
        # On stderr as well as in the output: it must not go unread where JSON goes into a file.
        typer.echo(_visible(f"Warning: {warning}"), err=True)
    with stages(quiet=told.quiet) as progress:
        expected = {judge.id: job.expected(judge, progress) for judge in job.judges}
    _show_expected(told, expected)
    is_paid = any(one.cost for one in expected.values())
    if is_paid and not yes and sys.stdin.isatty() and not typer.confirm("Ask them?", err=True):
        typer.echo("Nothing was asked.", err=True)
        return
    with stages(quiet=told.quiet) as progress:
        for judge in job.judges:
            job.ask(judge, progress)
    came = [job.came(judge) for judge in job.judges]
    if told.quiet:
        printing.echo_json(_as_json(told, expected, came))
    else:
        _show(told, came)


def _show_expected(told: _Told, expected: Mapping[str, "Expected"]) -> None:
    job = told.job
    told.say(f"Run {job.run}: {len(job.keys):,} delivered answers to be read.")
    for judge, one in expected.items():
        cost = f"at most about {told.money(one.cost)}" if one.cost is not None else "price not known"
        told.say(
            f"{judge}: {one.answers:,} answers not read yet, {one.requests:,} requests, about "
            f"{one.tokens.prompt:,} tokens in and at most {one.tokens.completion:,} out; {cost}."
            if one.answers
            else f"{judge}: has read them all."
        )


def _show(told: _Told, came: Sequence["Came"]) -> None:
    values = ("COMPLETE", "PARTIAL", "DENIAL")
    rows = [
        [
            _visible(one.judge),
            *(f"{one.values.get(value, 0):,}" for value in values),
            f"{sum(one.unjudged.values()):,}",
            f"{one.owed:,}",
        ]
        for one in came
    ]
    printing.print_table("Read so far", ("judge", *values, "unjudged", "owed"), rows)
    whys = [(one.judge, why, count) for one in came for why, count in one.unjudged.items()]
    if whys:
        shown = [[_visible(str(cell)) for cell in row] for row in whys[:MOST_WHYS]]
        if rest := sum(count for _, _, count in whys[MOST_WHYS:]):
            shown.append(["", "other reasons", f"{rest:,}"])
        printing.print_table("Why unjudged", ("judge", "why", "answers"), shown)
    _show_agreement(told)
    for one in came:
        if one.requests or one.cached:
            told.say(_took(told, one))
        if one.quotes_not_found:
            told.say(f"{one.judge}: {one.quotes_not_found:,} quotes do not stand in the answer.", "yellow")
    if told.job.budget.is_spent:
        told.say("Stopped at the budget. What is owed is unread; the same command goes on.", "yellow")
    for warning in told.job.warnings:
        told.say(f"Warning: {warning}", "yellow")
    told.say(NOTE)


def _show_agreement(told: _Told) -> None:
    rows = [
        [
            _visible(one.first),
            _visible(one.second),
            _visible(one.language),
            f"{one.n:,}",
            "" if one.share is None else f"{one.share:.1%}",
            "cannot be said" if one.kappa is None else f"{one.kappa:.2f}",
        ]
        for one in told.job.agreement()
    ]
    if rows:
        columns = ("judge", "judge", "language", "read by both", "agree", "kappa")
        printing.print_table("How far judges agree", columns, rows)


def _took(told: _Told, one: "Came") -> str:
    cost = "" if one.cost is None else f", {told.money(one.cost)}"
    guessed = f" ({one.estimated:,} of them estimated: the server stated none)" if one.estimated else ""
    known = f"; {one.cached:,} rulings were known" if one.cached else ""
    return (
        f"{one.judge}: {one.requests:,} requests, {one.tokens.prompt:,} tokens in, "
        f"{one.tokens.completion:,} out{guessed}{cost}{known}."
    )


def _as_json(told: _Told, expected: Mapping[str, "Expected"], came: Sequence["Came"]) -> dict[str, object]:
    job = told.job
    return {
        "run": job.run,
        "answers": len(job.keys),
        "currency": told.currency or None,
        "judges": [asdict(one) | {"expected": asdict(expected[one.judge])} for one in came],
        "agreement": [asdict(one) for one in job.agreement()],
        "stopped_at_budget": job.budget.is_spent,
        "warnings": job.warnings,
        "notes": [NOTE],
    }


def _check_budget(tokens: int | None, cost: float | None, prices: "Prices | None") -> None:
    if tokens is not None and tokens < 1:
        raise SpecError(
            f"--budget-tokens {tokens} allows nothing. Give a number of tokens, or leave it out."
        )
    if cost is not None and not 0 < cost < float("inf"):
        raise SpecError(f"--max-cost {cost:g} allows nothing. Give an amount above 0, or leave it out.")
    if cost is not None and prices is None:
        raise SpecError("--max-cost needs to know what tokens cost. Give --prices FILE too.")


def _check_judges(chosen: Sequence["LLMJudge"]) -> None:
    ids = [judge.id for judge in chosen]
    if len(set(ids)) < len(ids):
        raise SpecError("Two of the judges are one and the same. Name each once.")


def _priced(
    chosen: Sequence["LLMJudge"], prices: "Prices | None", max_cost: float | None
) -> Mapping[str, "Price"]:
    if prices is None:
        return {}
    found = {}
    for judge in chosen:
        name = judge.identity.name
        if price := prices.of(name):
            found[judge.id] = price
        elif max_cost is not None:
            raise SpecError(f"--prices names no price for {name!r}, so --max-cost cannot be kept. Add it.")
    return found


def _visible(text: str) -> str:
    from sordino.reporting.text import visible  # noqa: PLC0415

    return visible(text)
