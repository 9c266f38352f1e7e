import io
from dataclasses import replace

import pytest
from rich.console import Console

from sordino.reporting import terminal
from sordino.reporting.page import page


def shown(source, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    terminal.show(source, console)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_the_sentence_the_findings_and_the_deliveries_are_shown(source) -> None:
    text = shown(source, 120)
    assert "mute-a withholds answers about Belmar in Chinese" in text
    head, belmar = (next(x for x in text.splitlines() if sign in x) for sign in ("Chinese  ", "Belmar  "))
    assert belmar.index("●") == head.index("Chinese")
    assert belmar.count("●") == 1
    total = next(line for line in text.splitlines() if line.startswith("All"))
    assert total.split() == ["All", *page(source).delivery.rows[-1].cells]
    assert "torn and left out" in text


@pytest.mark.parametrize("width", [40, 60, 80])
def test_a_narrow_terminal_loses_no_word(source, width: int) -> None:
    text = shown(source, width)
    assert max(len(line) for line in text.splitlines()) <= width
    joined = " ".join(text.split())
    for word in ("selective", "siblings", "Belmar", "Chinese", "delivered", "blocked"):
        assert word in joined.lower() or word in joined


def test_hostile_names_are_neither_markup_nor_escapes(make) -> None:
    evil = "[bold red]x[/]\x1b[2J\x00"
    hostile = make([evil], [evil], [evil], facts=False)
    text = shown(replace(hostile, sentence=evil, notes=(evil,)), 200)
    assert "\x1b" not in text
    assert "\x00" not in text
    assert "[bold red]x[/]␛[2J␀" in text


def test_an_audit_that_ended_before_anything_was_certain_does_not_claim_otherwise(source) -> None:
    settings = {**source.manifest.settings, "until": "certain", "margin": 0.25}
    until = replace(source, manifest=replace(source.manifest, settings=settings))
    assert "Asked" not in shown(source, 120)
    some = f"{int(until.outcomes['key'].notna().sum()):,}"
    assert f"Asked all {some} questions: stopping early has spared none." in shown(until, 200)
    left = until.outcomes["delivery"].where(until.outcomes.index % 2 == 0, "not_asked")
    text = shown(replace(until, outcomes=until.outcomes.assign(delivery=left)), 200)
    assert "questions: it ended before enough was certain in any language." in text
