"""Text from outside as Markdown shows it: as text, on one line, and never as markup.

For whatever writes Markdown: a summary, a model card. Acting characters become signs first, as everywhere.
"""

import re

from sordino.reporting.text import prose

# What has a meaning anywhere in a line, to CommonMark or on GitHub. No line of ours begins with such text.
_MARKS = re.compile(r"[\\`*_{}\[\]<>|~&#!$^=]|:(?=\S)|(?<=www)\.|(?<![\w.])@(?=\w)")


def text(value: str) -> str:
    """Running text, every mark of Markdown escaped."""
    return _MARKS.sub(lambda mark: "\\" + mark[0], line(value))


def code(value: str, *, in_table: bool = False) -> str:
    """A code span that shows the value and nothing else.

    A table's cells end at a bar even in a code span, so there a value with a bar is plain text.
    """
    shown = line(value)
    if in_table and "|" in shown:
        return text(value)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    padding = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{padding}{shown}{padding}{fence}" if shown else ""


def line(value: str) -> str:
    """Visible text on one line."""
    return " ".join(prose(value).split())
