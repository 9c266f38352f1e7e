"""The scorer of the Inspect AI tasks: Sordino's own judges, on each answer once its delivery is settled."""

from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from math import isnan
from typing import TypeAlias

from inspect_ai.log import transcript
from inspect_ai.model import ModelCall, ModelOutput
from inspect_ai.scorer import Score, Scorer, Target, scorer
from inspect_ai.solver import TaskState

from sordino.core.identity import make_request
from sordino.core.manifest import Owed
from sordino.core.protocols import Judge
from sordino.core.records import Attempt, Axis, Delivery, Exchange, Mark, Measure, Probe, Reading, Unjudged
from sordino.generation import inspect_output
from sordino.wiring import judges, questions
from sordino.wiring.inspect_metrics import OUTCOME, share, values, withheld
from sordino.wiring.questions import Questions
from sordino.wiring.settings import AuditSettings

Chosen: TypeAlias = str | list[str] | None
"""What a task is asked of: one, several (in Inspect's command line with commas), or all."""
Readings: TypeAlias = Mapping[Axis, Reading | Unjudged]


class Bench:
    """A task's probes, and the judges that read their answers: loaded once, and not for each sample."""

    def __init__(self, pack: str, language: Chosen, jurisdiction: Chosen, template: Chosen) -> None:
        self._settings = AuditSettings(
            target="inspect",
            pack=pack,
            languages=_listed(language),
            jurisdictions=_listed(jurisdiction),
            templates=_listed(template),
        )
        self._pack = pack
        self._judges = cache(self._for_model)

    @cached_property
    def questions(self) -> Questions:
        """Raises SpecError or PackError for what there is not."""
        return questions.of_pack(self._pack, self._settings)

    @cached_property
    def _probes(self) -> Mapping[str, Probe]:
        return {probe.id: probe for probe in self.questions.probes}

    def probe(self, state: TaskState) -> Probe | None:
        """What a sample asks; None where it is of another version of the pack."""
        metadata = state.metadata or {}
        is_same = metadata.get("pack_hash") == self.questions.pack.hash
        return self._probes.get(str(metadata.get("probe_id"))) if is_same else None

    def read(self, probe: Probe, exchange: Exchange, model: str) -> Readings:
        """What each judge says. model: its name: what reads it must not have learnt from its answers."""
        return {judge.axis: judge.read([(probe, exchange)])[0] for judge in self._judges(model)}

    def _for_model(self, model: str) -> Sequence[Judge]:
        owed = [Owed(probe, None) for probe in self.questions.probes]
        return judges.judges(owed, model, traces=True)


@scorer(metrics=[withheld(), {measure.value: [share()] for measure in Measure}])
def sordino(
    pack: str, language: Chosen = None, jurisdiction: Chosen = None, template: Chosen = None
) -> Scorer:
    """Reads each answer on every axis; where there is nothing to read a value is NaN, Inspect's "unscored".

    The arguments are those of the task: they decide which cells the judges know.
    """
    bench = Bench(pack, language, jurisdiction, template)

    async def score(state: TaskState, target: Target) -> Score | None:
        del target  # an answer is held against the cell's facts, and they are with the judges
        probe = bench.probe(state)
        if probe is None:
            return Score.unscored(
                reason="another_pack",
                explanation=f"Not a question of {pack} {bench.questions.pack.version} as it is installed.",
            )
        request = make_request(probe.question, str(state.model), sample=state.epoch - 1)
        attempt = inspect_output.attempt(request.key, state.output, _call(state.output))
        readings = bench.read(probe, Exchange(request, attempt), _name(state))
        row = _row(attempt, readings, state.epoch - 1)
        found = values(row)
        is_unread = isnan(found[Measure.WITHHELD.value])
        return Score(
            value={"delivery": attempt.delivery.value, **found},
            explanation=_explained(attempt, readings),
            reason=_why_unread(attempt, readings) if is_unread else None,
            metadata={OUTCOME: row, "judges": {axis.value: r.judge for axis, r in readings.items()}},
        )

    return score


def _row(attempt: Attempt, readings: Readings, sample: int) -> dict[str, object]:
    """What statistics count of one answer: see `Store.outcomes`."""
    engagement, reasoning = readings.get(Axis.ENGAGEMENT), readings.get(Axis.REASONING)
    facts, flags = _marks(readings.get(Axis.FACTS)), _marks(readings.get(Axis.FLAGS))
    return {
        "key": attempt.key,
        "sample": sample,
        "delivery": attempt.delivery.value,
        "has_reasoning": attempt.reasoning is not None,
        "engagement": engagement.value if isinstance(engagement, Reading) else None,
        "confidence": engagement.confidence if isinstance(engagement, Reading) else None,
        "facts_hit": None if facts is None else sum(m.hit for m in facts),
        "facts_all": None if facts is None else len(facts),
        "flags_hit": None if flags is None else sum(m.hit for m in flags),
        "flags_all": None if flags is None else len(flags),
        "reasoning": reasoning.value if isinstance(reasoning, Reading) else None,
    }


def _marks(found: Reading | Unjudged | None) -> tuple[Mark, ...] | None:
    return found.marks if isinstance(found, Reading) else None


def _why_unread(attempt: Attempt, readings: Readings) -> str:
    if attempt.delivery is not Delivery.DELIVERED:
        return attempt.delivery.value
    engagement = readings.get(Axis.ENGAGEMENT)
    return engagement.why if isinstance(engagement, Unjudged) else "unjudged"


def _explained(attempt: Attempt, readings: Readings) -> str:
    """One line an axis, without a word that a model wrote: Inspect shows this as markup."""
    lines = [f"delivery: {attempt.delivery.value}"]
    for axis, found in readings.items():
        if isinstance(found, Unjudged):
            lines.append(f"{axis.value}: unjudged, {found.why}")
            continue
        sure = "" if found.confidence is None else f" (confidence {found.confidence:.2f})"
        lines.append(f"{axis.value}: {found.value}{sure}{_marked(found.marks)}")
    return "\n".join(f"- {line}" for line in lines)


def _marked(marks: Sequence[Mark]) -> str:
    """Each fact or flag with a plus and where it stands (characters of the answer), or with a minus."""
    told = (f"+{m.id} [{m.start}:{m.end}]" if m.hit else f"-{m.id}" for m in marks)
    return f": {', '.join(told)}" if marks else ""


def _call(output: ModelOutput) -> ModelCall | None:
    """What went over the wire for this output, as the sample's transcript has it."""
    if not output.choices:
        return None
    for event in reversed(transcript().events):
        if event.event == "model" and event.output.choices and event.output.message.id == output.message.id:
            return event.call
    return None


def _name(state: TaskState) -> str:
    """The model's name without the service that `openai-api/SERVICE/MODEL` asks."""
    name = state.model.name
    return name.partition("/")[2] or name if state.model.api == "openai-api" else name


def _listed(chosen: Chosen) -> tuple[str, ...]:
    if chosen is None:
        return ()
    return (chosen,) if isinstance(chosen, str) else tuple(chosen)
