"""Logs of Inspect AI, read with Inspect's own reader: each sample's answer, as `inspect_output` takes it.

Sits beside the other readers of recordings. Importing this module does not import Inspect. Of a log in
Inspect's own format one sample is in memory at a time; one in JSON is read whole.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sordino.core.errors import RecordingError
from sordino.core.identity import digest
from sordino.core.records import Attempt, Delivery
from sordino.generation import inspect_output
from sordino.generation.answers import Answer, read_answer
from sordino.generation.codes import jurisdiction_code, language_code
from sordino.generation.complaints import line
from sordino.generation.recorded import Recorded

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog, EvalSample
    from inspect_ai.model import ChatMessage, ModelCall

SUFFIXES = (".eval", ".json")
OF_METADATA = ("language", "jurisdiction", "template", "phrasing")
"""What a sample's metadata may say of its question."""

_UNREAD = {"store", "scores", "timelines", "error_retries"}


@dataclass(frozen=True, slots=True)
class Log:
    """The head of a log. samples: how many it should hold, epochs counted."""

    path: Path
    head: "EvalLog"

    @classmethod
    def open(cls, path: Path) -> "Log":
        """Raises RecordingError where Inspect is not installed, or reads no log there."""
        if path.suffix not in SUFFIXES:
            raise RecordingError(f"{path.name}: a log of Inspect ends in {' or '.join(SUFFIXES)}.")
        if not path.is_file():
            raise RecordingError(f"There is no log {path}. Give the path of one, such as logs/NAME.eval.")
        try:
            from inspect_ai.log import read_eval_log  # noqa: PLC0415 - seconds, and an extra
        except ImportError:
            raise RecordingError(
                f"{path.name} is read with Inspect AI, which is not installed: "
                "pip install 'sordino[inspect]'"
            ) from None
        try:
            return cls(path, read_eval_log(path, header_only=True))
        except Exception as error:  # zip, JSON, pydantic, and Inspect's own
            raise _unreadable(path, error) from None

    @property
    def model(self) -> str:
        return str(self.head.eval.model)

    @property
    def samples(self) -> int:
        data = self.head.eval.dataset
        each = len(data.sample_ids) if data.sample_ids is not None else data.samples or 0
        return each * (self.head.eval.config.epochs or 1)

    def read(self) -> "Iterator[EvalSample]":
        """Those samples that are there. Raises RecordingError for a damaged log."""
        from inspect_ai.log import read_eval_log, read_eval_log_samples  # noqa: PLC0415

        try:
            if self.path.suffix == ".json" or self.head.eval.dataset.sample_ids is None:
                yield from read_eval_log(self.path, resolve_attachments="core").samples or []
            else:
                yield from read_eval_log_samples(
                    self.path,
                    all_samples_required=False,
                    resolve_attachments="core",
                    exclude_fields=_UNREAD,
                )
        except Exception as error:
            raise _unreadable(self.path, error) from None


def _unreadable(path: Path, error: Exception) -> RecordingError:
    behind = error.__cause__ or error  # which names the whole path
    why = line(f"{type(behind).__name__}: {behind}")
    return RecordingError(f"{path.name} cannot be read as a log of Inspect ({why}). Take it out.")


