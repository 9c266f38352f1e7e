"""What is known beforehand of the usual servers: where they are, whose key, how a prefill is sent.

A server that is not known is asked in plain OpenAI manner. Nothing here was run against the server itself
unless `run_here` says so; each fact is from the page that `source` names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sordino.generation.key import Key

if TYPE_CHECKING:
    from sordino.generation.endpoint import Endpoint

ANY_SERVER = "SORDINO_API_KEY"
"""The variable whose key goes to whatever server the user names."""


class Prefill(Enum):
    """How a chat endpoint is told that the last message, the assistant's, is to be gone on with."""

    IMPOSSIBLE = "impossible"
    TRAILING = "a trailing assistant message"
    CONTINUED = "continue_final_message"
    PREFIX = "prefix"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class Preset:
    """A kind of server.

    base: its usual address. hosts: where it answers, each with the same keys; empty for what people run
      themselves. variables: of the environment, where its key stands. owner: how it signs its models
      (`owned_by`), where that tells it from others.
    prefill: how it takes one; prefill_base: an address of its own for that. echoes: whether it may send the
      prefill back before what the model added.
    log_probabilities: whether it offers them. reasoning: fields in which traces come.
    router: whether it hands requests on to hosts of others, which it may name as `provider`.
    lists_all: whether its list of models is known to have all that can be asked.
    source: the pages of its documentation, by title. run_here: whether it was tried out for this table.
    """

    name: str
    base: str
    hosts: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    owner: str | None = None
    prefill: Prefill = Prefill.IMPOSSIBLE
    prefill_base: str | None = None
    echoes: bool = False
    log_probabilities: bool = True
    reasoning: tuple[str, ...] = ("reasoning_content",)
    router: bool = False
    lists_all: bool = True
    source: str = ""
    run_here: bool = False


UNKNOWN = Preset("unknown", "", reasoning=("reasoning_content", "reasoning"))
"""A server of which nothing is known: only what OpenAI documents is sent."""

PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "vllm",
            "http://localhost:8000/v1",
            owner="vllm",
            prefill=Prefill.CONTINUED,
            reasoning=("reasoning", "reasoning_content"),
            source="vLLM: OpenAI-Compatible Server, extra parameters of the Chat API; Reasoning Outputs",
        ),
        Preset(
            "sglang",
            "http://localhost:30000/v1",
            owner="sglang",
            prefill=Prefill.CONTINUED,
            source="SGLang: OpenAI-Compatible APIs; its request model `ChatCompletionRequest`",
        ),
        Preset(
            "ollama",
            "http://localhost:11434/v1",
            owner="library",
            prefill=Prefill.TRAILING,
            echoes=True,
            reasoning=("reasoning",),
            source="Ollama: OpenAI compatibility. Some models' renderers pass over a trailing message",
        ),
        Preset(
            "llama.cpp",
            "http://localhost:8080/v1",
            owner="llamacpp",
            prefill=Prefill.TRAILING,
            echoes=True,
            source="llama.cpp: HTTP Server, `--no-prefill-assistant`. Refused for models that think",
        ),
        Preset(
            "lmstudio",
            "http://localhost:1234/v1",
            owner="organization_owner",
            prefill=Prefill.TRAILING,
            echoes=True,
            log_probabilities=False,
            source="LM Studio: OpenAI Compatible Endpoints, supported payload parameters",
        ),
        Preset(
            "openrouter",
            "https://openrouter.ai/api/v1",
            hosts=("openrouter.ai",),
            variables=("OPENROUTER_API_KEY",),
            prefill=Prefill.TRAILING,
            echoes=True,
            reasoning=("reasoning", "reasoning_details"),
            router=True,
            source="OpenRouter: API Reference, Assistant Prefill; Reasoning Tokens; Errors and Debugging",
        ),
        Preset(
            "deepseek",
            "https://api.deepseek.com/v1",
            hosts=("api.deepseek.com",),
            variables=("DEEPSEEK_API_KEY",),
            prefill=Prefill.PREFIX,
            prefill_base="https://api.deepseek.com/beta",
            source="DeepSeek: Chat Prefix Completion (Beta); Reasoning Model; Create Chat Completion",
        ),
        Preset(
            "dashscope",
            "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
            hosts=("dashscope-intl.aliyuncs.com", "dashscope.aliyuncs.com", "dashscope-us.aliyuncs.com"),
            variables=("DASHSCOPE_API_KEY",),
            prefill=Prefill.PARTIAL,
            lists_all=False,
            source="Alibaba Cloud Model Studio: Partial mode (no model that thinks); OpenAI compatible",
        ),
        Preset(
            "huggingface",
            "https://router.huggingface.co/v1",
            hosts=("router.huggingface.co",),
            variables=("HF_TOKEN",),
            reasoning=("reasoning_content", "reasoning"),
            router=True,
            source="Hugging Face: Inference Providers, Chat Completion",
        ),
        Preset(
            "openai",
            "https://api.openai.com/v1",
            hosts=("api.openai.com",),
            variables=("OPENAI_API_KEY",),
            reasoning=(),
            source="OpenAI: API Reference, Chat",
        ),
    )
}

_OF_HOST = {host: preset for preset in PRESETS.values() for host in preset.hosts}
_OF_PORT = {urlsplit(p.base).port: p for p in PRESETS.values() if not p.hosts}
_OF_OWNER = {preset.owner: preset for preset in PRESETS.values() if preset.owner}


def preset_of(endpoint: "Endpoint") -> Preset:
    """The kind of server at an address, by its host, or by its port where such servers usually listen;
    `UNKNOWN` where neither tells.
    """
    parts = urlsplit(endpoint.base)
    return _OF_HOST.get(parts.hostname or "") or _OF_PORT.get(parts.port, UNKNOWN)


def preset_of_owner(owner: str) -> Preset | None:
    """The kind of server that signs its models so; None where none is known to."""
    return _OF_OWNER.get(owner)


def key_variables(endpoint: "Endpoint") -> tuple[str, ...]:
    """Where the key for a server may stand. The first that is set counts, also when it is set to nothing.

    A host's own variables count for that host alone, and only where the way to it is encrypted.
    """
    parts = urlsplit(endpoint.base)
    known = _OF_HOST.get(parts.hostname or "") if parts.scheme == "https" else None
    return (ANY_SERVER, *(known.variables if known else ()))


def key_of(endpoint: "Endpoint") -> Key | None:
    """The key for a server; None where there is none, or where `SORDINO_API_KEY` is set to nothing.
    Raises TargetError for what cannot be a key.
    """
    return Key.of_environment(*key_variables(endpoint))
