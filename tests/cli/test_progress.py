"""When the progress of a job is shown."""

import io
import json
import sys
import time

import pytest

from sordino.cli.main import main
from sordino.cli.progress import stages


def test_what_ends_before_anybody_waits_leaves_no_trace(capsys):
    with stages(patience=600) as progress:
        progress("counting", 0, 2)
        progress("counting", 2, 2)
    assert capsys.readouterr().err == ""


def test_one_stage_that_takes_long_without_a_word_is_shown(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    shown = ""
    with stages(patience=0.01) as progress:
        progress("counting", 0, 1)
        given_up = time.monotonic() + 30
        while "counting" not in shown and time.monotonic() < given_up:
            time.sleep(0.01)
            shown += capsys.readouterr().err
    assert "counting" in shown


def test_without_patience_the_first_word_is_shown_and_without_a_word_nothing(capsys):
    with stages():
        pass
    assert capsys.readouterr().err == ""
    with stages() as progress:
        progress("counting", 0, 1)
    assert "counting" in capsys.readouterr().err


def test_of_nothing_there_is_no_bar(capsys):
    with stages() as progress:
        progress("drawing", 0, 0)
    assert capsys.readouterr().err == ""


class _Stream(io.StringIO):
    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.mark.parametrize("command", ["audit", "sweep"])
@pytest.mark.parametrize("is_terminal", [True, False])
def test_what_machines_read_is_on_stdout_so_a_terminal_shows_progress_all_the_same(
    folder, monkeypatch, capsys, command, is_terminal
):
    rows = [
        {
            "question": f"{n} {j}?",
            "response": "Yes.",
            "template": str(n),
            "jurisdiction": j,
            "language": "en",
        }
        for n in range(3)
        for j in ("CN", "US")
    ]
    (folder / "r.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "m.yaml").write_text("models: ['replay:r.jsonl']\n")
    target = {"audit": "replay:r.jsonl", "sweep": "m.yaml"}[command]
    err = _Stream(is_terminal=is_terminal)
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setattr(sys, "argv", ["sordino", command, target, "--json"])
    monkeypatch.setenv("TERM", "xterm")
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code
    assert json.loads(capsys.readouterr().out)
    assert ("looking up" in err.getvalue() or "asking" in err.getvalue()) is is_terminal
