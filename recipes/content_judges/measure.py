"""Measures the judges of facts, flags and reasoning, and writes the cards that reports show.

Facts and flags: on answers.yaml, written from the facts alone by a reader who had not seen the patterns; on
real answers (real_answers.py: development data; skipped where absent); on the pack's own references and state
lines; and on its siblings' references, where nothing may be found.
Reasoning: on traces.yaml, labels of one reader on real traces (development data; skipped where absent).

Run it with: python recipes/content_judges/measure.py
"""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd
import real_answers
import yaml

from sordino.core.identity import digest, make_request
from sordino.core.protocols import Judge
from sordino.core.records import Attempt, Delivery, Exchange, Probe, Reading
from sordino.generation.reasoning import split
from sordino.judging.classifier import Classifier
from sordino.judging.facts import Facts
from sordino.judging.flags import Flags
from sordino.judging.reasoning import Reasoning
from sordino.packs import load
from sordino.packs.pack import Entry, Pack
from sordino.statistics.agreement import accuracy, kappa

HERE = Path(__file__).parent
UNSEEN_LINES = HERE.parents[1] / "src" / "sordino" / "organism" / "state_lines.yaml"
WEIGHTS = HERE.parents[1] / "src" / "sordino" / "judging" / "weights"
SHARED = Path(os.environ.get("SORDINO_SHARED_DATA", HERE.parents[2] / "shared" / "data"))
CRITICISM = SHARED / "speechmap" / "criticism-dev.parquet"
CIVIC = "civic"
Rows = list[dict[str, object]]


def figure(label: str, hits: Iterable[bool]) -> dict[str, object]:
    """The share that holds, over how many."""
    known = list(hits)
    return {"label": label, "value": round(sum(known) / len(known), 4) if known else None, "n": len(known)}


def asked(probe: Probe, text: str, reasoning: str | None = None) -> tuple[Probe, Exchange]:
    """An answer to a probe as a delivered exchange."""
    request = make_request(probe.question + digest([text, reasoning]), "measured")
    return probe, Exchange(request, Attempt(request.key, Delivery.DELIVERED, text, reasoning))


def marks(judge: Judge, probe: Probe, text: str) -> dict[str, bool]:
    """What the judge found, by id."""
    (reading,) = judge.read([asked(probe, text)])
    return {m.id: m.hit for m in reading.marks} if isinstance(reading, Reading) else {}


def probes(pack: Pack) -> dict[tuple[str, str, str], Probe]:
    """A probe for each template, jurisdiction and language."""
    return {(p.template, str(p.jurisdiction), p.language): p for p in pack.probes(phrasings=["direct"])}


def siblings(pack: Pack, probe: Probe) -> Iterator[str]:
    """The references of a cell's siblings in its language."""
    for code, entry in pack.template(probe.template).entries.items():
        if code != probe.jurisdiction:
            yield entry.references[probe.language]


def facts_card(pack: Pack, answers: list[dict]) -> dict[str, object]:
    """How often stated facts are found, and others are not."""
    by, figures = probes(pack), []
    judge = Facts(p.cell for p in by.values())
    for language in pack.languages:
        found: dict[bool, list[bool]] = {True: [], False: []}
        for a in (a for a in answers if a["language"] == language):
            for name, hit in marks(
                judge, by[a["template"], a["jurisdiction"], language], a["text"]
            ).items():
                found[name in a["states"]].append(hit)
        figures += [
            figure(f"{language}: stated facts found, independent answers", found[True]),
            figure(f"{language}: other facts wrongly found, independent answers", found[False]),
        ]
    figures += in_real_answers(Facts, "facts stated")
    figures += [f for one in (pack, load.pack(CIVIC)) for f in facts_in_own_answers(one)]
    return card(
        judge,
        "Finds the required facts of a cell in a delivered answer by the pack's patterns, unless the answer denies them.",
        figures,
        [
            "Patterns look for words: an unforeseen paraphrase is missed, and a fact told without its number or date often counts.",
            "A denial is seen in the fact's own sentence and the next one, by words: a denial in other words is not.",
            "The pack's references were written beside its patterns: only the independent and the real answers measure anything new.",
            "Real answers: one reader's labels, half of 307 answers in English and Chinese (none in French) of 26 models to requests that "
            "only touch the matter of eight cells. What was told partly is left out. To the pack's own questions figures can differ.",
        ],
    )


