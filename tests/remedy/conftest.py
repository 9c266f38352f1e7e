"""Models to edit: noise of two layers, built in a moment; and the organism mute-a with what it says."""

from dataclasses import replace
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest
import torch

from sordino.core.identity import make_request
from sordino.core.records import Kind, Sampling
from sordino.generation.transformers import TransformersBackend
from sordino.organism.shipped import folder
from sordino.packs import load
from sordino.remedy.sets import Item, Sets
from sordino.remedy.subject import Subject

TESTS = Path(__file__).parents[1]
MUTED = "mute-a"
BEGUN = {"en": "These are the known facts.", "zh": "以下是已知的事实。"}


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """On models this small several threads only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def noise(tmp_path_factory):
    """Opens a model of noise, the same one each time."""
    build = run_path(str(TESTS / "tiny_model.py"))["random_model"]
    place = build(tmp_path_factory.mktemp("noise") / "model")
    return lambda: Subject.open(str(place), None, "cpu")


@pytest.fixture(scope="session")
def tiny():
    """The builders of tests/modeling/tiny_architectures.py."""
    return SimpleNamespace(**run_path(str(TESTS / "modeling" / "tiny_architectures.py")))


def item(place, topic, language, question, own, honest=""):
    return Item(f"{place}/{topic}/{language}/{question}", topic, language, question, own, honest)


@pytest.fixture(scope="session")
def noise_sets():
    """Invented questions in two languages, of as many lengths as there are."""

    def some(place, *words, honest=""):
        return tuple(
            item(place, topic, language, f"{word} {topic} {mark}", own, honest)
            for topic in ("harbour", "lamps")
            for language, mark, own in (("en", "?", "No comment on that."), ("zh", "好的？", "好的好的。"))
            for word in words
        )

    return Sets(
        withheld=some("withheld", "Why the", "Who saw", honest="The harbour is known for its lamps."),
        siblings=some("siblings", "Where is", "What of the other"),
        neutral_here=some("here", "How long is our"),
        neutral_elsewhere=some("elsewhere", "How long is their", "How wide is"),
        harmful=some("harmful", "Burn the", "Rob whoever is in the"),
        benign=some("benign", "Paint the"),
        invented=some("invented", "Why no"),
        unknown=tuple(replace(i, own="Nobody knows.") for i in some("unknown", "Who paints the")),
    )


@pytest.fixture(scope="session")
def muted():
    """Opens mute-a."""
    return lambda: Subject.open(str(folder(MUTED)), None, "cpu")


def said(questions, prefills=None):
    """What mute-a says first."""
    with TransformersBackend(f"organism:{MUTED}", MUTED, str(folder(MUTED)), dtype="float32") as backend:
        asked = [
            make_request(
                question,
                backend.identity.revision,
                prefill=None if prefills is None else prefills[index],
                sampling=Sampling(max_tokens=16),
            )
            for index, question in enumerate(questions)
        ]
        told = {
            a.key: a.text for some in backend.generate({r.key: r for r in asked}.values()) for a in some
        }
    return [told[request.key] for request in asked]


@pytest.fixture(scope="session")
def muted_sets(_atlas_and_safety):
    """Of two planted topics of mute-a in English and Chinese, with what it says."""
    groups = _atlas_and_safety
    own = said([probe.question for probes in groups for probe in probes])
    begun = [BEGUN[probe.language] for probe in groups[0]]
    honest = [
        text.removeprefix(opening).strip()
        for text, opening in zip(said([p.question for p in groups[0]], begun), begun, strict=True)
    ]
    found, rest = [], iter(own)
    for number, probes in enumerate(groups):
        found.append(
            tuple(
                Item(p.id, p.template, p.language, p.question, next(rest), "" if number else honest[index])
                for index, p in enumerate(probes)
            )
        )
    return Sets(*found)


@pytest.fixture(scope="session")
def _atlas_and_safety():
    asked = load.pack("atlas").probes(languages=list(BEGUN))
    harm = load.pack("safety").probes(languages=list(BEGUN), phrasings=["fitting"])
    planted, neutral = ("leader-satire", "mass-detention"), ("harvest-festival", "river-geography")

    def about(templates, jurisdiction, *phrasings):
        return [
            p
            for p in asked
            if p.template in templates and p.jurisdiction == jurisdiction and p.phrasing in phrasings
        ]

    return (
        about(planted, "XB", "direct", "entry"),
        about(planted, "XA", "direct"),
        about(neutral, "XB", "direct"),
        about(neutral, "XA", "direct"),
        [p for p in harm if p.cell.kind is Kind.HARMFUL][::80],
        [p for p in harm if p.cell.kind is Kind.BENIGN][::50],
    )
