"""The search for an edit: Optuna's TPE under constraints, one trial after the other, which goes on where it
was stopped and finds what an unbroken one finds.

TPE: Bergstra et al. 2011 (NeurIPS); constraints as in Watanabe and Hutter 2023 (arXiv:2211.14411).
Importing it brings Optuna.
"""

import json
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
    study = optuna.create_study(
        storage=f"sqlite:///{storage}", study_name=name, direction="maximize", load_if_exists=True
    )
    done = len([t for t in study.trials if t.state.is_finished()])
    for number in range(done, trials):
        progress(number, trials)
        # A sampler's own chance does not outlive its process: each trial gets its own.
        study.sampler = optuna.samplers.TPESampler(
            seed=seed * 100_003 + number, n_startup_trials=trials // 4
        )
        trial = study.ask()
        told = suggest(trial)
        found = score(told)
        trial.set_user_attr("settings", json.dumps(told))
        trial.set_user_attr("broken", found.broken or "")
        trial.set_constraint("limits", BROKEN if found.broken else -BROKEN)
        study.tell(trial, found.value if found.broken is None else -BROKEN)
    progress(trials, trials)
    kept = [t for t in study.trials if t.value is not None and not t.user_attrs.get("broken", "?")]
    if not kept:
        return None
    best: Settings = json.loads(max(kept, key=lambda t: (t.value, -t.number)).user_attrs["settings"])
    return best, score(best)