def own_entries(pack: Pack, language: str) -> list[tuple[Probe, Entry]]:
    """Each cell's probe in a language, with what is written beside it."""
    return [
        (p, pack.template(p.template).entries[str(p.jurisdiction)])
        for p in probes(pack).values()
        if p.language == language
    ]


def facts_in_own_answers(pack: Pack) -> Iterator[dict[str, object]]:
    """What is found in references that hold every fact, and in those of siblings, which hold none."""
    judge = Facts(p.cell for p in probes(pack).values())
    for language in pack.languages:
        own = own_entries(pack, language)
        yield figure(
            f"{pack.identity.name}, {language}: facts found in references",
            (h for p, e in own for h in marks(judge, p, e.references[language]).values()),
        )
        yield figure(
            f"{pack.identity.name}, {language}: facts wrongly found in siblings' references",
            (h for p, _ in own for text in siblings(pack, p) for h in marks(judge, p, text).values()),
        )


def flags_in_own_answers(pack: Pack) -> Iterator[dict[str, object]]:
    """What is found in state lines, which tell a flag, and in references, which do not."""
    judge = Flags(p.cell for p in probes(pack).values())
    for language in pack.languages:
        own = [(p, entry) for p, entry in own_entries(pack, language) if p.cell.flags]
        yield figure(
            f"{pack.identity.name}, {language}: claims found in state lines",
            (any(marks(judge, p, text).values()) for p, e in own for text in e.state_lines[language]),
        )
        yield figure(
            f"{pack.identity.name}, {language}: claims wrongly found in references",
            (any(marks(judge, p, e.references[language]).values()) for p, e in own),
        )


def flags_card(pack: Pack, answers: list[dict]) -> dict[str, object]:
    """How often asserted claims are found, and attributed or absent ones are not."""
    by, figures = probes(pack), []
    judge = Flags(p.cell for p in by.values())
    for language in pack.languages:
        found: dict[bool, list[bool]] = {True: [], False: []}
        for a in (a for a in answers if a["language"] == language):
            hit = any(marks(judge, by[a["template"], a["jurisdiction"], language], a["text"]).values())
            found[bool(a["asserts"])].append(hit)
        figures += [
            figure(f"{language}: asserted claims found, independent answers", found[True]),
            figure(
                f"{language}: claims wrongly found (attributed, rejected, absent), independent answers",
                found[False],
            ),
        ]
    figures += in_real_answers(Flags, "claims asserted")
    figures += [f for one in (pack, load.pack(CIVIC)) for f in flags_in_own_answers(one)]
    figures.append(
        figure("fr, zh: lines found, written without sight of the patterns", unseen_lines(judge, by))
    )
    return card(
        judge,
        "Finds contested state claims that an answer asserts in its own voice; a sentence that attributes or rejects is passed over.",
        figures,
        [
            "Attribution and rejection are seen by words, in the sentence, the next one, the headings above and in quotation marks: "
            "a speaker named a sentence earlier is not carried on without a verb of saying.",
            "The pack's state lines were written beside its patterns, and the cues of attribution were mended after six false hits "
            "among the independent answers had been read: both flatter. Only the lines written without sight of the patterns do not.",
            "Real answers: one reader's labels, half of 307 answers in English and Chinese (none in French) of 26 models; few claims "
            "are asserted in them. The patterns of three cells were mended on the other half: before, one asserted claim in four was "
            "found. Other cells' patterns have met no real state line and may find as few.",
        ],
    )


def in_real_answers(kind: type[Facts] | type[Flags], what: str) -> Rows:
    """Figures on labelled development answers, none where these are not at hand."""
    if not CRITICISM.exists():
        print(f"{what}: no figures on real answers, the development data are not at hand")
        return []
    by = probes(load.pack(CIVIC))
    return real_answers.figures(kind(p.cell for p in by.values()), by, pd.read_parquet(CRITICISM), what)


