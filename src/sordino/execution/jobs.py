"""What every executor does alike with a job: carry it out, tell of it, and try again when its process died.

Executors differ in where the processes are: `job_processes` has them on this machine, `ray` on a cluster.
"""

import os
import socket
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from time import monotonic
from typing import TypeVar

from sordino.core.errors import SordinoError
from sordino.core.jobs import Began, Done, Event, Failed, Job, Lost, Progress, Progressed

Result = TypeVar("Result")
TRIES = 3
_THREADS = "OMP_NUM_THREADS"


def carried_out(
    job: Job[Result], send: Callable[[Event[Result]], None], every: float
) -> Done[Result] | Failed:
    """Do the job in this process, and `send` what happens meanwhile, progress once in so many seconds.

    Lets through what is no Exception: an interruption, and the end of the process.
    """
    send(Began(job.name, os.getpid(), socket.gethostname()))
    try:
        return Done(job.name, job.work(_spaced(job.name, send, every)))
    except SordinoError as error:
        return Failed(job.name, str(error))
    except Exception as error:
        return Failed(job.name, _bug(error), traceback.format_exc())


class Deaths:
    """How often the process of each job died under it."""

    def __init__(self) -> None:
        self._of: Counter[str] = Counter()

    def after(self, job: Job[Result], by: str, mend: str) -> Lost | Failed:
        """What is said of another death: the job is tried again, unless it died `TRIES` times."""
        self._of[job.name] += 1
        if self._of[job.name] < TRIES:
            return Lost(job.name, f"Its process died ({by}); it is tried again.")
        return Failed(job.name, f"Its process died {TRIES} times (at last {by}). {mend}")

    def again(self, job: Job[Result]) -> Job[Result]:
        """The job as it is tried again."""
        return job.after(self._of[job.name])


def limit_threads(threads: int) -> None:
    """Have libraries that this process is yet to load compute with no more threads than this."""
    # torch, MKL and OpenBLAS all read it, when they are loaded and not later.
    told = os.environ.get(_THREADS, "")
    most = int(told) if told.isdecimal() and int(told) else threads
    os.environ[_THREADS] = str(min(most, threads))
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(min(torch.get_num_threads(), threads))


def _spaced(name: str, send: Callable[[Event[Result]], None], every: float) -> Progress:
    stage_before, sent = "", 0.0

    def tell(stage: str, done: int, total: int) -> None:
        nonlocal stage_before, sent
        now = monotonic()
        if stage != stage_before or done >= total or now - sent >= every:
            stage_before, sent = stage, now
            send(Progressed(name, stage, done, total))

    return tell


def _bug(error: Exception) -> str:
    said = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
