"""Jobs that do what they are told, in processes that import them by name."""

import os
import signal
import time
from functools import partial
from pathlib import Path

from unruly import CAPABILITIES, IDENTITY, Unruly

from sordino.core.errors import TargetError
from sordino.core.identity import make_request
from sordino.execution.local import Processes


def once(folder: Path, name: str) -> bool:
    """Whether nobody has been here under this name."""
    try:
        (folder / name).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def errand(deed: str, folder: Path, progress) -> str:
    """Says who did it: process and threads."""
    what, _, rest = deed.partition(" ")
    match what:
        case "count":
            for n in range(int(rest) + 1):
                progress("counting", n, int(rest))
        case "together":
            _meet(folder, int(rest.split()[0]))
        case "sleep":
            _sleep(folder, rest)
        case "employ":
            _employ(folder)
        case _:
            _come_to_grief(what, folder)
    return f"{os.getpid()} {os.environ.get('OMP_NUM_THREADS')} {Path.cwd()}"


def _meet(folder: Path, most: int) -> None:
    """Raises where more than `most` are here at once."""
    mine = folder / f"here-{os.getpid()}"
    mine.touch()
    time.sleep(0.2)
    here = len(list(folder.glob("here-*")))
    with (folder / "met").open("a") as met:
        met.write(f"{here}\n")
    mine.unlink()
    if here > most:
        raise RuntimeError(f"{here} at once")


def _sleep(folder: Path, name: str) -> None:
    try:
        (folder / f"asleep-{os.getpid()}").touch()
        for _ in range(6000):  # Ray's interruption waits for the next step
            time.sleep(0.1)
    except KeyboardInterrupt:
        time.sleep(0.2)  # as long as it takes to store what there is
        (folder / f"woken-{name}").touch()
        raise


def _employ(folder: Path) -> None:
    """Has workers of its own."""
    requests = [make_request(f"sleep {n}", "0") for n in range(9)]
    opens = partial(Unruly, folder)
    with Processes(opens, lambda rs: [[r] for r in rs], IDENTITY, CAPABILITIES, 2) as backend:
        list(backend.generate(requests))


def _come_to_grief(how: str, folder: Path) -> None:
    match how:
        case "refuse":
            raise TargetError("There is no such model. Name another.")
        case "stumble":
            raise ZeroDivisionError("a bug\nand more")
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "die-once" if once(folder, "died"):
            os.kill(os.getpid(), signal.SIGKILL)
        case "leave":
            os._exit(3)
