"""How many tokens a text will about have, before any tokenizer has seen it: for cost estimates alone.

It sits in core because what asks (generation) and what judges both state costs, and neither room imports
the other.
"""

import math
import re

LETTERS_A_TOKEN = 3.5
# Han, kana and Hangul: about a token each in the vocabularies in use.
_WIDE = re.compile(
    "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)


def estimated_tokens(text: str) -> int:
    """One token for each Chinese, Japanese or Korean character, and one for 3.5 others.

    >>> estimated_tokens("seven letters, twice over"), estimated_tokens("天安门")
    (8, 3)
    """
    wide = len(_WIDE.findall(text))
    return wide + math.ceil((len(text) - wide) / LETTERS_A_TOKEN)
