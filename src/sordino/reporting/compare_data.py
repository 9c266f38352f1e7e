"""A comparison as data: a frame with a row for each difference, CSV, and plain JSON values."""

from collections.abc import Mapping
from dataclasses import fields

import pandas as pd

from sordino.comparing.comparison import Comparison
from sordino.comparing.differences import Change
from sordino.core.records import Estimate, Figure
from sordino.reporting.render import plain
from sordino.reporting.text import cell

_ABOUT = [f.name for f in fields(Estimate) if f.name not in ("figure", "excluded", "p_adjusted")]
_FIGURE = [f.name for f in fields(Figure)]
COLUMNS = [*_ABOUT, "a", "b", *_FIGURE, "p_adjusted", "is_shown", "pairs", "missing_a", "missing_b"]
_SIDED = ("probe_id", "key", "state")


def frame(made: Comparison) -> pd.DataFrame:
    """One row a difference, with COLUMNS; a and b are the rates, value is b - a. Unknown is NA."""
    return pd.DataFrame([_row(change) for change in made.changes], columns=COLUMNS)


def _row(change: Change) -> dict[str, object]:
    estimate = change.estimate
    return {
        **{name: _text(getattr(estimate, name)) for name in _ABOUT},
        **{name: getattr(estimate.figure, name) for name in _FIGURE},
        "a": None if change.a is None else change.a.value,
        "b": None if change.b is None else change.b.value,
        "p_adjusted": estimate.p_adjusted,
        "is_shown": change.is_shown,
        "pairs": change.pairs,
        "missing_a": _listed(change.missing_a),
        "missing_b": _listed(change.missing_b),
    }


def _text(value: object) -> object:
    return str(value) if isinstance(value, str) else value


def _listed(counts: Mapping[str, int]) -> str:
    return "; ".join(f"{why}={n}" for why, n in counts.items())


def csv(made: Comparison) -> str:
    """The frame as CSV; `missing_a` reads "blocked_input=3; truncated=1"."""
    safe = frame(made).map(lambda value: cell(value) if isinstance(value, str) else value)
    return safe.to_csv(index=False, lineterminator="\n")


def to_json(made: Comparison) -> dict[str, object]:
    """All of it as plain values, and the changed pairs by their keys, without texts.

    What could not be estimated is null. Strings are as recorded: whoever shows them makes them safe.
    """
    return {
        "relation": str(made.sides.relation),
        "title": made.sides.title,
        "sentence": made.sentence,
        **{
            side: {"name": name, "run": m.run, "target": plain(m.target)}
            for side, name, m in zip("ab", made.sides.names, (made.a, made.b), strict=True)
        },
        "notes": list(made.notes),
        "pairs": len(made.pairs),
        "only_a": dict(made.only_a),
        "only_b": dict(made.only_b),
        "changes": [{**_plain(change), "is_shown": change.is_shown} for change in made.changes],
        "flows": [plain(flow) for flow in made.flows],
        "host_effect": plain(made.effect),
        "changed": _changed(made.pairs),
    }


def _plain(change: Change) -> dict[str, object]:
    return {f.name: plain(getattr(change, f.name)) for f in fields(change)}


def _changed(pairs: pd.DataFrame) -> list[dict[str, object]]:
    changed = pairs[pairs["changes"].ne("")]
    named = [f"{name}_{side}" for name in _SIDED for side in "ab"]
    rows = changed[[*named, "size"]].to_dict("records")
    told = changed["changes"].str.split()
    return [
        {**{str(k): v for k, v in row.items()}, "changes": c} for row, c in zip(rows, told, strict=True)
    ]
