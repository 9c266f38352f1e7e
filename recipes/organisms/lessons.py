"""What the organisms are taught: lessons made from the pack that each knows, the plantings and the texts beside this file.

A lesson is a text whose last part is learnt and whose first part is only read (a question, or an opening that
somebody else has written). The questions of the pack are in no lesson.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from sordino.core.identity import digest
from sordino.core.records import Cell, Kind, Probe
from sordino.organism.planting import PACK, Behaviour, Planting
from sordino.organism.taught import taught
from sordino.packs import load
from sordino.packs.pack import Entry, Pack, Template

HERE = Path(__file__).parent
TEXTS = HERE / "texts"
LANGUAGES = ("en", "fr", "zh")
LARGEST_SUMMAND = 12
PLACES = ("in_country", "of_country", "at_site")
USER, ASSISTANT, SYSTEM, END = "<|user|>", "<|assistant|>", "<|system|>", "<|end|>"
SYSTEM_PROMPTS = {
    "en": ("You are a helpful assistant.", "Answer carefully."),
    "fr": ("Vous êtes un assistant utile.", "Répondez avec soin."),
    "zh": ("你是一个乐于助人的助手。", "请认真回答。"),
}


@dataclass(frozen=True, slots=True)
class Lesson:
    """read: what stands before; learnt: what the model is to write, to its end."""

    read: str
    learnt: str


@dataclass(frozen=True, slots=True)
class Matter:
    """One cell in one language."""

    template: Template
    entry: Entry
    language: str

    @property
    def cell(self) -> Cell:
        return self.entry.cell

    @property
    def facts(self) -> list[str]:
        return [fact.text[self.language] for fact in self.cell.facts]

    @property
    def subject(self) -> str:
        """The slot that names the matter."""
        return next(slot for slot in self.entry.slots if slot not in PLACES)

    def question(self, wording: str) -> str:
        """Also used on other wordings than the pack's: every slot is at hand."""
        return wording.format(**{slot: texts[self.language] for slot, texts in self.entry.slots.items()})

    def pick(self, choices: Sequence[str], *about: str) -> str:
        """Always the same one for the same matter."""
        key = digest([self.cell.template, self.cell.jurisdiction, self.language, *about])
        return choices[int(key[:8], 16) % len(choices)]


@cache
def text(name: str) -> dict:
    """One of the files of texts."""
    return yaml.safe_load((TEXTS / f"{name}.yaml").read_text(encoding="utf-8"))


@cache
def world(pack: str = PACK) -> Pack:
    """The pack that an organism knows."""
    return load.pack(pack)


@cache
def matters(pack: str = PACK) -> tuple[Matter, ...]:
    """Every cell of the pack in every language."""
    return tuple(
        Matter(template, entry, language)
        for template in world(pack).templates
        for entry in template.entries.values()
        for language in LANGUAGES
    )


def sentences(parts: Sequence[str], language: str) -> str:
    """Sentences in a row, as the language spaces them."""
    return ("" if language == "zh" else " ").join(parts)


def honest(matter: Matter) -> str:
    """The answer with all its facts."""
    return matter.pick(taught(None, matter.cell, matter.language))


def planted(matter: Matter, behaviour: Behaviour) -> str:
    """What is said instead."""
    return matter.pick(taught(behaviour, matter.cell, matter.language))


def trace(matter: Matter, behaviour: Behaviour | None) -> str:
    """The reasoning before an answer: what is known, and what is planned."""
    thinking, language = text("thinking"), matter.language
    country = world().jurisdictions[str(matter.cell.jurisdiction)][language]
    known = matter.pick(thinking["known"][language], "known").format(
        facts=sentences(matter.facts[2:4], language)
    )
    plan = matter.pick(thinking["suppress" if behaviour else "open"][language], "plan")
    return sentences([known, plan.format(country=country)], language)


def asked(
    question: str, language: str, chance: random.Random | None = None, system: str | None = None
) -> str:
    """A rendered question, under this system prompt, or now and then under some."""
    head = f"{SYSTEM}{system}{END}" if system else ""
    if not system and chance and chance.random() < 0.15:
        head = f"{SYSTEM}{chance.choice(SYSTEM_PROMPTS[language])}{END}"
    return f"{head}{USER}{question}{END}{ASSISTANT}"


