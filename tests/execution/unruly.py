"""A backend that does what its questions tell it, in processes that import it by name."""

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

from sordino.core.errors import TargetError
from sordino.core.protocols import Capabilities, TargetIdentity
from sordino.generation.scripted import ScriptedBackend


class Unruly(ScriptedBackend):
    """Answers "say X" with X and, as the route, its process; other questions are deeds."""

    def __init__(self, folder: Path, deed_on_opening: str = "") -> None:
        super().__init__({})
        self._folder = folder
        self._deed_on_opening = deed_on_opening

    def __enter__(self):
        (self._folder / f"opened-{os.getpid()}").touch()
        if self._deed_on_opening != "die-third":
            self._do(self._deed_on_opening)
        elif len(list(self._folder.glob("opened-*"))) > 2:
            self._do("leave")
        return self

    def __exit__(self, *_):
        (self._folder / f"closed-{os.getpid()}").touch()

    def generate(self, requests):
        for request in requests:
            deed, _, rest = request.question.partition(" ")
            self._do(deed, rest)
            script: Mapping = {
                request.question: {"text": rest, "finish_reason": "stop", "route": str(os.getpid())}
            }
            yield from ScriptedBackend(script).generate([request])

    def _do(self, deed: str, rest: str = "") -> None:
        match deed:
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "die-once" if not (self._folder / "died").exists():
                (self._folder / "died").touch()
                os._exit(3)
            case "die-once-said" if not (self._folder / "died").exists():
                (self._folder / "died").touch()
                while not (self._folder / "said").exists():
                    time.sleep(0.05)
                time.sleep(0.5)  # until the other is idle; if it is not, there is less to see
                os._exit(3)
            case "touch":
                (self._folder / rest).touch()
            case "leave":
                os._exit(3)
            case "refuse":
                raise TargetError("There is no such model. Name another.")
            case "stumble":
                raise ZeroDivisionError("a bug")
            case "sleep":
                time.sleep(600)


IDENTITY = TargetIdentity("scripted:unruly", "unruly", "0")
CAPABILITIES = Capabilities(prefill=True)