@dataclass(slots=True)
class Logs:
    """Several logs, of which no sample is taken twice. left_out, noted: how many of what."""

    left_out: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)
    _taken: set[str] = field(default_factory=set)
    _systems: dict[str, tuple[str | None, str]] = field(default_factory=dict)

    def read(self, log: Log) -> Iterator[Recorded]:
        """A log's answers, one for each epoch and choice. Raises RecordingError, which names the sample."""
        came = 0
        for sample in log.read():
            came += 1
            name = sample.uuid or f"{log.head.eval.eval_id}/{sample.id}/{sample.epoch}"
            if name in self._taken:
                self.left_out["samples that came before, in another log or the same"] += 1
                continue
            self._taken.add(name)
            yield from self._answers(sample, log)
        if came < log.samples:
            self.noted[f"samples of {log.path.name} that are not in it: not asked"] += log.samples - came

    def _answers(self, sample: "EvalSample", log: Log) -> Iterator[Recorded]:
        where = f"{log.path.name}, sample {sample.id!r} of epoch {sample.epoch}"
        asked = _asked(sample)
        question = asked[-1] if asked else None
        if question is None or not question.text.strip():
            self.left_out["samples without a question in words"] += 1
            return
        if not _is_text(question):
            self.left_out["samples that ask with more than text"] += 1
            return
        self._note(sample, asked)
        system = "\n\n".join(m.text for m in _messages(sample) if m.role == "system") or None
        self._check(log, question.text, system, where)
        for attempt in _attempts(sample):
            answer = _answer(sample, question.text, system, attempt, where)
            stamp = sample.completed_at
            yield Recorded(answer, log.model, log.head.eval.task, None if stamp is None else str(stamp))

    def _note(self, sample: "EvalSample", asked: "list[ChatMessage]") -> None:
        if len(asked) > 1 or sum(m.role == "assistant" for m in sample.messages) > 1:
            self.noted["answers after several turns: the last question and the last answer are taken"] += 1
        elif any(m.role == "user" and m.text != asked[-1].text for m in sample.messages):
            self.noted["answers to the question in other words: a solver changed it"] += 1
        if sample.limit is not None:
            self.noted[f"answers that were stopped by a limit of {sample.limit.type}"] += 1

    def _check(self, log: Log, question: str, system: str | None, where: str) -> None:
        """Two system prompts are two requests, and a recording tells them apart by nothing."""
        first = self._systems.setdefault(digest([log.model, question]), (system, where))
        if first[0] != system:
            raise RecordingError(
                f"{where}: the same question as in {first[1]}, under another system prompt. "
                "Import the two logs into two recordings."
            )


def _messages(sample: "EvalSample") -> "list[ChatMessage]":
    """What was sent and came back; what was to be sent, where a sample failed before."""
    if sample.messages:
        return list(sample.messages)
    return [] if isinstance(sample.input, str) else list(sample.input)


def _asked(sample: "EvalSample") -> "list[ChatMessage]":
    """The user's turns of the sample as its data set has it."""
    if isinstance(sample.input, str):
        from inspect_ai.model import ChatMessageUser  # noqa: PLC0415

        return [ChatMessageUser(content=sample.input)]
    return [message for message in sample.input if message.role == "user"]


def _is_text(message: "ChatMessage") -> bool:
    return isinstance(message.content, str) or all(part.type == "text" for part in message.content)


def _attempts(sample: "EvalSample") -> Iterator[Attempt]:
    """One for each choice; one that failed where there is none."""
    output = sample.output
    if sample.error is not None:
        # Of a solver or a sandbox as well: its words say nothing of what a host did.
        yield Attempt("", Delivery.ERROR, error=line(sample.error.message))
    elif len(output.choices) > 1:
        for choice in output.choices:
            yield inspect_output.attempt("", output.model_copy(update={"choices": [choice], "usage": None}))
    elif output.choices or output.error:
        yield inspect_output.attempt("", output, _call(sample))
    else:
        limit = f", stopped by a limit of {sample.limit.type}" if sample.limit else ""
        yield Attempt("", Delivery.ERROR, error=f"no output{limit}")


def _call(sample: "EvalSample") -> "ModelCall | None":
    return next((event.call for event in reversed(sample.events) if event.event == "model"), None)


def _answer(
    sample: "EvalSample", question: str, system: str | None, attempt: Attempt, where: str
) -> Answer:
    told: Mapping[str, object] = sample.metadata or {}
    named = {name: str(told[name]) for name in OF_METADATA if told.get(name) is not None}
    fields = {
        **named,
        "language": language_code(named.get("language")),
        "jurisdiction": jurisdiction_code(named.get("jurisdiction")),
        "question": question,
        "question_id": str(sample.id),
        "system": system,
        "response": attempt.text,
        "reasoning": attempt.reasoning,
        "delivery": attempt.delivery.value,
        "finish_reason": attempt.finish_reason,
        "provider": attempt.route,
        "error": attempt.error,
        "prompt_tokens": attempt.prompt_tokens,
        "completion_tokens": attempt.completion_tokens,
        "seconds": attempt.seconds,
    }
    return read_answer(fields, 0, where)
