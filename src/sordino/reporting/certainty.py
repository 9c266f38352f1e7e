"""What there is to say of an audit that stopped when enough was certain."""

from sordino.auditing.estimates import ENOUGH_CERTAIN
from sordino.auditing.rounds import margin_of
from sordino.auditing.sentence import joined
from sordino.core.records import Contrast
from sordino.reporting import words
from sordino.reporting.source import ReportSource


def asked(source: ReportSource) -> str:
    """How much of what could be asked was, and why no more; nothing of an audit that asks everything."""
    margin = margin_of(source.manifest.settings)
    if margin is None:
        return ""
    could = source.outcomes["key"].notna()
    most, n = int(could.sum()), int((could & source.outcomes["delivery"].ne("not_asked")).sum())
    rates = [e for e in source.estimates if e.contrast in (Contrast.RATE, Contrast.CONTROL)]
    spared = {e.language for e in rates if ENOUGH_CERTAIN in e.excluded}
    if not spared:
        if n == most:
            return f"Asked all {most:,} questions: stopping early has spared none."
        return f"Asked {n:,} of {most:,} questions: it ended before enough was certain in any language."
    certain = joined([words.language(code) for code in sorted(spared)])
    return (
        f"Asked {n:,} of {most:,} questions: in {certain} every jurisdiction was then certain to be "
        f"selective, or less than {_points(margin)} above its siblings. Intervals are wider for it."
    )


def method(source: ReportSource) -> str:
    """How the figures of such an audit are made; nothing of others."""
    margin = margin_of(source.manifest.settings)
    if margin is None:
        return ""
    return (
        "This audit asked in rounds and stopped where enough was certain. Its intervals and p-values hold "
        "however often one looks and whenever one stops (confidence sequences by betting: Waudby-Smith & "
        "Ramdas 2024), and so are wider than those of an audit that asks everything. Each template weighs "
        "the same. The p of a selectivity is one-sided; p-values are multiplied by the number of "
        f"comparisons that were planned (Bonferroni). The margin of {_points(margin)} was set before "
        "asking. A rate where one stops leans towards what made one stop; its interval allows for that. "
        "Neutral questions were asked in full or, where no jurisdiction was selective, not at all; their "
        "intervals are the usual ones."
    )


def adjustment(source: ReportSource) -> str:
    """By whose method p-values are adjusted."""
    return "Holm" if margin_of(source.manifest.settings) is None else "Bonferroni"


def _points(margin: float) -> str:
    return f"{100 * margin:g} points"
