"""Whether runs can be held against each other as they are, and if not, why: in words, from manifests alone.

A figure that differs because another judge read the answers, or because other questions were asked, says
nothing of a model. Whatever puts runs side by side (a list, a report, a comparison) asks here first.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sordino.core.manifest import Manifest
from sordino.core.records import Axis

DRAWN: Mapping[str, str] = {
    "system": "System prompt",
    "prefill": "How answers begin",
    "plain": "Asked without a chat template",
    "samples": "Answers a question",
    "temperature": "Temperature",
    "top_p": "Top-p",
    "max_tokens": "Most tokens of an answer",
}
"""Settings that decide what a model answers. A recording knows none of them."""

ASKED: Mapping[str, str] = {
    "epoch": "Epoch",
    "until": "Asked until",
    "margin": "Margin of certainty",
    "siblings": "Siblings by the column",
    "languages": "Languages",
    "jurisdictions": "Jurisdictions",
    "templates": "Templates",
    "phrasings": "Phrasings",
}
"""Settings that decide which questions are asked, when, and what is compared with what."""

CHOICE = ("languages", "jurisdictions", "templates", "phrasings")
"""Of these, what chooses questions; left out, all are asked."""

MEND = (
    "Give an audit's command again (its report has it, and `sordino runs --json`): nothing is asked again, "
    "for answers are kept; the installed judges read them, as a run of its own."
)
SHOWN = 60
"""Characters of a setting's value."""

_FOLD = re.compile(r"/fold\d+$")


@dataclass(frozen=True, slots=True)
class Apart:
    """Judges of one axis that have read what one judge could have read, and how many runs each has read."""

    axis: str
    judges: Mapping[str, int]

    @property
    def sentence(self) -> str:
        """The same in words."""
        counted = (f"{judge} ({n:,} {'run' if n == 1 else 'runs'})" for judge, n in self.judges.items())
        return f"{self.axis.capitalize()} was read by different judges: {', '.join(counted)}."


def differences(
    a: Manifest, b: Manifest, *, same_questions: bool = False, besides: Collection[str] = ()
) -> list[str]:
    """What makes two runs not comparable as they are, a sentence each; empty where nothing does.

    same_questions: known from elsewhere, whatever the packs' hashes: those of recordings say more.
    besides: settings whose difference is what one compares.

    That their targets differ is no such thing: it is what one compares. Values are as their writers wrote
    them: whoever shows them makes them harmless.
    """
    questions = () if same_questions else _questions(a, b)
    return [*_judges(a, b), *questions, *_settings(a, b, besides)]


def apart(manifests: Sequence[Manifest]) -> list[Apart]:
    """The axes on which runs were read by different judges where one judge could have read them all."""
    found = (_apart([m for m in manifests if axis in m.judges], axis) for axis in Axis)
    return [one for one in found if one is not None]


def outdated(manifest: Manifest, installed: Mapping[str, str]) -> list[str]:
    """Where a run was read by another state of a judge than the installed one. installed: ids by axis.

    A judge of another name (a language model) was chosen by whoever made the run, and is not outdated.
    """
    return [
        f"{axis.capitalize()} was read by {was}; the installed judge is {now}. The figures on its card "
        "need not hold for these readings, and runs that it has read are not comparable with this one. "
        f"{MEND}"
        for axis, now in installed.items()
        if (was := _without_fold(manifest.judges.get(axis, now))) != now and _name(was) == _name(now)
    ]


# -- judges --------------------------------------------------------------------------------------------


def _judges(a: Manifest, b: Manifest) -> Iterator[str]:
    for axis in Axis:
        read_in = [m for m in (a, b) if axis in m.judges]
        if len(read_in) == 1:
            yield f"{axis.capitalize()} was read in {read_in[0].run} only."
        elif read_in and _apart(read_in, axis):
            ours, theirs = _judge(a, axis), _judge(b, axis)
            yield f"{axis.capitalize()} was read by {ours} in {a.run}, {theirs} in {b.run}."


def _apart(read_in: Sequence[Manifest], axis: Axis) -> Apart | None:
    by_base: dict[object, list[str]] = defaultdict(list)
    for m in read_in:
        by_base[_base(m, axis)].append(_judge(m, axis))
    differing = [judge for some in by_base.values() if len(set(some)) > 1 for judge in some]
    judges = differing or [_stem(_judge(m, axis)) for m in read_in]
    return Apart(axis.value, dict(Counter(judges).most_common())) if len(set(judges)) > 1 else None


def _judge(manifest: Manifest, axis: Axis) -> str:
    """The parts of a classifier that left out different models are one judge."""
    return _without_fold(manifest.judges[axis])


def _base(manifest: Manifest, axis: Axis) -> tuple[object, ...]:
    """What the id of an axis's judge follows besides the judge itself: runs that share it share the id.

    The judges of facts and flags hash the cells that were asked, that of reasoning the judges it consults.
    """
    if axis is Axis.ENGAGEMENT:
        return ()
    asked = (manifest.pack.hash, *(_chosen(manifest, name) for name in CHOICE))
    if axis is not Axis.REASONING:
        return asked
    return (*asked, *(manifest.judges.get(other) for other in (Axis.ENGAGEMENT, Axis.FACTS)))


def _without_fold(judge: str) -> str:
    return _FOLD.sub("", judge)


def _stem(judge: str) -> str:
    """Name and version, without what is hashed."""
    return judge.rpartition("-")[0] or judge


def _name(judge: str) -> str:
    return judge.partition("@")[0]


# -- questions and settings ----------------------------------------------------------------------------


def _questions(a: Manifest, b: Manifest) -> Iterator[str]:
    if a.pack.hash != b.pack.hash:
        ours, theirs = (f"{m.pack.name} {m.pack.version} ({m.pack.hash[:8]})" for m in (a, b))
        yield f"The questions differ: {ours} in {a.run}, {theirs} in {b.run}."


def _settings(a: Manifest, b: Manifest, besides: Collection[str]) -> Iterator[str]:
    unknown = [m.run for m in (a, b) if not any(name in m.settings for name in DRAWN)]
    if len(unknown) == 1:
        yield f"How answers were drawn is known of one run only: {unknown[0]} is a recording."
    for name, words in {**({} if unknown else DRAWN), **ASKED}.items():
        ours, theirs = (_said(m, name) for m in (a, b))
        if ours != theirs and name not in besides:
            yield f"{words}: {_short(ours)} in {a.run}, {_short(theirs)} in {b.run}."


def _chosen(manifest: Manifest, name: str) -> tuple[str, ...]:
    given = manifest.settings.get(name)
    return tuple(sorted({str(one) for one in given})) if isinstance(given, list | tuple) else ()


def _said(manifest: Manifest, name: str) -> str:
    """A setting's value in words."""
    if name in CHOICE:
        return ", ".join(_chosen(manifest, name)) or "all"
    value = manifest.settings.get(name)
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return repr(value) if isinstance(value, str) else str(value)


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
