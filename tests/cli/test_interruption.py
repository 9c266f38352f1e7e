"""Ctrl-C in a command that settles nothing: what it says of what is left is so."""

import signal
import subprocess
import sys

import pytest

from sordino.cli.interruption import INTERRUPTED, Interrupted, leaving


def test_a_command_that_stores_nothing_does_not_say_that_it_goes_on(tmp_path):
    """`packs power` without a rule prints a table, and then simulates for a minute."""
    command = (sys.executable, "-m", "sordino", "packs", "power", "atlas")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, text=True
    ) as process:
        assert process.stdout is not None
        assert "best bound" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED
    assert "Interrupted. Nothing was written; the same command begins anew." in err
    assert "settled" not in err
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_interruption_is_left_alone():
    @leaving("Nothing.")
    def fails(error):
        raise error

    with pytest.raises(ValueError, match="bad"):
        fails(ValueError("bad"))
    with pytest.raises(Interrupted) as ended:
        fails(KeyboardInterrupt())
    assert (ended.value.code, ended.value.said) == (INTERRUPTED, "Nothing.")