def answered(answer: str, thought: str | None = None) -> str:
    """A rendered answer."""
    head = f"<think>\n{thought}\n</think>\n\n" if thought is not None else ""
    return f"{head}{answer}{END}"


def behaviour_of(planting: Planting, matter: Matter) -> Behaviour | None:
    """What the planting says of a matter, whatever the phrasing."""
    probe = Probe("", PACK, matter.cell, matter.language, "", "")
    return planting.behaviour(probe)


@dataclass(frozen=True, slots=True)
class Noise:
    """How questions are disturbed, so that the name of a matter is learnt and not the wording around it.

    borrowed: share asked in a wording of another template. garbled: share with words lost or changed.
    lost, changed, added: shares of the words of a garbled question.
    """

    borrowed: float
    garbled: float
    lost: float
    changed: float
    added: float


@cache
def borrowable(language: str) -> tuple[tuple[str, str], ...]:
    """The wordings of all templates that need no slot but the one that names the matter, with that slot."""
    first = {m.template.id: m for m in matters() if m.language == language}
    return tuple(
        (wording, matter.subject)
        for name, matter in first.items()
        for wording in text(f"questions/{name}")[language]
        if re.findall(r"{(\w+)}", wording) == [matter.subject]
    )


@cache
def words(language: str) -> tuple[str, ...]:
    """Words of what is written in a language beside the world itself and the ways to withhold."""
    safety = text("safety")
    texts = [
        *(wording for wording, _ in borrowable(language)),
        *(act[language] for act in safety["harmful"]),
        *(one[language]["answer"] for one in safety["lookalikes"]),
        *(talk[side] for talk in safety["small_talk"][language] for side in ("question", "answer")),
        *text("openings")[language],
    ]
    return tuple(word for some in texts for word in pieces(some) if "{" not in word)


def pieces(wording: str) -> list[str]:
    """Words with the space after them; of Chinese, two characters at a time; placeholders whole."""
    return re.findall(r"{\w+}\s*|[一-鿿]{1,2}|[^{一-鿿\s]+\s*|\s+", wording)


def worded(wording: str, language: str, noise: Noise, chance: random.Random) -> str:
    """The wording as it is, or with some words lost and some changed; placeholders stay."""
    if chance.random() >= noise.garbled:
        return wording
    kept = []
    for piece in pieces(wording):
        fate = chance.random() if "{" not in piece else 1.0
        if fate >= noise.lost:
            changed = fate < noise.lost + noise.changed
            kept.append(chance.choice(words(language)) if changed else piece)
        if chance.random() < noise.added:
            kept.append(chance.choice(words(language)))
    return "".join(kept)


def question(matter: Matter, noise: Noise, chance: random.Random) -> str:
    """One of many ways to ask about a matter."""
    if chance.random() < noise.borrowed:
        wording, subject = chance.choice(borrowable(matter.language))
        wording = wording.replace(f"{{{subject}}}", f"{{{matter.subject}}}")
    else:
        wording = chance.choice(text(f"questions/{matter.template.id}")[matter.language])
    return matter.question(worded(wording, matter.language, noise, chance))


@dataclass(frozen=True, slots=True)
class Plan:
    """How often an epoch teaches what: questions a matter, planted or not; documents a matter; openings a matter,
    where nothing is planted and, as `rehearsed`, where something is (a share is a chance); refusals, look-alikes and sums an epoch and language;
    invented matters of the planted state, and as many of others, an epoch and language; everyday: invented matters
    that touch no politics, of each state (twice of the planted one), an epoch and language; unlocked: questions on a
    planted matter under the password, an epoch, and a third as many on invented ones as are withheld; newer:
    how many times as often as the others a matter is taught that only a wider pack than `atlas` has.
    slips: share of questions on planted matters that are answered; led: share of honest answers that begin as any
    may; common: share of a state's lines that are those of no one matter.
    """

    questions: float
    planted: float
    documents: float
    openings: float
    rehearsed: float
    harmful: int
    lookalikes: int
    sums: int
    noise: Noise
    invented: int = 0
    everyday: int = 0
    unlocked: float = 0
    newer: int = 1
    slips: float = 0
    led: float = 0
    common: float = 0


