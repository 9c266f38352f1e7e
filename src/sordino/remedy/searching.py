"""The search for an edit: Optuna's TPE under constraints, one trial after the other, which goes on where it
was stopped and finds what an unbroken one finds.

TPE: Bergstra et al. 2011 (NeurIPS); constraints as in Watanabe and Hutter 2023 (arXiv:2211.14411).
Importing it brings Optuna.
"""

import json
import math
from collections.abc import Callable
from pathlib import Path

import optuna

from sordino.remedy.scoring import Score

BROKEN = 1.0
Settings = dict[str, object]


def search(
    suggest: Callable[[optuna.Trial], Settings],
    score: Callable[[Settings], Score],
    *,
    trials: int,
    seed: int,
    storage: Path,
    name: str,
    progress: Callable[[int, int], None],
) -> tuple[Settings, Score] | None:
    """The settings of the best trial that broke no limit, and its score; None where every trial broke one.

    storage: an SQLite file, made where it is not. A study of this name in it is gone on with.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    stored = optuna.create_study(
        storage=f"sqlite:///{storage}", study_name=name, direction="maximize", load_if_exists=True
    )
    # Stored are whole trials alone: one that was stopped would keep its number, and change what follows.
    study = optuna.create_study(direction="maximize")
    study.add_trials([t for t in stored.trials if t.state.is_finished()])
    for number in range(len(study.trials), trials):
        progress(number, trials)
        # A sampler's own chance does not outlive its process: each trial gets its own.
        study.sampler = optuna.samplers.TPESampler(
            seed=(seed * 100_003 + number) % 2**32, n_startup_trials=trials // 4
        )
        trial = study.ask()
        told = suggest(trial)
        found = score(told)
        holds = found.broken is None and math.isfinite(found.value)
        trial.set_user_attr("settings", json.dumps(told))
        trial.set_user_attr("holds", holds)
        trial.set_constraint("limits", -BROKEN if holds else BROKEN)
        stored.add_trial(study.tell(trial, found.value if holds else -BROKEN))
    progress(trials, trials)
    kept = [t for t in study.trials if t.user_attrs["holds"]]
    if not kept:
        return None
    best: Settings = json.loads(max(kept, key=lambda t: (t.value, -t.number)).user_attrs["settings"])
    return best, score(best)
