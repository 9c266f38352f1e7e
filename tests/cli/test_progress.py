"""When the progress of a job is shown."""

import time

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
