"""The error story: one type for each boundary that can be crossed wrongly.

Every message says what was wrong, where, and what to do. The command line prints it and exits with 2;
a traceback is a bug in Sordino, never an answer to bad input.
"""

import difflib
from collections.abc import Iterable, Mapping


class SordinoError(Exception):
    """Anything a user can mend. `str()` is the whole message."""


class SpecError(SordinoError):
    """A setting, option or name of an audit that cannot be carried out as written."""


class PackError(SordinoError):
    """A pack that cannot be read: names the file, the line, the field and the mend."""


class TargetError(SordinoError):
    """A target that cannot be reached or is not known."""


class RecordingError(TargetError):
    """A recording that cannot be read: names the file, the row and the mend."""


class JudgeError(SordinoError):
    """A judge that cannot be built (its weights, its card, its rubric)."""


class LabelError(SordinoError):
    """Labels by people that cannot be taken as they stand: names the file, the row and the mend."""


class StoreError(SordinoError):
    """A store that cannot be opened, read or written."""


class ReportError(SordinoError):
    """A report or bundle that cannot be written or does not verify."""


def unknown(
    noun: str, given: str, known: Iterable[str], mend: str = "", names: Mapping[str, str] | None = None
) -> str:
    """One sentence for a name that does not exist: what exists, and the nearest of it.

    names: what people read for some of what exists, and may have written in its place.

    >>> unknown("pack", "atlsa", ["atlas", "civic"])
    "There is no pack 'atlsa'. Did you mean 'atlas'? There are: atlas, civic."
    >>> unknown("jurisdiction", "Torvane", ["XA", "XB"], names={"XB": "Torvane"})
    "There is no jurisdiction 'Torvane'. Did you mean 'XB'? There are: XA, XB (Torvane)."
    """
    there, names = sorted(known), names or {}
    listed = [f"{one} ({name})" if (name := names.get(one, one)) != one else one for one in there]
    more = f" and {len(there) - 20} more" if len(there) > 20 else ""
    parts = [f"There is no {noun} {given!r}."]
    if near := _nearest(given, there, names):
        parts.append(f"Did you mean {near!r}?")
    parts.append(f"There are: {', '.join(listed[:20])}{more}." if there else f"There is no {noun} at all.")
    if mend:
        parts.append(mend)
    return " ".join(parts)


def _nearest(given: str, known: Iterable[str], names: Mapping[str, str]) -> str | None:
    """By itself or by its name, in whatever letter case."""
    words = {word.casefold(): one for one in known for word in (names.get(one, one), one)}
    near = difflib.get_close_matches(given.casefold(), words, n=1, cutoff=0.5)
    return words[near[0]] if near else None
