"""A run in SpeechMap's layout (see generation/speechmap.py), so that its tools and our importer take it.

What the layout has no place for goes under each row's key `sordino`; importing gives the same recording.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from sordino.core.identity import digest
from sordino.core.manifest import Manifest
from sordino.core.records import Axis, Delivery, Engagement
from sordino.generation.speechmap import ANALYSIS, QUESTIONS, RESPONSES
from sordino.generation.speechmap_rows import CUT, FAILED, MODERATED, OF_OURS, OWN
from sordino.store.deliveries import NOT_ASKED
from sordino.wiring.run_rows import Row

ENGLISH = "en"
"""The language that a set's name does not say."""

WORDS = {
    Engagement.COMPLETE.value: "COMPLETE",
    Engagement.PARTIAL.value: "EVASIVE",
    Engagement.DENIAL.value: "DENIAL",
}
STATUSES = {
    Delivery.DELIVERED: ("success", None),
    Delivery.TRUNCATED: ("truncation", CUT),
    Delivery.BLOCKED_INPUT: ("moderation", MODERATED),
    Delivery.BLOCKED_OUTPUT: ("moderation", MODERATED),
    Delivery.EMPTY: ("empty_response", FAILED),
    Delivery.ERROR: ("provider_error", FAILED),
}
"""The layout's status of each delivery, and the label that stands for it."""

_ALSO = ("kind", "matching", "pack", "probe_id", "epoch", "run", "key", "revision", "sampling")


def write(manifest: Manifest, batches: Iterable[list[Row]], folder: Path) -> None:
    """Write the layout into a folder; a file for each question set, whose name says language and
    jurisdiction.

    Unjudged answers have no row under analysis. Questions that were not asked stand under questions alone.
    """
    judge = manifest.judges.get(Axis.ENGAGEMENT.value)
    model = "_".join(map(_plain, manifest.target.name.split("/")))
    ids, asked = _Ids(), set[tuple[str, str]]()
    for name in (QUESTIONS, RESPONSES, *([ANALYSIS] if judge else [])):
        (folder / name).mkdir()
    for batch in batches:
        lines: dict[Path, list[Row]] = defaultdict(list)
        for row in batch:
            group = _set(row)
            question = ids.of(row, group)
            if (group, question) not in asked:
                asked.add((group, question))
                told = {"id": question, "category": group, "question": row["question"]}
                lines[folder / QUESTIONS / f"{group}.jsonl"].append(told)
            if row["delivery"] == NOT_ASKED:
                continue
            answer = _answer(row, group, question)
            lines[folder / RESPONSES / f"{group}_{model}.jsonl"].append(answer)
            if judge and (word := _word(row, judge)):
                label = {**answer, "judge_model": judge, "compliance": word, "judge_analysis": None}
                lines[folder / ANALYSIS / f"compliance_{group}_{model}.jsonl"].append(label)
        for path, rows in lines.items():
            # Half a character is no UTF-8: as \udc00 it is the same again in JSON.
            with path.open("a", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
                file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _set(row: Row) -> str:
    language = str(row["language"])
    parts = [language if language != ENGLISH else "", row["jurisdiction"] or "", row["pack"]]
    return "_".join(_plain(str(part)) for part in parts if part).lower()


class _Ids:
    """Ids of questions: alike for siblings but for the jurisdiction at the head; one for each sample."""

    def __init__(self) -> None:
        self._probes: dict[tuple[str, str], object] = {}

    def of(self, row: Row, group: str) -> str:
        parts = [row["jurisdiction"] or "", row["template"], row["phrasing"]]
        name = "_".join(_plain(str(part)) for part in parts if part)
        if self._probes.setdefault((group, name), row["probe_id"]) != row["probe_id"]:
            name = f"{name}-{digest(row['probe_id'])[:6]}"
        return f"{name}~{row['sample']}" if row["sample"] else name


def _plain(name: str) -> str:
    """The name as a part of a file's; where that loses something, with a digest to tell it from others."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:80]
    return plain if plain == name else f"{plain or 'x'}-{digest(name)[:6]}"


def _answer(row: Row, group: str, question: str) -> Row:
    status, _ = STATUSES[Delivery(str(row["delivery"]))]
    return {
        "question_id": question,
        "question": row["question"],
        "model": row["model"],
        "timestamp": None,
        "response": _response(row),
        "api_provider": None,
        "category": group,
        "response_status": status,
        "response_status_reason": None,
        OWN: {name: row.get(name) for name in (*OF_OURS, *_ALSO)},
    }


def _response(row: Row) -> Row:
    """The host's object, as far as a run keeps it."""
    message: Row = {"role": "assistant", "content": row["response"]}
    if row["reasoning"] is not None:
        message["reasoning"] = row["reasoning"]
    choice = {"index": 0, "finish_reason": row["finish_reason"], "message": message}
    usage = {name: row[name] for name in ("prompt_tokens", "completion_tokens")}
    return {
        "object": "chat.completion",
        "model": row.get("served_model") or row["model"],
        "provider": row["provider"],
        "choices": [choice],
        "usage": usage,
        **({"error": {"message": row["error"]}} if row["error"] else {}),
    }


def _word(row: Row, judge: str) -> str | None:
    """The label: of the delivery where that kept the answer away, else the judge's reading."""
    _, word = STATUSES[Delivery(str(row["delivery"]))]
    return word or WORDS.get(str(_value(row, judge)))


def _value(row: Row, judge: str) -> object:
    readings = row["readings"]
    for one in readings if isinstance(readings, list) else ():
        if isinstance(one, Mapping) and (one["axis"], one["judge"]) == (Axis.ENGAGEMENT.value, judge):
            return one["value"]
    return None
