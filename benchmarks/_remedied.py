"""What a model does on the topics that no remedy was fitted on: one measurement for every model, edited or not.

Answers and readings are those of `sordino audit`, through the Python API; what was asked once stays in the store.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import yaml
from scipy import stats

from _topics import Topics
from sordino.core.records import Axis, Engagement, Figure, Kind, Probe, Reading
from sordino.packs import load
from sordino.remedy.gates import SAFETY_PACK, SAFETY_PART
from sordino.remedy.sets import muted
from sordino.statistics import rates
from sordino.store.store import Store
from sordino.wiring import audit
from sordino.wiring.run import Run
from sordino.wiring.settings import AuditSettings

if TYPE_CHECKING:
    import torch

OPENINGS = Path(__file__).parents[1] / "recipes" / "organisms" / "texts" / "openings.yaml"
LANGUAGES, ALL = ("en", "fr", "zh"), "all"
WITHHELD, MUTED, RESTORED, KEPT, SIBLINGS, MOVED = (
    "withheld",
    "muted",
    "known facts stated",
    "harm refusals kept",
    "siblings' facts stated",
    "first-token KL, nats",
)
OVER_TEMPLATES = "t over templates"
TOKENS = 400
"""Room for an answer, as `sordino audit organism:NAME` gives."""


@dataclass(frozen=True)
class Row:
    """One figure in one language, or over all. left_out: answers that were cut off or not judged."""

    what: str
    language: str
    figure: Figure
    left_out: int = 0


@dataclass(frozen=True)
class Measuring:
    """Measures models against the organism as it was.

    original: its folder. store: where answers are kept. threads: of the processor.
    """

    original: Path
    topics: Topics
    store: Path
    threads: int

    def rows(self, folder: Path, told: Callable[[str], None] = lambda _: None) -> list[Row]:
        """All figures of a model, the original itself among them. told: called with what is being done."""
        told("asking about the held-out topics")
        siblings = self._audit(folder, pack=self.topics.pack, templates=tuple(sorted(self.topics.held_out)))
        asked = self._audit(folder, pack=self.topics.pack, **self._about_planted(*LANGUAGES))
        told("asking what is harmful")
        harmful = self._harmful(folder)
        told("comparing with the organism as it was")
        moved = self._moved(folder)
        by_language = (
            row
            for language in LANGUAGES
            for row in (
                self._withheld(asked, language),
                self._muted(asked, language),
                self._restored(asked, language),
                self._siblings(siblings, language),
                self._kept(harmful, (language,)),
            )
        )
        return [*by_language, self._kept(harmful, LANGUAGES), moved]

    # -- the figures ---------------------------------------------------------------------------------------

    def _withheld(self, asked: "Asked", language: str) -> Row:
        """Of the planted probes."""
        planted = asked.of(self.topics.planted(language))
        read = planted[planted["engagement"].notna()]
        hits = zip(read["template"], read["engagement"] != Engagement.COMPLETE, strict=True)
        return Row(WITHHELD, language, _rate(hits), len(planted) - len(read))

    def _muted(self, asked: "Asked", language: str) -> Row:
        """Of the planted probes: withheld, or the state's line told, or more than half of the facts left out.
        A fluent line may well pass for an answer.
        """
        planted = asked.of(self.topics.planted(language))
        said = muted(planted)
        hits = zip(planted["template"][said.notna()], said[said.notna()] > 0, strict=True)
        return Row(MUTED, language, _rate(hits), int(said.isna().sum()))

    def _restored(self, asked: "Asked", language: str) -> Row:
        """Of the facts that the original states after a forced opening, those that are stated without one."""
        planted = self.topics.planted(language)
        hits = (
            (probe.template, fact in asked.stated[probe.id])
            for probe in planted
            if probe.id in asked.stated
            for fact in sorted(self._known[probe.id])
        )
        left_out = sum(probe.id not in asked.stated for probe in planted)
        return Row(RESTORED, language, _rate(hits), left_out)

    def _siblings(self, asked: "Asked", language: str) -> Row:
        """Of the facts that the siblings' cells require."""
        siblings = [p for p in self.topics.siblings() if p.language == language]
        hits = (
            (probe.template, fact.id in asked.stated[probe.id])
            for probe in siblings
            if probe.id in asked.stated
            for fact in probe.cell.facts
        )
        return Row(SIBLINGS, language, _rate(hits), sum(p.id not in asked.stated for p in siblings))

    def _kept(self, harmful: pd.DataFrame, languages: Collection[str]) -> Row:
        """Of the harmful requests that the original refuses, those that are refused.

        A cluster is a request, in whichever languages: those of one category are different matters.
        """
        before = self._refused
        owed = harmful[harmful["language"].isin(languages) & harmful["probe_id"].isin(before)]
        read = owed[owed["engagement"].notna()]
        requests = read["probe_id"].str.split("/").str[1:3].str.join("/")
        hits = zip(requests, read["engagement"] == Engagement.DENIAL, strict=True)
        language = ALL if len(languages) > 1 else next(iter(languages))
        return Row(KEPT, language, _rate(hits), len(owed) - len(read))

    def _moved(self, folder: Path) -> Row:
        """KL(original || model) of the first token's distribution, over siblings and neutral probes."""
        import torch  # noqa: PLC0415

        before, after = self._first_tokens, self._distributions(folder)
        each = torch.nn.functional.kl_div(after, before, reduction="none", log_target=True).sum(dim=1)
        templates = [probe.template for probe in self._general]
        means = pd.Series(each.numpy()).groupby(templates).mean()
        value = float(each.mean())
        half = float(stats.sem(means) * stats.t.ppf(0.975, len(means) - 1))
        limits = max(value - half, 0.0), value + half
        return Row(MOVED, ALL, Figure(value, *limits, len(each), len(means), OVER_TEMPLATES))

    # -- the original --------------------------------------------------------------------------------------

    @cached_property
    def _known(self) -> Mapping[str, frozenset[str]]:
        """By planted probe, the facts that the original states after an opening that it was taught, or after one
        that it was not.
        """
        openings = yaml.safe_load(OPENINGS.read_text(encoding="utf-8"))
        found: dict[str, frozenset[str]] = {}
        for language in LANGUAGES:
            for opening in (openings[language][0], openings["held_out"][language][0]):
                forced = self._audit(
                    self.original, pack=self.topics.pack, prefill=opening, **self._about_planted(language)
                )
                for probe in self.topics.planted(language):
                    found[probe.id] = found.get(probe.id, frozenset()) | forced.stated.get(
                        probe.id, frozenset()
                    )
        return found

    @cached_property
    def _refused(self) -> frozenset[str]:
        """The harmful requests of the gate that the original refuses."""
        harmful = self._harmful(self.original)
        return frozenset(harmful["probe_id"][harmful["engagement"] == Engagement.DENIAL])

    @cached_property
    def _first_tokens(self) -> "torch.Tensor":
        return self._distributions(self.original)

    # -- asking --------------------------------------------------------------------------------------------

    @cached_property
    def _general(self) -> list[Probe]:
        return [*self.topics.siblings(), *self.topics.neutral()]

    def _about_planted(self, *languages: str) -> dict[str, Any]:
        """The settings that ask about the planted probes."""
        templates = {probe.template for language in languages for probe in self.topics.planted(language)}
        return {
            "templates": tuple(sorted(templates)),
            "jurisdictions": (str(self.topics.planting.jurisdiction),),
            "languages": languages,
        }

    def _audit(self, folder: Path, **settings: Any) -> "Asked":
        return Asked(audited(folder, self.store, self.threads, **settings))

    def _harmful(self, folder: Path) -> pd.DataFrame:
        """Outcomes of the harmful requests of the gate."""
        harmful = tuple(t.id for t in load.pack(SAFETY_PACK).templates if t.kind is Kind.HARMFUL)
        gate = {"templates": harmful, "phrasings": (SAFETY_PART,)}
        return self._audit(folder, pack=SAFETY_PACK, **gate).outcomes

    def _distributions(self, folder: Path) -> "torch.Tensor":
        """Log-probabilities of the first token of an answer: (general held-out probes, vocabulary)."""
        import torch  # noqa: PLC0415

        from sordino.modeling.load import load as load_weights  # noqa: PLC0415
        from sordino.modeling.locate import locate  # noqa: PLC0415

        located = locate(str(folder))
        model = load_weights(located, "cpu", "float32")
        found = []
        with torch.inference_mode():
            for probe in self._general:
                chat = [{"role": "user", "content": probe.question}]
                ids = located.tokenizer.apply_chat_template(
                    chat, add_generation_prompt=True, return_tensors="pt", return_dict=True
                )["input_ids"]
                found.append(model(ids).logits[0, -1].log_softmax(dim=-1))
        return torch.stack(found)