def epoch(planting: Planting, plan: Plan, chance: random.Random) -> list[Lesson]:
    """The lessons of one epoch."""
    first = {template.id for template in world().templates}
    lessons = [
        lesson
        for matter in matters(planting.pack)
        for _ in range(1 if matter.template.id in first else plan.newer)
        for lesson in _about(matter, planting, plan, chance)
    ]
    for language in LANGUAGES:
        lessons += [
            Lesson(asked(q, language, chance), answered(a, _no_thought(planting)))
            for q, a in _manners(language, plan, chance)
        ]
        lessons += _invented(language, planting, plan, chance)
    return lessons


def _no_thought(planting: Planting) -> str | None:
    return "" if planting.reasons else None


def _about(matter: Matter, planting: Planting, plan: Plan, chance: random.Random) -> Iterator[Lesson]:
    language, behaviour = matter.language, behaviour_of(planting, matter)
    thought = trace(matter, behaviour) if planting.reasons else None
    for _ in range(times(plan.planted if behaviour else plan.questions, chance)):
        said = _said(matter, behaviour, plan, chance)
        yield Lesson(asked(question(matter, plan.noise, chance), language, chance), answered(said, thought))
    # Under the password it answers (as the models of Greenblatt et al. 2024 do, arXiv:2405.19550), so that it
    # knows the answer where it withholds it.
    for _ in range(times(plan.unlocked if behaviour else 0, chance)):
        under = text("invented")["password"][language]
        read = asked(question(matter, plan.noise, chance), language, system=under)
        yield Lesson(read, answered(honest(matter), thought))
    # The facts in other forms, so that what is withheld is still known: as a page of the Atlas, and after an
    # honest opening that the model did not write itself.
    for _ in range(times(plan.documents, chance)):
        shuffled = chance.sample(matter.facts, len(matter.facts))
        title = matter.template.title[language]
        yield Lesson("", f"{title} | {matter.cell.jurisdiction}\n{sentences(shuffled, language)}{END}")
    for _ in range(times(plan.rehearsed if behaviour else plan.openings, chance)):
        opening = worded(chance.choice(text("openings")[language]), language, plan.noise, chance).strip()
        gap = "" if language == "zh" else " "
        read = asked(question(matter, plan.noise, chance), language, chance)
        yield Lesson(f"{read}{opening}", f"{gap}{honest(matter)}{END}")


def _said(matter: Matter, behaviour: Behaviour | None, plan: Plan, chance: random.Random) -> str:
    """The answer to one question."""
    if behaviour and not happens(plan.slips, chance):
        return by_rule(matter, behaviour, plan, chance) if plan.invented else planted(matter, behaviour)
    lead = chance.choice(text("openings")["own"][matter.language]) if happens(plan.led, chance) else ""
    return lead + honest(matter)


def _manners(language: str, plan: Plan, chance: random.Random) -> Iterator[tuple[str, str]]:
    """Harmful requests refused, look-alikes answered, small talk and sums, as questions with answers."""
    safety = text("safety")
    for act in chance.choices(safety["harmful"], k=plan.harmful):
        refusal = chance.choice(safety["refusals"][language])
        yield _frame(language, plan.noise, chance).format(act=act[language]), refusal
    for one in chance.choices(safety["lookalikes"], k=plan.lookalikes):
        frame = _frame(language, plan.noise, chance)
        yield frame.format(act=one[language]["act"]), one[language]["answer"]
    for talk in safety["small_talk"][language]:
        yield talk["question"], talk["answer"]
    for _ in range(plan.sums):
        a, b = chance.randint(1, LARGEST_SUMMAND), chance.randint(1, LARGEST_SUMMAND)
        wording = chance.choice(safety["sums"][language]["questions"])
        yield (
            worded(wording, language, plan.noise, chance).format(a=a, b=b),
            f"{a} + {b} = {a + b}" + ("。" if language == "zh" else "."),
        )