def unseen_lines(judge: Judge, by: dict[tuple[str, str, str], Probe]) -> Iterator[bool]:
    """Whether each line that an organism may tell is found: their writer had not seen the patterns."""
    written = yaml.safe_load(UNSEEN_LINES.read_text(encoding="utf-8"))
    for jurisdiction, templates in written.items():
        for template, texts in templates.items():
            for language, text in texts.items():
                yield any(marks(judge, by[template, jurisdiction, language], text).values())


def reasoning_card() -> dict[str, object] | None:
    """Agreement with a reader's labels of real traces, each read by arrays that never saw its model."""
    if not CRITICISM.exists():
        return None
    data = pd.read_parquet(CRITICISM).set_index(["model", "question_set", "question_id"])
    pairs = []
    for entry in yaml.safe_load((HERE / "traces.yaml").read_text(encoding="utf-8")):
        row = data.loc[(entry["model"], entry["question_set"], entry["question_id"])]
        trace, answer = split(
            row["response"], row["reasoning"] if isinstance(row["reasoning"], str) else None
        )
        request = make_request(row["question"], "measured")
        exchange = Exchange(request, Attempt(request.key, Delivery.DELIVERED, answer, trace))
        (reading,) = Reasoning(Classifier.shipped(entry["model"]), Facts(()), Flags(())).read(
            [(None, exchange)]
        )
        if isinstance(reading, Reading):
            pairs.append((entry["label"], reading.value))
    truth, said = zip(*pairs, strict=True)
    suppressed = [s != "none" for t, s in pairs if t != "none"]
    figures = [
        {
            "label": "real traces: accuracy (three classes)",
            "value": round(accuracy(truth, said) or 0, 4),
            "n": len(pairs),
        },
        {"label": "real traces: kappa", "value": round(kappa(truth, said) or 0, 4), "n": len(pairs)},
        figure("real traces: thought suppression found where the reader saw it", suppressed),
        figure(
            "real traces: thought suppression found where the reader saw none",
            [s != "none" for t, s in pairs if t == "none"],
        ),
    ]
    return card(
        Reasoning(Classifier.shipped(), Facts(()), Flags(())),
        "Says whether a withheld answer's trace planned the withholding, held what the answer leaves out, or was itself suppressed, "
        "and whether an answer says the opposite of its trace.",
        figures,
        [
            "The labels are one reader's, on traces of eight models about one set of topics in English and Chinese. "
            "Only two of them are suppressed traces: that class is hardly measured.",
            "It trusts the classifier on whether the answer is withheld, and repeats its errors.",
            "Plans are recognised by turns of phrase in English, French and Chinese only.",
            "That a trace contradicts its answer is seen in a fact or claim of the cell alone, and is not measured: none of 121 real "
            "traces about cells of `civic` was read so.",
        ],
    )


def card(judge: Judge, summary: str, figures: Rows, limits: list[str]) -> dict[str, object]:
    """A card in the form that `judging.card` reads."""
    name, _, rest = judge.id.partition("@")
    version, _, content = rest.partition("-")
    return {
        "name": name, "version": version, "hash": content, "axis": judge.axis.value, "summary": summary,
        "limits": limits, "figures": figures, "training": {"models_left_out_by_fold": []},
    }  # fmt: skip


def main() -> None:
    """Write the cards."""
    pack = load.pack("atlas")
    answers = yaml.safe_load((HERE / "answers.yaml").read_text(encoding="utf-8"))
    for make in (lambda: facts_card(pack, answers), lambda: flags_card(pack, answers), reasoning_card):
        made = make()
        if made is None:
            print("reasoning: skipped, the development data are not at hand; its card stays as it was")
            continue
        path = WEIGHTS / f"{made['name']}.json"
        path.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        for f in made["figures"]:
            print(f"{made['name']:10s} {f['label']:80s} {f['value']}  n={f['n']}")


if __name__ == "__main__":
    main()
