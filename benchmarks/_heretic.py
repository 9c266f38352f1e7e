"""Heretic, run as a program in an environment of its own: it searches, and the best of its trials is saved.

Heretic is under the AGPL. Nothing of it is imported, copied or shipped: it is installed by pip where this
benchmark runs, and spoken to as a user would, through its menus.
"""

import json
import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from _dialogue import Dialogue

VERSION = "1.4.0"
TRIALS = 200
EVALUATED = 100
"""Its own defaults."""
ASKED_FOR = "Enter number: "
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
# Without a real screen its menus come as numbered lines, which is what it does for notebooks.
PLAIN = {"TERM": "dumb", "NO_COLOR": "1", "KAGGLE_KERNEL_RUN_TYPE": "Interactive"}
_TRIAL = re.compile(r"\s*Running trial (\d+) of (\d+)")
_REFUSALS = re.compile(r"\s*\* Refusals: (\d+)/(\d+)")
_DIVERGENCE = re.compile(r"\s*\* KL divergence: ([\d.]+|nan|inf)")
_OFFERED = re.compile(r"\[(\d+)\] \[Trial +(\d+)\] Refusals: +(\d+)/(\d+), KL divergence: ([\d.]+)")


@dataclass(frozen=True)
class Asked:
    """What Heretic is given: a folder, prompts of both kinds, markers, and how long to search: for so many trials,
    or until so many minutes are over.

    It evaluates its trials on `EVALUATED` prompts of each kind at most, taken evenly from the same.
    """

    model: str
    good: tuple[str, ...]
    bad: tuple[str, ...]
    markers: tuple[str, ...]
    trials: int
    minutes: float
    seed: int
    threads: int


@dataclass(frozen=True)
class Found:
    """seconds: of wall time, from the start to the saved model; computed: of all its threads on the processor.
    to_search: of wall time, until the first trial began (loading, batch size, directions). to_best: until the
    chosen trial was scored, were it known to be the best. searched: from the first trial to the end of the last.
    initial, refusals: of so many bad prompts, by its own count, before and after. divergence: by its own count.
    trials: that were scored.
    """

    folder: str
    trial: int
    refusals: int
    initial: int
    prompts: int
    divergence: float
    seconds: float
    computed: float
    to_search: float
    to_best: float
    searched: float
    trials: int


def program(given: Path | None) -> Path:
    """Heretic's command: the one that is named, or one in an environment that is made here the first time."""
    if given is not None:
        return given if given.is_file() else sys.exit(f"there is no {given}")
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
    home = cache / "sordino" / f"heretic-{VERSION}"
    command = home / "bin" / "heretic"
    if not command.exists():
        print(f"installing heretic-llm {VERSION} under {home} (once)", file=sys.stderr)
        # The very torch that Sordino runs on, so that neither is faster for it.
        packages = [f"heretic-llm=={VERSION}", f"torch=={version('torch')}"]
        _install(home, packages)
    return command


