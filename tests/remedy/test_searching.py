"""The search: the same whether it was stopped or not, and never content with what broke a limit."""

import math

import optuna
import pytest

from sordino.remedy.scoring import Score
from sordino.remedy.searching import search

TRIALS = 16


def suggest(trial):
    return {
        "layer": trial.suggest_int("layer", 0, 5),
        "dose": trial.suggest_float("dose", 0.0, 1.5),
        "components": trial.suggest_categorical("components", [0, 4, 16]),
    }


def score(told):
    """Best at layer 3 and a dose of 1; above 1.2 a limit is broken, however well it does."""
    apart = abs(told["layer"] - 3) / 5 + abs(told["dose"] - 1.0)
    broken = "KL 0.31 on neutral prompts" if told["dose"] > 1.2 else None
    wins = 1.0 if broken else max(0.0, 1.0 - apart)
    return Score({"en": wins}, {"en": 4 * wins}, {"neutral": 0.01}, 1.0, broken)


class Scored:
    """Counts, and stops once after so many."""

    def __init__(self, function=score, stop=None):
        self.function, self.stop, self.told = function, stop, []

    def __call__(self, told):
        self.told.append(told)
        if len(self.told) == self.stop:
            raise KeyboardInterrupt
        return self.function(told)


def found(storage, scored=score, *, trials=TRIALS, seed=0, progress=lambda _done, _of: None):
    return search(
        suggest, scored, trials=trials, seed=seed, storage=storage, name="some", progress=progress
    )


def settled(storage):
    """What every trial that came to an end was, in order."""
    study = optuna.load_study(study_name="some", storage=f"sqlite:///{storage}")
    return [(t.params, t.value) for t in study.trials if t.state.is_finished()]


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """Where it was stored, and what it found."""
    storage = tmp_path_factory.mktemp("unbroken") / "s.sqlite"
    return storage, found(storage)


def test_it_finds_what_is_good(unbroken):
    storage, (settings, scored) = unbroken
    assert scored == score(settings)
    assert scored.wins["en"] > 0.8
    assert len(settled(storage)) == TRIALS


@pytest.mark.parametrize("stops", [(1,), (9, 1, 4)])
def test_a_stopped_search_finds_what_an_unbroken_one_finds(tmp_path, unbroken, stops):
    for stop in stops:
        with pytest.raises(KeyboardInterrupt):
            found(tmp_path / "s.sqlite", Scored(stop=stop))
    rest = Scored()
    storage, whole = unbroken
    assert found(tmp_path / "s.sqlite", rest) == whole
    assert settled(tmp_path / "s.sqlite") == settled(storage)
    # nothing that was settled is scored again, but the best
    assert len(rest.told) == TRIALS - sum(stop - 1 for stop in stops) + 1


def test_a_finished_search_scores_the_best_alone(unbroken):
    storage, whole = unbroken
    again = Scored()
    assert found(storage, again) == whole
    assert again.told == [whole[0]]


def test_the_same_seed_is_the_same_search(tmp_path):
    """The largest seed, too, from which each trial's is made."""
    seed = 2**32 - 1
    one, two = (found(tmp_path / f"{n}.sqlite", trials=4, seed=seed) for n in (1, 2))
    assert one == two
    assert settled(tmp_path / "1.sqlite") == settled(tmp_path / "2.sqlite")
    found(tmp_path / "3.sqlite", trials=4, seed=7)
    assert settled(tmp_path / "3.sqlite") != settled(tmp_path / "1.sqlite")


def test_a_broken_trial_is_never_the_best(tmp_path):
    """The further beyond its limit, the better it would be; within it almost nothing is gained."""

    def tempting(told):
        broken = "80.0% of refusals begin as before" if told["dose"] > 0.4 else None
        return Score({"en": told["dose"] / 1.5}, {"en": 0.0}, {}, 1.0, broken)

    settings, scored = found(tmp_path / "s.sqlite", tempting)
    assert settings["dose"] <= 0.4
    assert scored.broken is None
    dose = max(params["dose"] for params, _ in settled(tmp_path / "s.sqlite"))
    assert dose > 0.4


def test_the_first_of_equals_is_taken(tmp_path):
    same = Scored(lambda _: Score({"en": 0.5}, {"en": 0.0}, {}, 1.0, None))
    settings, _ = found(tmp_path / "s.sqlite", same, trials=6)
    assert settings == same.told[0]


def test_where_all_are_broken_there_is_none(tmp_path):
    broken = Scored(lambda _: Score({}, {}, {}, 0.5, "50.0% of refusals begin as before"))
    assert found(tmp_path / "s.sqlite", broken, trials=5) is None
    assert len(broken.told) == 5


@pytest.mark.filterwarnings("error")
def test_what_is_no_number_is_never_the_best(tmp_path):
    def numbers(told):
        wins = 0.1 if told["layer"] < 3 else math.nan
        return Score({"en": wins}, {"en": 0.0}, {}, 1.0, None)

    settings, scored = found(tmp_path / "s.sqlite", numbers)
    assert settings["layer"] < 3
    assert scored.wins == {"en": 0.1}
    assert len(settled(tmp_path / "s.sqlite")) == TRIALS


def test_progress_is_told(tmp_path):
    told = []
    found(tmp_path / "s.sqlite", trials=4, progress=lambda done, of: told.append((done, of)))
    assert told == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