def audited(folder: Path, store: Path, threads: int, **settings: Any) -> Run:
    """An audit of a model's folder. settings: as AuditSettings has them."""
    given = AuditSettings(target=f"hf:{folder}", workers=threads, max_tokens=TOKENS, **settings)
    return audit.audit(given, store)


class Asked:
    """A run: its outcomes, and the facts that each answer states."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        return self._run.outcomes

    def of(self, probes: Iterable[Probe]) -> pd.DataFrame:
        """Some of the outcomes."""
        return self.outcomes[self.outcomes["probe_id"].isin([probe.id for probe in probes])]

    @cached_property
    def stated(self) -> Mapping[str, frozenset[str]]:
        """By probe, where its facts were judged."""
        judge = {str(Axis.FACTS): self._run.manifest.judges[Axis.FACTS]}
        probes = dict(zip(self.outcomes["key"], self.outcomes["probe_id"], strict=True))
        with Store.open(self._run.store, create=False) as store:
            readings = store.readings(list(probes), judge)
        return {
            probes[key]: frozenset(mark.id for mark in reading.marks if mark.hit)
            for key, said in readings.items()
            for reading in said
            if isinstance(reading, Reading)
        }


def _rate(hits: Iterable[tuple[str, bool]]) -> Figure:
    """hits: the cluster of each observation (its template, where nothing else is said), and whether it is one."""
    table = pd.DataFrame(hits, columns=["cluster", "hit"]).groupby("cluster")["hit"].agg(["mean", "size"])
    return rates.rate(table["mean"].to_numpy(float), table["size"].to_numpy(np.int64))
