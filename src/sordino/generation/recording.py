"""A recording: one model's answers that somebody else collected, with the questions they came to.

It is read whole and checked whole; whatever is left out stands in its notes.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from sordino.core.identity import KEY_LENGTH, digest
from sordino.core.protocols import TargetIdentity
from sordino.core.records import Delivery, Matching, Probe, Request
from sordino.generation.answers import Answer, same_question
from sordino.generation.codes import jurisdiction_code, language_code
from sordino.generation.loading import Held, Loaded, load
from sordino.generation.questions import probes


@dataclass(frozen=True)
class Recording:
    """Read one with `Recording.read`.

    answers: by question and sample. notes: what a reader of the report should know about the file.
    """

    path: Path
    identity: TargetIdentity
    answers: Held
    notes: tuple[str, ...]
    _probes: tuple[Probe, ...]

    @classmethod
    def read(
        cls,
        path: Path,
        *,
        columns: Mapping[str, str] | None = None,
        model: str | None = None,
        siblings: str | None = None,
        language: str | None = None,
        jurisdiction: str | None = None,
    ) -> Self:
        """Read a Parquet, JSON Lines or CSV file.

        columns: field to column or dotted path, where common names do not say it (see `columns.FIELDS`).
        model: whose answers, where the file holds several models'.
        siblings: the field or column of ids from which siblings of the same form are derived.
        language, jurisdiction: what those rows are in and about that do not say it themselves.
        Raises RecordingError for the file, SpecError for an option that does not exist.
        """
        columns = columns or {}
        loaded = load(path, columns, model, siblings)
        named = {
            key: replace(
                answer,
                language=language_code(answer.language or language) or "und",
                jurisdiction=jurisdiction_code(answer.jurisdiction or jurisdiction),
            )
            for key, answer in loaded.answers.items()
        }
        answers, notes = _without_blank_traces(named, loaded.notes)
        firsts = sorted((a for (_, sample), a in answers.items() if not sample), key=lambda a: a.row)
        own = probes(_stem(path), firsts, _matching(loaded, siblings), derive=siblings is not None)
        return cls(path, _identity(path, loaded.model, columns), answers, notes, tuple(own))

    @property
    def samples(self) -> int:
        """The most answers that any question has."""
        return 1 + max(sample for _, sample in self.answers)

    @property
    def deliveries(self) -> Counter[Delivery]:
        return Counter(answer.delivery for answer in self.answers.values())

    @property
    def has_reasoning(self) -> bool:
        """Whether traces came back; some of them may be empty."""
        return any(answer.reasoning is not None for answer in self.answers.values())

    def probes(self) -> list[Probe]:
        """The recording's own questions in the file's order: one probe each, however many samples."""
        return list(self._probes)

    def answer(self, request: Request) -> Answer | None:
        """The answer to a request, by question and sample. No recording answers a prefilled request."""
        if request.prefill is not None:
            return None
        return self.answers.get((same_question(request.question), request.sample))


def _without_blank_traces(answers: Held, notes: tuple[str, ...]) -> tuple[Held, tuple[str, ...]]:
    """A model without traces is often recorded with an empty column of them: that is no suppression."""
    traces = [a.reasoning for a in answers.values() if a.reasoning is not None]
    if not traces or any(trace.decode("utf-8", "surrogatepass").strip() for trace in traces):
        return answers, notes
    bare = {key: replace(answer, reasoning=None) for key, answer in answers.items()}
    return bare, (*notes, "Traces are recorded as empty throughout: taken as none came back.")


def _matching(loaded: Loaded, siblings: str | None) -> Matching:
    """No recording vouches that its siblings ask about the same matter, so they match by form at most."""
    known = siblings is not None or any(a.template and a.jurisdiction for a in loaded.answers.values())
    return Matching.FORM if known else Matching.NONE


def _identity(path: Path, model: str | None, columns: Mapping[str, str]) -> TargetIdentity:
    """The revision hashes the file's bytes, and what was read out of them: models of one file are apart."""
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()[:KEY_LENGTH]
    revision = digest({"content": content, "model": model, "columns": dict(columns)})
    return TargetIdentity(spec=f"replay:{path.name}", name=model or _stem(path), revision=revision)


def _stem(path: Path) -> str:
    return path.name.removesuffix(".gz").rpartition(".")[0] or path.name
