"""The command that a manifest keeps is the audit that it came from."""

import shlex
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.main import get_command

from sordino.cli.main import app
from sordino.core.errors import SordinoError
from sordino.wiring import audit as wiring
from sordino.wiring.settings import OPTIONS, AuditSettings

COMMAND = get_command(app)
WORDS = st.text(string.ascii_letters + " '\"-_$é中", min_size=1, max_size=9)
NAMES = st.text(string.ascii_letters, min_size=1, max_size=5)
MANY = st.lists(WORDS, max_size=3).map(tuple)
COUNT = st.none() | st.integers(-3, 10**6)
PART = st.none() | st.floats()
SETTINGS = st.builds(
    AuditSettings,
    target=st.builds("{}:{}".format, NAMES, WORDS),
    pack=st.none() | WORDS,
    columns=st.dictionaries(NAMES, NAMES, max_size=2),
    model=st.none() | WORDS,
    siblings=st.none() | WORDS,
    language=st.none() | WORDS,
    languages=MANY,
    jurisdictions=MANY,
    templates=MANY,
    epoch=st.just("") | WORDS,
    seed=st.integers(),
    until=st.none() | WORDS,
    margin=PART,
    system=st.none() | st.just("") | WORDS,
    prefill=st.none() | WORDS,
    plain=st.booleans(),
    samples=COUNT,
    temperature=PART,
    top_p=PART,
    max_tokens=COUNT,
    workers=COUNT,
    batch_size=COUNT,
    device=st.none() | WORDS,
    dtype=st.none() | WORDS,
    stream=st.booleans(),
    log_probabilities=st.booleans(),
    concurrency=COUNT,
    requests_per_minute=PART,
    tokens_per_minute=PART,
    timeout=PART,
    budget_requests=COUNT,
    budget_tokens=COUNT,
    max_cost=PART,
    prices=st.none() | WORDS,
)


class Told(SordinoError):  # noqa: N818 - no error
    """Carries the settings out of the command."""


def read(command, monkeypatch):
    """The settings with which the command line would have begun an audit."""

    def begin(given, *_, **__):
        raise Told(given)

    monkeypatch.setattr(wiring, "audit", begin)
    with pytest.raises(Told) as told:
        COMMAND(shlex.split(command)[1:], standalone_mode=False)
    return told.value.args[0]


@settings(max_examples=40)
@given(SETTINGS)
def test_a_command_says_its_settings_again(told):
    with pytest.MonkeyPatch.context() as monkeypatch:
        again = read(told.command(), monkeypatch)
    assert repr(again) == repr(told)  # so that nan is itself


def test_every_setting_has_an_option():
    assert {"target", *OPTIONS} == set(AuditSettings.__dataclass_fields__)


def test_what_was_not_told_is_not_in_the_command():
    assert AuditSettings("replay:a b.jsonl").command() == "sordino audit 'replay:a b.jsonl'"
    assert AuditSettings("organism:open", temperature=0.0, workers=0).command() == (
        "sordino audit organism:open --temperature 0.0 --workers 0"
    )
