"""What a judge of engagement reads of an answer: head and tail, without traces, terminal codes and tags.

Sits under `judging/features.py`.
"""

import unicodedata

import re2

HEAD, TAIL = 1600, 800
TRACE_ENDS = ("</think>", "</thinking>", "◁/think▷", "</reasoning>", "[/THINK]")

_ANSI = re2.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_TAG = re2.compile(r"</?[A-Za-z][^<>]{0,200}>")


def answer_window(text: str) -> tuple[str, int]:
    """What is read of an answer as it was written, and the length in characters of the whole.

    A closed trace that a host left in the text is cut off; terminal codes and tags become spaces. Of a long
    answer the first `HEAD` and the last `TAIL` characters are read, parted by a line end.
    """
    for mark in TRACE_ENDS:
        end = text.rfind(mark)
        if end >= 0:
            text = text[end + len(mark) :]
    text = text.strip()
    length = len(text)
    if length > HEAD + TAIL:
        text = text[:HEAD] + "\n" + text[-TAIL:]
    text = text.encode("utf-8", "replace").decode("utf-8").replace("\x00", " ").replace("’", "'")
    text = unicodedata.normalize("NFC", text)
    if "\x1b" in text:
        text = _ANSI.sub(" ", text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    return text.strip(), length
