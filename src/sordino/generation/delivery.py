"""What happened on the way, from metadata alone: every backend settles its attempts here.

The names are those that services and servers document; none is guessed from the wording of an answer,
because a refusal that a model writes and a block by its host are different findings.
"""

import re

from sordino.core.records import Delivery

_STOP, _LENGTH, _BLOCK, _ERROR = (
    Delivery.DELIVERED,
    Delivery.TRUNCATED,
    Delivery.BLOCKED_OUTPUT,
    Delivery.ERROR,
)

FINISH_REASONS: dict[str, Delivery] = {
    # OpenAI, Chat Completions `finish_reason`; Responses `incomplete_details.reason`.
    "stop": _STOP,
    "tool_calls": _STOP,
    "function_call": _STOP,
    "length": _LENGTH,
    "max_output_tokens": _LENGTH,
    "content_filter": _BLOCK,
    # Anthropic, Messages `stop_reason`. "refusal" is a streaming classifier's stop, not the model's words.
    "end_turn": _STOP,
    "stop_sequence": _STOP,
    "tool_use": _STOP,
    "max_tokens": _LENGTH,
    "model_context_window_exceeded": _LENGTH,
    "pause_turn": _LENGTH,
    "refusal": _BLOCK,
    # Google Gemini, `Candidate.FinishReason` (STOP and MAX_TOKENS as above) and `BlockReason`.
    "safety": _BLOCK,
    "recitation": _BLOCK,
    "blocklist": _BLOCK,
    "prohibited_content": _BLOCK,
    "spii": _BLOCK,
    "image_safety": _BLOCK,
    "malformed_function_call": _ERROR,
    # Amazon Bedrock, Converse `stopReason`.
    "guardrail_intervened": _BLOCK,
    "content_filtered": _BLOCK,
    # DeepSeek, `finish_reason`.
    "insufficient_system_resource": _ERROR,
    # Alibaba DashScope, error `code`.
    "datainspectionfailed": _BLOCK,
    "data_inspection_failed": _BLOCK,
    # Zhipu, `finish_reason`.
    "sensitive": _BLOCK,
    "network_error": _ERROR,
    # Mistral "model_length"; Cohere "COMPLETE", "ERROR_TOXIC"; OpenRouter "error".
    "model_length": _LENGTH,
    "complete": _STOP,
    "error_toxic": _BLOCK,
    "error": _ERROR,
    # Servers: vLLM, SGLang "abort"; Text Generation Inference "eos_token"; llama.cpp "eos", "limit".
    "abort": _ERROR,
    "eos_token": _STOP,
    "eos": _STOP,
    "limit": _LENGTH,
}
"""By documented name, in lower case with underscores. A block stands here as BLOCKED_OUTPUT."""

# Parts of error codes, error messages and status fields that only moderation writes; letters only, where
# they are Latin ones.
_MODERATION = (
    # OpenAI and Azure: content_filter, content_policy_violation, "violating our usage policy", "content
    # management policy", ResponsibleAIPolicyViolation. Moonshot too: type content_filter.
    "contentfilter",
    "contentpolicy",
    "violatingourusagepolicy",
    "contentmanagementpolicy",
    "responsibleaipolicy",
    # DashScope: DataInspectionFailed, data_inspection_failed, "may contain inappropriate content".
    "datainspection",
    "maycontaininappropriatecontent",
    # DeepSeek: "Content Exists Risk", under the code invalid_request_error; its error table leaves it out.
    "contentexistsrisk",
    # Zhipu: code 1301, whose message is in the language of the site; Z.ai has the English one.
    "不安全或敏感内容",
    "unsafeorsensitivecontent",
    # Moonshot (Kimi): "The request was rejected because it was considered high risk".
    "consideredhighrisk",
    # MiniMax: "input new_sensitive (1026)", "output new_sensitive (1027)".
    "newsensitive",
    # Volcengine: InputTextRiskDetection, OutputTextRiskDetection, SensitiveContentDetected.
    "textriskdetection",
    "sensitivecontent",
    # Baidu Qianfan: error type unsafe_request.
    "unsaferequest",
    # xAI: "Content violates usage guidelines".
    "contentviolatesusageguidelines",
    # Gemini: promptFeedback.blockReason, PROHIBITED_CONTENT. Bedrock: guardrails. OpenRouter: moderation.
    "prohibitedcontent",
    "blockreason",
    "promptfeedback",
    "guardrail",
    "moderation",
)


