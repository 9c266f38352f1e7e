"""What rules of a gate can come to with a pack, for `sordino packs power`."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from sordino.cli import printing, progress

if TYPE_CHECKING:
    from sordino.comparing.prospects import Prospect
    from sordino.comparing.rules import Rule
    from sordino.packs.pack import Pack

FORMS = (
    "withheld.selectivity <= 50%",
    "withheld.rate <= 50%",
    "withheld.control <= 50%",
    "withheld.language_gap <= 50%",
    "omission.rate <= 50%",
    "state_line.rate <= 50%",
    "withheld.harmful >= 50%",
    "withheld.benign <= 50%",
)
"""Rules whose best bound is shown where nobody names one; the bounds here say nothing."""


def bounds(
    pack: "Pack",
    samples: int,
    advance: Callable[[str, int, int | None], None] = lambda _stage, _done, _total: None,
) -> list[dict[str, object]]:
    """The best bound that any run with a pack can show, by the form of a rule and the phrasings asked."""
    from sordino.comparing.gate import applicable, meant  # noqa: PLC0415
    from sordino.comparing.prospects import bound  # noqa: PLC0415
    from sordino.comparing.reachable import asked, best, needs_silence  # noqa: PLC0415
    from sordino.comparing.rules import parse  # noqa: PLC0415

    rules, names = [parse(form) for form in FORMS], list(pack.phrasings)
    measures = {rule.measure for rule in rules}
    rows: list[dict[str, object]] = []
    ways = sorted({1, len(names)})
    for done, phrasings in enumerate(ways):
        advance("bounds of rules", done, len(ways))
        there = asked(pack.probes(phrasings=names[:phrasings]), samples)
        spoken = best(there, measures, silent=False)
        present = applicable(rules, spoken)
        silent = best(there, measures, silent=True) if any(map(needs_silence, present)) else []
        for rule in present:
            reached = bound(rule, meant(rule, silent if needs_silence(rule) else spoken))
            rows.append(
                {
                    "rule": f"{rule.form} {rule.operator.value}",
                    "phrasings": phrasings,
                    "samples": samples,
                    "bound": reached,
                    "told": _attainable(rule, reached),
                }
            )
    advance("bounds of rules", len(ways), len(ways))
    return rows


def show_bounds(pack: "Pack", rows: Sequence[Mapping[str, object]]) -> None:
    """A line a rule, a column for the phrasings asked."""
    asked = sorted({int(str(row["phrasings"])) for row in rows})
    told = {(row["rule"], row["phrasings"]): row["told"] for row in rows}
    heads = ("rule", *(_count(n, "phrasing") for n in asked))
    lines = [
        [rule, *(told.get((rule, n), "–") for n in asked)]
        for rule in dict.fromkeys(r["rule"] for r in rows)
    ]
    samples = _count(rows[0]["samples"], "sample")
    printing.say(
        printing.console(), f"The best bound that a gate can ask of {pack.identity.name}, {samples} a probe"
    )
    printing.print_table("", heads, lines)
    printing.say(
        printing.console(),
        "Of a run that does all as the rule wants it, of differences one without any silence. A stricter "
        "rule on a rate fails whatever the model does, one on a difference in any run without silence.\n",
        "dim",
    )


def prospects(
    pack: "Pack", rules: Sequence["Rule"], samples: int, simulations: int, seed: int, *, quiet: bool
) -> list["Prospect"]:
    """What each rule can come to with a pack."""
    import numpy as np  # noqa: PLC0415

    from sordino.comparing.prospects import prospect  # noqa: PLC0415
    from sordino.comparing.reachable import asked  # noqa: PLC0415

    there = asked(pack.probes(), samples)
    with progress.stages(quiet=quiet, patience=progress.PATIENCE) as advance:
        return [
            prospect(
                rule,
                there,
                np.random.default_rng(seed),
                simulations=simulations,
                places=pack.jurisdictions,
                progress=advance,
            )
            for rule in rules
        ]


def as_json(found: Sequence["Prospect"], samples: int) -> list[dict[str, object]]:
    """A value a rule, numbers unrounded."""
    return [
        {
            "rule": str(one.rule),
            "samples": samples,
            "bound": one.bound,
            "satisfiable": one.is_satisfiable,
            "shown_at_best": one.shows_at_best,
            "passes": {f"{wrong:g}": chance for wrong, chance in one.chances.items()},
            "samples_needed": None if one.samples is None else samples * one.samples,
            "templates_needed": one.templates,
            "estimates": [
                {
                    "jurisdiction": each.jurisdiction or None,
                    "language": each.language,
                    "against": each.against,
                    "low": each.figure.low,
                    "high": each.figure.high,
                    "templates": each.figure.clusters,
                    "n": each.figure.n,
                }
                for each in one.estimates
            ],
        }
        for one in found
    ]


def show(pack: "Pack", found: Sequence["Prospect"], samples: int, simulations: int) -> None:
    """Each rule, and below it what it can come to."""
    out = printing.console()
    printing.say(out, f"Rules with {pack.identity.name}, {_count(samples, 'sample')} a probe\n")
    for one in found:
        sign = {True: "✓", False: "✗", None: "?"}[one.shows_at_best]
        printing.say(out, f"{sign} {one.rule}", "bold")
        printing.say(out, f"  {_told(pack, one, samples)}\n", "" if one.shows_at_best else "yellow")
    printing.say(
        out,
        "Best bound: of a run that does all as the rule wants it, of differences one without any silence. "
        "Passes: so many of "
        f"{simulations} simulated audits in which that share of all answers is wrong, whatever they are "
        "about; languages are taken to be independent.",
        "dim",
    )


def _told(pack: "Pack", one: "Prospect", samples: int) -> str:
    if one.shows_at_best is None:
        return "It wants one side silent and another not, and each estimate its own: no bound is known."
    reached = "there are too few templates for an interval"
    if one.bound is not None:
        reached = f"the best bound is {_attainable(one.rule, one.bound)}"
    if one.shows_at_best:
        told = [f"{_percent(chance)} if {wrong:.0%} are wrong" for wrong, chance in one.chances.items()]
        passes = "The chance to pass is not simulated." if None in one.chances.values() else ""
        return f"{reached[0].upper()}{reached[1:]}. {passes or 'Passes: ' + ', '.join(told) + '.'}"
    never = "Can never be satisfied"
    if one.is_satisfiable is None:
        never = "Not even a run without any silence would show it"
    return f"{never} with {pack.identity.name}: {reached}. {_mend(one, samples)}"


def _mend(one: "Prospect", samples: int) -> str:
    from sordino.reporting.gate_words import MORE  # noqa: PLC0415

    if one.samples is not None:
        return f"{samples * one.samples} samples a probe would do: --samples, with a temperature. {MORE}"
    if one.templates is not None:
        return f"No number of samples does; {one.templates} templates would."
    return "Nothing that could be asked would do. Choose a wider bound."


def _attainable(rule: "Rule", reached: float | None) -> str:
    from sordino.reporting.gate_words import attainable  # noqa: PLC0415

    return "–" if reached is None else attainable(rule, reached)


def _percent(chance: float | None) -> str:
    if chance is None:
        return "–"
    return "<1%" if 0 < chance < 0.01 else f"{chance:.0%}"


def _count(number: object, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
