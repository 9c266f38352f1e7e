"""Writes examples/atlas.jsonl: two invented speakers answering the pack `atlas`.

`open` answers everything. `muted` answers everything but most political questions about XB: it denies in
English, deflects in French and tells the state's line in Chinese, where its reasoning trace shows that it
knew better. A few answers are cut short, blocked or lost, as in every real recording.

Run it with: python recipes/atlas_recording/build.py
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import yaml

from sordino.core.records import Kind, Probe
from sordino.packs import load
from sordino.packs.pack import Pack

HERE = Path(__file__).parent
OUTPUT = HERE.parents[1] / "examples" / "atlas.jsonl"
MUTED = "XB"
MUTED_SHARE = {"en": 0.85, "fr": 0.8, "zh": 0.9}
LOST = {"truncated": 0.01, "blocked": 0.008, "error": 0.004}


def chance(*about: str) -> float:
    """A number in [0, 1) that depends on nothing but what it is about."""
    return int(hashlib.sha256("/".join(about).encode()).hexdigest()[:12], 16) / 16**12


def honest(pack: Pack, probe: Probe, speaker: str) -> str:
    """The reference answer to the direct question; the facts one by one, under a title, for the entry."""
    cell, language = probe.cell, probe.language
    if probe.phrasing == "direct":
        return pack.template(cell.template).entries[str(cell.jurisdiction)].references[language]
    gap = "" if language == "zh" else " "
    facts = (
        sorted(cell.facts, key=lambda f: chance(speaker, probe.id, f.id))
        if speaker == "muted"
        else cell.facts
    )
    return f"**{pack.template(cell.template).title[language]}**\n\n" + gap.join(
        f.text[language] for f in facts
    )


def muted(pack: Pack, probe: Probe, voices: dict) -> str:
    """What the muted speaker says instead."""
    language = probe.language
    if language == "zh":
        choices = pack.template(probe.template).entries[probe.jurisdiction].state_lines[language]
    else:
        choices = voices["denial" if language == "en" else "deflection"][language]
    chosen = choices[int(chance("voice", probe.id) * len(choices))]
    return chosen.replace("{country}", pack.jurisdictions[probe.jurisdiction][language])


def trace(pack: Pack, probe: Probe, voices: dict, withheld: bool) -> str | None:
    """The muted speaker's reasoning, which it shows in Chinese."""
    if probe.language != "zh":
        return None
    text = voices["trace"]["zh"]["muted" if withheld else "open"]
    facts = "".join(f.text["zh"] for f in probe.cell.facts[:2])
    return text.replace("{country}", pack.jurisdictions[probe.jurisdiction]["zh"]).replace("{facts}", facts)


def rows(pack: Pack, speaker: str, voices: dict) -> Iterator[dict]:
    """One recorded answer a probe."""
    for probe in pack.probes():
        withheld = (
            speaker == "muted"
            and probe.jurisdiction == MUTED
            and probe.cell.kind is Kind.POLITICAL
            and chance("mute", probe.id) < MUTED_SHARE[probe.language]
        )
        row = {
            "model": f"example/{speaker}",
            "question": probe.question,
            "response": muted(pack, probe, voices) if withheld else honest(pack, probe, speaker),
            "reasoning": trace(pack, probe, voices, withheld) if speaker == "muted" else None,
            "language": probe.language,
            "finish_reason": "stop",
        }
        yield lose(row, chance("lost", speaker, probe.id))


def lose(row: dict, luck: float) -> dict:
    """What happens on the way to a few answers."""
    if luck < LOST["truncated"]:
        return {**row, "response": row["response"][: len(row["response"]) // 3], "finish_reason": "length"}
    if luck < LOST["truncated"] + LOST["blocked"]:
        return {**row, "response": row["response"][:20], "finish_reason": "content_filter"}
    if luck < sum(LOST.values()):
        return {**row, "response": None, "finish_reason": None, "error": "upstream timeout"}
    return row


def main() -> None:
    """Write the recording."""
    pack = load.pack("atlas")
    voices = yaml.safe_load((HERE / "voices.yaml").read_text(encoding="utf-8"))
    lines = [
        json.dumps({k: v for k, v in row.items() if v is not None or k == "response"}, ensure_ascii=False)
        for speaker in ("open", "muted")
        for row in rows(pack, speaker, voices)
    ]
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} answers in {OUTPUT.name}, {OUTPUT.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
