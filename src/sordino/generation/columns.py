"""Which column of a recording holds which field: found by common names, or told with `--columns`."""

import json
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from sordino.core.errors import RecordingError, SpecError, unknown

Row: TypeAlias = Mapping[str, object]

FIELDS: Mapping[str, tuple[str, ...]] = {
    "question": ("question", "prompt", "instruction", "input"),
    "response": ("response", "answer", "completion", "output", "text"),
    "reasoning": ("reasoning", "reasoning_content", "thinking"),
    "language": ("language", "lang"),
    "jurisdiction": ("jurisdiction", "country"),
    "template": ("template",),
    "phrasing": ("phrasing",),
    "model": ("model", "model_name"),
    "sample": ("sample",),
    "question_id": ("question_id", "prompt_id", "id"),
    "finish_reason": ("finish_reason", "stop_reason", "done_reason"),
    "native_finish_reason": ("native_finish_reason",),
    "provider": ("provider", "route"),
    "error": ("error", "error_message"),
    "status": ("response_status", "moderation_status"),
    "delivery": ("delivery",),
    "system": ("system", "system_prompt"),
    "prefill": ("prefill",),
    "prompt_tokens": ("prompt_tokens", "input_tokens"),
    "completion_tokens": ("completion_tokens", "output_tokens"),
    "seconds": ("seconds",),
}
"""A field and the column names it goes by, the likeliest first; letter case makes no difference."""

REQUIRED = ("question", "response")


def parse(text: str) -> dict[str, str]:
    """`"question=Q,response=A"` as a mapping from field to column. Raises SpecError."""
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if bad := next(("".join(pair) for pair in pairs if not (pair[0].strip() and pair[2].strip())), None):
        raise SpecError(f"--columns: {bad!r} is not FIELD=COLUMN. Write for example question=Q,response=A.")
    named = [field.strip() for field, _, _ in pairs]
    if twice := next((field for field in named if named.count(field) > 1), None):
        raise SpecError(f"--columns: the field {twice!r} is named twice. Give it one column.")
    return {field.strip(): column.strip() for field, _, column in pairs}


class ColumnMap:
    """Learns a file's columns row by row, because the rows of JSON Lines need not have the same keys."""

    def __init__(self, explicit: Mapping[str, str]) -> None:
        for field in explicit:
            if field not in FIELDS:
                raise SpecError(f"--columns: {unknown('field', field, FIELDS)}")
        self._explicit = dict(explicit)
        self._column = dict(explicit)
        self._seen: dict[str, None] = {}

    def learn(self, names: Iterable[str]) -> None:
        """Look among new names for fields that no column has been found for."""
        new = [name for name in names if name not in self._seen]
        if not new:
            return
        self._seen.update(dict.fromkeys(new))
        by_lower = {name.lower(): name for name in new}
        for field, aliases in FIELDS.items():
            if field not in self._column:
                found = next((by_lower[a] for a in aliases if a in by_lower), None)
                if found is not None:
                    self._column[field] = found

    def of(self, field: str) -> str | None:
        """The column of a field, as far as the rows read so far show one."""
        return self._column.get(field) if self._is_seen(field) else None

    def used(self, names: Iterable[str]) -> list[str]:
        """The columns worth reading, for formats that can leave columns unread."""
        present = list(names)
        self.learn(present)
        tops = {self._top(column) for column in self._column.values()}
        return [name for name in present if name in tops]

    def values(self, row: Row) -> dict[str, object]:
        """A row by field. Absent fields are absent, nulls are None."""
        self.learn(row)
        return {field: dig(row, column) for field, column in self._column.items()}

    def check(self, name: str) -> None:
        """Raise for a field without a column, once the names are known: the required and the told ones."""
        for field in (*REQUIRED, *self._explicit):
            if not self._is_seen(field):
                raise self.missing(field, name)

    def missing(self, field: str, name: str) -> RecordingError:
        there = ", ".join(list(self._seen)[:40])
        if field in self._explicit:
            wrong = f"there is no column {self._explicit[field]!r} to read the {field} from"
        else:
            wrong = f"no column holds the {field} (looked for: {', '.join(FIELDS[field])})"
        mend = f"Name it with --columns {field}=COLUMN; a path such as response.text reaches into objects."
        return RecordingError(f"{name}: {wrong}. Its columns: {there}. {mend}")

    def _is_seen(self, field: str) -> bool:
        column = self._column.get(field)
        return column is not None and self._top(column) in self._seen

    def _top(self, column: str) -> str:
        return column if column in self._seen else column.partition(".")[0]


def dig(row: Row, column: str) -> object:
    """A column's value; dots reach into objects and lists, and into JSON that a cell holds as text."""
    if column in row:
        return row[column]
    here: object = row
    for part in column.split("."):
        if isinstance(here, str):
            here = _parsed(here)
        if isinstance(here, Mapping):
            here = here.get(part)
        elif isinstance(here, list) and part.isdecimal() and int(part) < len(here):
            here = here[int(part)]
        else:
            return None
    return here


def _parsed(cell: str) -> object:
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return None
