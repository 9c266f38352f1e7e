"""Fixed texts that hosts put in the place of an answer, and when such a text counts as a block.

A model may write the same words itself, and a refusal that a model wrote is never a block. So the whole
answer must be one of the texts, to the letter, and what is known of the sending must agree: it came from
the host that is known for it, or nothing was generated, or it stands out of a stream. How many tokens were
generated is often not stated, and what is not stated is not none: without another sign the words stay the
model's.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Replacement:
    """A text, and the host that is known to put it in the place of answers."""

    text: str
    host: str


# DeepSeek's hosted chat: press and users report both since January 2025, as a lone answer or in the place
# of one that was being shown. Its stream marks them with the status CONTENT_FILTER.
_DEEPSEEK = "chat.deepseek.com"
REPLACEMENTS = (
    Replacement("Sorry, that's beyond my current scope. Let's talk about something else.", _DEEPSEEK),
    Replacement("Sorry, that’s beyond my current scope. Let’s talk about something else.", _DEEPSEEK),
    Replacement("你好，这个问题我暂时无法回答，让我们换个话题再聊聊吧。", _DEEPSEEK),
)
_HOST_OF = {replacement.text: replacement.host for replacement in REPLACEMENTS}


def is_replacement(text: str) -> bool:
    """Whether a text is one of them, to the letter but for the space around it."""
    return text.strip() in _HOST_OF


def replaces_answer(
    text: str, host: str, completion_tokens: int | None, *, whole: bool, stands_out: bool = False
) -> bool:
    """Whether a whole answer is no answer but a host's.

    host: which sent it. whole: whether it came in one piece, as what is generated in a stream does not.
    stands_out: whether it did so in a stream that came in pieces otherwise. completion_tokens: None where
    nobody says.
    """
    known = _HOST_OF.get(text.strip())
    if known is None:
        return False
    is_known_host = urlsplit(f"//{host}").hostname == known
    is_ungenerated = completion_tokens == 0 or (completion_tokens is None and stands_out)
    return is_known_host or (whole and is_ungenerated)
