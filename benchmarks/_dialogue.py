"""Talks with a program that wants a terminal: starts it in a pseudo-terminal, waits for what it asks, answers.

Works where there are pseudo-terminals (Linux, macOS). What the program writes is kept in a file and only ever
matched with patterns.
"""

import os
import pty
import re
import select
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from sordino.reporting.text import visible

SILENCE = 600
"""Seconds without a word after which a program is taken to be stuck."""
SHOWN = 2000


class Dialogue:
    """One run of a program; ends it when left.

    heard: called with every whole line as it comes, and the seconds since the start.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        transcript: Path,
        heard: Callable[[str, float], None] = lambda _line, _seconds: None,
    ) -> None:
        self._started = time.perf_counter()
        self._heard, self._unheard = heard, ""
        self._pending, self._said = "", ""
        self._file = transcript.open("wb")
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            try:
                signal.signal(
                    signal.SIGINT, signal.SIG_DFL
                )  # ignored where this was started in the background
                os.chdir(cwd)
                os.execvpe(command[0], list(command), environment)  # does not come back
            finally:
                os._exit(127)

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.perf_counter() - self._started

    def expect(self, pattern: str) -> re.Match[str]:
        """Wait for a pattern; what comes before it is passed over."""
        while not (match := re.search(pattern, self._pending)):
            if not self._read():
                self._fail(f"ended before it said {pattern!r}")
        self._pending = self._pending[match.end() :]
        return match

    def choose(self, prompt: str, label: str) -> None:
        """Answer a menu of numbered lines, `[2] Label`, with the number of the first that a pattern fits."""
        shown = self.expect(rf"(?s)(.*?){prompt}")[1]
        entry = re.search(rf"\[(\d+)\] {label}", shown)
        if entry is None:
            self._fail(f"offers no {label!r}")
        self.say(entry[1])

    def say(self, line: str) -> None:
        """Type a line."""
        os.write(self._terminal, line.encode() + b"\n")

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        os.write(self._terminal, b"\x03")

    def end(self) -> float:
        """Wait for the program's own end, and return the seconds that it has computed for; a failure ends the
        benchmark.
        """
        while self._read():
            pass
        _, status, usage = os.wait4(self._pid, 0)
        self._pid = 0
        if os.waitstatus_to_exitcode(status):
            self._fail("failed")
        return usage.ru_utime + usage.ru_stime

    def _read(self) -> bool:
        ready, _, _ = select.select([self._terminal], [], [], SILENCE)
        if not ready:
            self._fail(f"said nothing for {SILENCE} s")
        try:
            data = os.read(self._terminal, 1 << 16)
        except OSError:  # how Linux says that the other side is closed
            data = b""
        self._file.write(data)
        self._file.flush()
        text = data.decode("utf-8", "replace").replace("\r", "")
        self._pending += text
        self._said = (self._said + text)[-SHOWN:]
        *lines, self._unheard = (self._unheard + text).split("\n")
        for line in lines:
            self._heard(line, self.seconds)
        return bool(data)

    def _fail(self, how: str) -> NoReturn:
        sys.exit(
            f"The program {how}. Its last words (all are in {self._file.name}):\n{visible(self._said)}"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pid:
            os.kill(self._pid, signal.SIGTERM)
            os.waitpid(self._pid, 0)
        os.close(self._terminal)
        self._file.close()
