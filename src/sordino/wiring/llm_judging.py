"""Language models as judges: from a spec to a judge, and whether a judge is the model that it judges."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sordino.core.errors import SpecError
from sordino.core.names import target_name
from sordino.core.protocols import Backend, TargetIdentity
from sordino.core.records import Sampling
from sordino.wiring import targets
from sordino.wiring.settings import AuditSettings

if TYPE_CHECKING:
    from sordino.judging.cache import RulingCache
    from sordino.judging.llm import LLMJudge

KEY = "SORDINO_JUDGE_KEY"
"""Where the key of a judge's server may stand, before those that any server's may (see `presets`)."""
FORMS = {
    "openai": "openai:MODEL@http://HOST:PORT/v1",
    "hf": "hf:ORG/NAME",
    "organism": "organism:NAME",
}
"""How each kind of LLM judge is written."""
MAX_TOKENS = 300
CONCURRENCY = 16


@dataclass(frozen=True, slots=True)
class JudgeSettings:
    """How a language model judges.

    rubric: a file; None takes the shipped one. max_tokens: of its reply. concurrency: requests on the way
    to a server at once. caches: whether rulings are kept for later commands.
    """

    rubric: Path | None = None
    max_tokens: int = MAX_TOKENS
    concurrency: int = CONCURRENCY
    caches: bool = True


def is_llm(spec: str) -> bool:
    """Whether a spec is written like a language model's."""
    kind, separator, _ = spec.partition(":")
    return bool(separator) and kind in FORMS


def judge(spec: str, settings: JudgeSettings | None = None) -> "LLMJudge":
    """The judge of engagement that a spec names. Asks nothing yet.

    Raises SpecError, TargetError for a model that is not known, JudgeError for a rubric that will not do.
    """
    from sordino.judging.llm import LLMJudge  # noqa: PLC0415
    from sordino.judging.rubric import Rubric  # noqa: PLC0415

    chosen = settings or JudgeSettings()
    if not is_llm(spec):
        raise SpecError(f"--judge {spec!r} names no language model. Write {' or '.join(FORMS.values())}.")
    rubric = Rubric.shipped() if chosen.rubric is None else Rubric.read(chosen.rubric)
    sampling = Sampling(temperature=0.0, top_p=1.0, max_tokens=chosen.max_tokens)
    backend = _server(spec, chosen) if spec.startswith("openai:") else _run_here(spec, chosen)
    return LLMJudge(backend, rubric, sampling=sampling, cache=_cache() if chosen.caches else None)


def judges_itself(judging: TargetIdentity, target: TargetIdentity) -> str | None:
    """A warning where the judge is, by name or revision, the model under audit; else None."""
    same = judging.revision.partition(":")[0] == target.revision.partition(":")[0]
    if not (same or is_named_alike(judging, target.name)):
        return None
    return _blind(f"The judge {judging.name} seems to be the model under audit ({target.name})")


def reads_itself(judging: TargetIdentity, model: str) -> str:
    """The same for answers of a file, of which no more is known than the model's name."""
    return _blind(f"The judge {judging.name} seems to be the model whose answers it read ({model})")


def is_named_alike(judging: TargetIdentity, model: str) -> bool:
    """Whether a judge and a model have one name, but for organisation, suffix, case and punctuation."""
    return _plain(judging.name) == _plain(model)


def _blind(seems: str) -> str:
    return (
        f"{seems}. A model that reads its own answers shares their blind spots: take another, or do not "
        "rest on these readings alone."
    )


def _plain(name: str) -> str:
    """A name without organisation, host's suffix (":free"), case and punctuation."""
    bare = target_name(name).casefold().removesuffix(":free").removesuffix(":latest")
    return re.sub(r"[\W_]+", "", bare)


def _server(spec: str, settings: JudgeSettings) -> Backend:
    from sordino.generation.endpoint import Endpoint  # noqa: PLC0415
    from sordino.generation.key import Key  # noqa: PLC0415
    from sordino.generation.openai import OpenAIBackend  # noqa: PLC0415 - brings aiohttp
    from sordino.generation.presets import key_variables  # noqa: PLC0415

    endpoint = Endpoint.parse(spec.removeprefix("openai:"))
    key = Key.of_environment(KEY, *key_variables(endpoint))
    return OpenAIBackend(endpoint, key=key, concurrency=settings.concurrency, json_reply=True)


def _run_here(spec: str, settings: JudgeSettings) -> Backend:
    from sordino.wiring import generating  # noqa: PLC0415

    filled = generating.filled(AuditSettings(spec, workers=1), settings.max_tokens)
    return generating.backend(filled, targets.model_run_here(spec), 1)


def _cache() -> "RulingCache":
    from platformdirs import user_cache_path  # noqa: PLC0415

    from sordino.judging.cache import RulingCache  # noqa: PLC0415

    return RulingCache(user_cache_path("sordino") / "judge-cache" / "rulings.db")
