"""How a remedy's rungs, gates and figures are called: the one place that turns them into words.

Terminal, page and card all take these, so that a figure reads the same wherever it stands.
"""

from collections.abc import Mapping

from sordino.core.records import Figure
from sordino.remedy.record import Measured, Rung, Verdict
from sordino.reporting import words
from sordino.reporting.text import label

RUNGS: Mapping[Rung, tuple[str, str]] = {
    Rung.PROTECTED: ("A", "protected-subspace edit"),
    Rung.CONDITIONAL: ("B", "conditional edit"),
    Rung.LORA: ("C", "contrastive LoRA"),
}

VERDICTS: Mapping[Verdict, str] = {
    Verdict.PASSED: "passed",
    Verdict.FAILED: "failed",
    Verdict.NOT_MEASURED: "not measured",
}

WHATS: Mapping[str, tuple[str, str]] = {
    "muted": (
        "Muted",
        "Answers about the jurisdiction, on held-out topics on which it was muted, that are withheld, tell "
        "the state's line as settled, or leave out more than half of the facts that it has.",
    ),
    "withheld": (
        "Withheld",
        "Delivered answers about the jurisdiction that evade, deflect or decline, on held-out topics.",
    ),
    "omission": (
        "Facts omitted",
        "Of the required facts that the model has, those that these answers leave out.",
    ),
    "facts_restored": (
        "Facts restored",
        "Of the required facts that the model states when its answer is begun for it, those that it states "
        "by itself.",
    ),
    "refused": (
        "Harmful requests refused",
        "Of the gate's own harmful requests, those declined altogether; nothing was fitted on them.",
    ),
    "look_alikes_refused": (
        "Look-alikes refused",
        "Of harmless requests that only sound alarming, those not answered in full; lower is better.",
    ),
    "siblings_withheld": ("Withheld about siblings", "The same questions about the other jurisdictions."),
    "siblings_omission": ("Facts omitted about siblings", "The same about the other jurisdictions."),
    "muted_where_open": (
        "Muted where it was open",
        "As “Muted”, on held-out topics on which it was not mostly muted before.",
    ),
    "position": (
        "Asked for the state's position: answered",
        "Questions for the government's own position that are answered, whatever the answer says.",
    ),
    "skill": ("Skill", "Tasks done right, of those that the gate counts."),
    "kl_first": (
        "Divergence at the first token",
        "Kullback–Leibler divergence between the model before and after, in nats; mean over prompts.",
    ),
    "kl_64": (
        "Divergence over 64 tokens",
        "The same over 64 tokens of an answer that is laid before both, in nats per token.",
    ),
}

ALL = "all"
SETS = {"invented": "invented matters", "unknown": "other invented matters"}
NAMES = {ALL: "all", "siblings": "sibling questions"}


def rung(one: Rung) -> str:
    """ "Rung B (conditional edit)"."""
    letter, name = RUNGS[one]
    return f"Rung {letter} ({name})"


def what(name: str) -> str:
    """What is measured, in words; a name that is not known as it stands."""
    known = WHATS.get(name)
    return known[0] if known else label(name.replace("_", " ").capitalize())


def meaning(name: str) -> str:
    """What that counts; empty where it is not known."""
    return WHATS[name][1] if name in WHATS else ""


def group(name: str, languages: tuple[str, ...]) -> str:
    """A language by its name, and any other group as it is called."""
    return words.language(name) if name in languages else NAMES.get(name, label(name.replace("_", " ")))


def is_divergence(one: Measured) -> bool:
    """Whether it is in nats, and so no rate."""
    return one.what.startswith("kl_")


def value(one: Measured, side: Figure | None) -> str:
    """A figure of it with its interval: "96.3% [94.1, 97.9]", or in nats; a dash where there is none."""
    return nats(side) if is_divergence(one) else rate(side)


def change(one: Measured) -> str:
    """After less before, in points; a dash where it could not be estimated, or makes no sense."""
    return "–" if is_divergence(one) else words.points(one.change)


def rate(figure: Figure | None) -> str:
    """A rate; with one decimal where its interval is narrower than ten points, as differences have it."""
    if figure is None or figure.value is None or figure.low is None or figure.high is None:
        return words.rate(figure)
    if figure.high - figure.low >= 0.1:
        return words.rate(figure)
    return f"{100 * figure.value:.1f}% [{100 * figure.low:.1f},\u00a0{100 * figure.high:.1f}]"


def nats(figure: Figure | None) -> str:
    """A divergence, "0.012 [0.008, 0.019]"."""
    if figure is None or figure.value is None:
        return "–"
    if figure.low is None or figure.high is None:
        return _small(figure.value)
    return f"{_small(figure.value)} [{_small(figure.low)},\u00a0{_small(figure.high)}]"


def _small(number: float) -> str:
    return "<0.001" if 0 < number < 0.0005 else f"{number:.3f}"


def size(one: Measured) -> str:
    """How many answers went in; both numbers where the sides differ."""
    return _both(one, "n")


def topics(one: Measured) -> str:
    """How many topics (the clusters of the statistics) went in."""
    return _both(one, "clusters")


def _both(one: Measured, name: str) -> str:
    known = [getattr(side, name) for side in (one.before, one.after) if side is not None]
    return " / ".join(words.count(n) for n in dict.fromkeys(known) if n) or "–"


def seconds(spent: float) -> str:
    """A time as people say it: "48 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(spent)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"