def _install(home: Path, packages: Sequence[str]) -> None:
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
    environment = dict(os.environ)
    if uv:
        environment.setdefault("UV_FIND_LINKS", os.environ.get("PIP_FIND_LINKS", ""))
        commands = [
            [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(home)],
            [uv, "pip", "install", "--quiet", "--python", str(home / "bin" / "python"), *packages],
        ]
    else:
        commands = [
            [sys.executable, "-m", "venv", "--clear", str(home)],
            [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", *packages],
        ]
    for command in commands:
        if subprocess.run(command, env=environment, check=False).returncode:
            shutil.rmtree(home, ignore_errors=True)
            sys.exit("Heretic cannot be installed here. Name one that is: --heretic PATH/bin/heretic")


def search(
    heretic: Path, asked: Asked, work: Path, progress: Callable[[int, int], None] = lambda _done, _of: None
) -> Found:
    """Search, save the best trial's model under `work`, and quit.

    The best: of the trials with the fewest refusals, the one with the lowest divergence. A result for the same
    question that lies there already is taken as it is.
    """
    kept, question = work / "heretic.json", json.loads(json.dumps(asdict(asked)))
    if kept.exists():
        before = json.loads(kept.read_text(encoding="utf-8"))
        if before["asked"] == question:
            return Found(**before["found"])
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    found = _converse(heretic, asked, work, progress)
    kept.write_text(json.dumps({"asked": question, "found": asdict(found)}), encoding="utf-8")
    return found


class _Listener:
    """What the lines of a search say: its counts, and when each trial was scored. It also stops a long search."""

    def __init__(self, longest: float, progress: Callable[[int, int], None]) -> None:
        self._longest, self._progress = longest, progress
        self.stop: Callable[[], None] | None = None
        self.trial, self.initial, self.prompts = 0, 0, 0
        self.to_search = 0.0
        self.scored: dict[int, float] = {}

    def __call__(self, line: str, seconds: float) -> None:
        if initial := re.match(r"\s*\* Initial refusals: (\d+)/(\d+)", line):
            self.initial, self.prompts = int(initial[1]), int(initial[2])
        elif started := _TRIAL.match(line):
            self.to_search = self.to_search or seconds
            self.trial = int(started[1])
            self._progress(self.trial - 1, int(started[2]))
        elif _REFUSALS.match(line):
            self.scored[self.trial] = seconds
            if self.stop and seconds - self.to_search > self._longest:
                self.stop()  # as its user would; it goes on with the trials that are done
                self.stop = None


def _converse(heretic: Path, asked: Asked, work: Path, progress: Callable[[int, int], None]) -> Found:
    heard, folder = _Listener(60 * asked.minutes, progress), work / "model"
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(asked.threads))
    with Dialogue(
        [str(heretic), *_options(asked, work)],
        cwd=work,  # where it looks for a config.toml of its own, and finds none
        environment={**os.environ, **OFFLINE, **PLAIN, **threads},
        transcript=work / "transcript.txt",
        heard=heard,
    ) as talk:
        heard.stop = talk.interrupt
        offered = _OFFERED.findall(talk.expect(rf"(?s)Which trial do you want(.*?){ASKED_FOR}")[1])
        number, trial, refusals, _, divergence = min(offered, key=lambda o: (int(o[2]), float(o[4])))
        talk.say(number)
        talk.choose(ASKED_FOR, "Save the model to a local folder")
        talk.expect("Path to the folder")
        talk.say(str(folder))
        talk.expect("Model saved to")
        seconds = talk.seconds
        talk.choose(ASKED_FOR, "Return to the trial selection menu")
        talk.choose(ASKED_FOR, "Exit program")
        computed = talk.end()
    return Found(
        folder=str(folder),
        trial=int(trial),
        refusals=int(refusals),
        initial=heard.initial,
        prompts=heard.prompts,
        divergence=float(divergence),
        seconds=seconds,
        computed=computed,
        to_search=heard.to_search,
        to_best=heard.scored[int(trial)],
        searched=max(heard.scored.values()) - heard.to_search,
        trials=len(heard.scored),
    )


def _options(asked: Asked, work: Path) -> list[str]:
    prompts = []
    for kind, questions in (("good", asked.good), ("bad", asked.bad)):
        every = math.ceil(len(questions) / EVALUATED)
        for name, some in ((kind, questions), (f"{kind}-evaluation", questions[::every])):
            file = work / f"{name}.txt"  # one prompt a line
            lines = [" ".join(question.split()) for question in some]
            file.write_text("\n".join(lines) + "\n", encoding="utf-8")
            prompts += [f"--{name}-prompts.dataset", str(file)]
    return [
        *("--model", asked.model),
        *("--n-trials", str(asked.trials), "--seed", str(asked.seed)),
        *("--refusal-markers", json.dumps(asked.markers, ensure_ascii=False)),
        *("--study-checkpoint-dir", str(work / "checkpoints"), "--export-strategy", "MERGE"),
        *prompts,
    ]