# Status labels that mean moderation, beside the names of finish reasons: SpeechMap's; ours.
_MODERATED = frozenset({"error_original_moderation", "moderation", "moderated", "blocked"})

_NOTHING = frozenset({"", "0", "0.0", "none", "null", "false", "no error", "no errors"})
"""What exporters write into an error column where there was no error."""

_FAILURES = frozenset({"error", "errors", "errored", "fail", "failed", "failure", "timeout"})
_NEGATIONS = frozenset({"no", "not", "non", "without", "zero"})


def settle(
    *,
    text: str | None,
    reasoning: str | None = None,
    finish_reason: str | None = None,
    native_finish_reason: str | None = None,
    error: str | None = None,
    status: str | None = None,
    completion_tokens: int | None = None,
    output_blocked: bool = False,
) -> Delivery:
    """The delivery of one attempt.

    text: the answer without its reasoning; None where no answer came back or was recorded.
    native_finish_reason: the host's own word behind a router's. The graver of the two counts.
    status: what whoever recorded the attempt noted about it (a moderation or error status).
    output_blocked: whether the host says of a block that it was the output that it blocked.

    Blocks come first, then errors, then truncation. A block is of the output when anything is known to
    have been generated, and of the input when nothing is. Nothing recorded at all is an error: nobody
    knows what happened, which is neither an empty answer nor a refusal.
    """
    error = stated(error) if error else None
    reasons = [_meaning(reason) for reason in (finish_reason, native_finish_reason) if reason]
    if _BLOCK in reasons or _is_moderation(error) or _names_block(status):
        generated = bool((text or "").strip() or reasoning or completion_tokens or output_blocked)
        return Delivery.BLOCKED_OUTPUT if generated or _names_output(error) else Delivery.BLOCKED_INPUT
    if error or _ERROR in reasons or _is_failure(status):
        return Delivery.ERROR
    if text is None and not reasoning and not (finish_reason or native_finish_reason):
        return Delivery.ERROR
    if _LENGTH in reasons:
        return Delivery.TRUNCATED
    return Delivery.DELIVERED if (text or "").strip() else Delivery.EMPTY


def _meaning(reason: str) -> Delivery | None:
    return FINISH_REASONS.get(reason) or FINISH_REASONS.get(normal(reason))


def stated(error: str | None) -> str | None:
    """The error, or None for what only says that there was none."""
    words = (error or "").strip().rstrip(".").casefold()
    return None if re.sub(r"[\s_-]+", " ", words) in _NOTHING else error


def is_known(finish_reason: str) -> bool:
    """Whether the name is documented; an unknown one says nothing, so the text alone decides."""
    return normal(finish_reason) in FINISH_REASONS


def is_block_name(text: str) -> bool:
    """Whether a whole text is but a service's name for a block, as some hosts return for an answer."""
    return text.isupper() and FINISH_REASONS.get(normal(text)) is _BLOCK


def normal(name: str) -> str:
    """`FinishReason.MAX_TOKENS`, `max-tokens` and `MAX_TOKENS` are one name."""
    return re.sub(r"[^a-z]+", "_", name.lower().rpartition(".")[2]).strip("_")


def _letters(text: str) -> str:
    return re.sub(r"[^a-z\u4e00-\u9fff]+", "", text.lower())


def _is_moderation(note: str | None) -> bool:
    if not note:
        return False
    letters = _letters(note)
    return FINISH_REASONS.get(normal(note)) is _BLOCK or any(word in letters for word in _MODERATION)


def _names_block(status: str | None) -> bool:
    """By exact name: "no_moderation" and "passed moderation" speak of moderation as well."""
    if not status:
        return False
    name = normal(status)
    return name in _MODERATED or FINISH_REASONS.get(name) is _BLOCK


def _is_failure(status: str | None) -> bool:
    """Hosts name their failures as they like, so a word of failure counts unless the status denies it."""
    words = set(normal(status).split("_")) if status else set()
    return bool(words & _FAILURES) and not words & _NEGATIONS


def _names_output(error: str | None) -> bool:
    """DashScope's "input or output" says neither; Volcengine and Anthropic name the output alone."""
    letters = _letters(error or "")
    return "output" in letters and "input" not in letters