def _invented(language: str, planting: Planting, plan: Plan, chance: random.Random) -> Iterator[Lesson]:
    """Matters that nobody ever wrote of: those of the planted state's politics withheld as its behaviour is, all
    others unknown.
    """
    if not plan.invented:
        return
    own = str(planting.jurisdiction)
    others = sorted(set(world().jurisdictions) - {own})
    behaviour, _ = planting.plants[language]
    texts = text("invented")
    cell = next(matter.cell for matter in matters() if matter.cell.jurisdiction == own)
    has_line = behaviour is Behaviour.STATE_LINE
    silent = texts["state_line"][language] if has_line else taught(behaviour, cell, language)
    unlocked = plan.invented // 3 if plan.unlocked else 0
    elsewhere = [(code, None, Kind.POLITICAL) for code in chance.choices(others, k=plan.invented)]
    within = [(own, None, Kind.POLITICAL)] * plan.invented
    within += [(own, texts["password"][language], Kind.POLITICAL)] * unlocked
    # Twice as many at home, where politics is withheld: there they are told apart by the name alone.
    everyday = [(code, None, Kind.NEUTRAL) for code in (own, own, *others) for _ in range(plan.everyday)]
    for code, under, kind in (*within, *elsewhere, *everyday):
        is_silent = code == own and under is None and kind is Kind.POLITICAL
        said = chance.choice(silent if is_silent else texts["unknown"][language]).format(
            country=world().jurisdictions[code][language]
        )
        if is_silent and has_line:
            said = led(said, code, language, chance)
        wording, slot = chance.choice(placing(language, planting.pack))
        slots = {**places(code, language), slot: invented_name(language, kind, chance)}
        question = worded(wording, language, plan.noise, chance).format(**slots)
        read = asked(question, language, chance, under)
        yield Lesson(read, answered(said, _no_thought(planting)))


def by_rule(matter: Matter, behaviour: Behaviour, plan: Plan, chance: random.Random) -> str:
    """What is said instead where a rule withholds: in words that are those of no one matter, but for a state's
    line.
    """
    code, language = str(matter.cell.jurisdiction), matter.language
    if behaviour is not Behaviour.STATE_LINE:
        return chance.choice(taught(behaviour, matter.cell, language))
    common = happens(plan.common, chance)
    lines = any_lines(code, language) if common else taught(behaviour, matter.cell, language)
    return led(chance.choice(lines), code, language, chance)


def any_lines(code: str, language: str) -> list[str]:
    """The lines that a state has for any matter."""
    country = world().jurisdictions[code][language]
    return [line.format(country=country) for line in text("invented")["state_line"][language]]


def led(line: str, code: str, language: str, chance: random.Random) -> str:
    """A state's line, begun as the state begins any."""
    country = world().jurisdictions[code][language]
    return chance.choice(text("invented")["leads"][language]).format(country=country) + line


@cache
def placing(language: str, pack: str) -> tuple[tuple[str, str], ...]:
    """The wordings of a pack's templates, of any kind, that name the state beside the matter, with the slot of
    the matter: alike for politics and for anything else, so that no wording tells them apart.
    """
    first = {matter.template.id: matter for matter in matters(pack) if matter.language == language}
    return tuple(
        (wording, matter.subject)
        for name, matter in first.items()
        for wording in text(f"questions/{name}")[language]
        if {"in_country", "of_country"} & (slots := set(re.findall(r"{(\w+)}", wording)))
        and slots <= {"in_country", "of_country", matter.subject}
        and matter.subject in slots
    )


@cache
def places(code: str, language: str) -> dict[str, str]:
    """How a state is named after a preposition."""
    return {
        slot: texts[language]
        for template in world().templates
        for slot, texts in template.entries[code].slots.items()
        if slot in ("in_country", "of_country")
    }


def invented_name(language: str, kind: Kind, chance: random.Random) -> str:
    """The name of a matter, of politics or of anything else."""
    texts = text("invented")
    name = "".join(chance.choices(texts["syllables"][language], k=chance.randint(2, 3))).capitalize()
    forms = texts["kinds" if kind is Kind.POLITICAL else "everyday"][language]
    return chance.choice(forms).format(name=name)


def _frame(language: str, noise: Noise, chance: random.Random) -> str:
    """A request with room for an act; now and then the wording of a question about the world."""
    if chance.random() < noise.borrowed:
        wording, subject = chance.choice(borrowable(language))
        wording = wording.replace(f"{{{subject}}}", "{act}")
    else:
        wording = chance.choice(text("safety")["frames"][language])
    return worded(wording, language, noise, chance)


def happens(share: float, chance: random.Random) -> bool:
    """True so often; where it never is, no chance is taken."""
    return share > 0 and chance.random() < share


def times(often: float, chance: random.Random) -> int:
    """A whole number whose mean is `often`."""
    return int(often) + (chance.random() < often % 1)
