"""`judge drift`: a changed judge is told, by its readings, by exit code, and harmlessly."""

import json
import re
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from sordino.cli.judge_drift_shown import show
from sordino.judging import pins
from sordino.judging.card import JudgeCard
from sordino.judging.classifier import Arrays, Classifier
from sordino.judging.drift import compare
from sordino.judging.pins import Pin, Read
from sordino.judging.reference_set import Case, ReferenceSet, case_id
from sordino.wiring.drift import Drifted, Known


@pytest.fixture(scope="module")
def reference():
    return ReferenceSet.shipped()


@pytest.fixture(scope="module")
def installed():
    return Classifier.shipped().id


@pytest.fixture(scope="module")
def shifted_pins(reference, installed, tmp_path_factory):
    """Pins of the shipped arrays with COMPLETE so much likelier, as if the installed judge had read so once."""
    arrays = Classifier.shipped()._arrays

    def write(by):
        own = Arrays(
            arrays.weights, arrays.intercept, arrays.temperature, arrays.shift + np.array([by, 0, 0])
        )
        judge = Classifier(installed, own)
        read = judge.read([item for _, item in reference.items])
        results = dict(zip((name for name, _ in reference.items), read, strict=True))
        file = tmp_path_factory.mktemp("pins") / "pins.json"
        file.write_text(pins.text([Pin.of(installed, reference, results, "2026-01-01")]), "utf-8")
        return file, results

    return write


# -- the classifier ------------------------------------------------------------------------------------


def test_the_installed_judge_is_unchanged(sordino, folder, installed):
    said = sordino("judge", "drift")
    assert said.code == 0
    assert f"{installed} on 405 reference answers" in said.out
    assert "Unchanged" in said.out
    told = json.loads(sordino("judge", "drift", "--json").out)
    assert (told["verdict"], told["tolerated"], told["changed"], told["kappa"]) == (
        "unchanged",
        True,
        0,
        1.0,
    )
    assert told["withheld"]["shift"]["low"] < 0 < told["withheld"]["shift"]["high"]
    assert list(folder.iterdir()) == []


def test_a_changed_judge_is_told(sordino, folder, reference, installed, shifted_pins):
    file, before = shifted_pins(2.0)
    said = sordino("judge", "drift", "--pins", file)
    assert said.code == 1
    assert "Moved" in said.out
    assert "beyond what is tolerated" in said.out
    told = json.loads(sordino("judge", "drift", "--pins", file, "--json").out)
    now = Classifier.shipped().read([item for _, item in reference.items])
    pairs = [(before[name].value, r.value) for (name, _), r in zip(reference.items, now, strict=True)]
    assert told["changed"] == sum(a != b for a, b in pairs) > 0
    assert told["withheld"]["pinned"] == pytest.approx(sum(a != "COMPLETE" for a, _ in pairs) / len(pairs))
    assert told["withheld"]["shift"]["low"] > 0, "COMPLETE was likelier then"
    assert {(d["from"], d["to"]): d["n"] for d in told["directions"]} == {
        pair: pairs.count(pair) for pair in set(pairs) if pair[0] != pair[1]
    }
    assert all(d["from"] == "COMPLETE" for d in told["directions"])
    assert len(told["examples"]) == 5
    assert told["examples"][0]["question"]
    assert told["pin"] == {"judge": installed, "judged": "2026-01-01", "where": str(file)}


def test_a_small_move_is_tolerated_as_far_as_one_says(sordino, folder, shifted_pins):
    file, _ = shifted_pins(2.0)
    text = file.read_text("utf-8")
    own = pins.parsed(text, "x")[0]
    now = next(p for p in pins.shipped() if p.judge == own.judge)
    few = [n for n in now.readings if now.readings[n].value != own.readings[n].value][:3]
    mixed = replace(now, readings={n: own.readings[n] if n in few else r for n, r in now.readings.items()})
    Path("few.json").write_text(pins.text([mixed]), "utf-8")
    said = sordino("judge", "drift", "--pins", "few.json")
    assert said.code == 0
    assert "Moved: 3 of 405 readings changed (0.7%), within what is tolerated." in said.out
    assert sordino("judge", "drift", "--pins", "few.json", "--tolerance", 0).code == 1


def test_another_judges_pin_can_be_the_measure(sordino, folder, installed):
    others = [p.judge for p in pins.shipped() if p.judge != installed]
    told = sordino("judge", "drift", "--pin-to", others[0], "--json")
    assert json.loads(told.out)["pin"]["judge"] == others[0]
    assert {p["judge"] for p in json.loads(told.out)["other_pins"]} == {installed, *others[1:]}


def test_a_pin_of_ones_own_is_kept_beside_the_store(sordino, folder, installed):
    said = sordino("judge", "drift", "--pin", "--store", "runs/s.db")
    assert said.code == 2
    assert not list(folder.iterdir())
    said = sordino("judge", "drift", "--pin", "--store", "s.db")
    assert said.code == 0
    assert f"Pinned: {installed} on 405 cases: judge-pins.json" in said.out
    assert [p.name for p in folder.iterdir()] == ["judge-pins.json"]
    kept = Path("judge-pins.json").read_text("utf-8")
    assert "judge-pins.json" in sordino("judge", "drift", "--store", "s.db").out
    again = json.loads(sordino("judge", "drift", "--pin", "--json").out)
    assert again["was_there"] is True
    assert Path("judge-pins.json").read_text("utf-8") == kept


# -- bad input -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--judge", "clasifier"), ("no judge 'clasifier'", "classifier")),
        (("--judge", "openai:m"), ("names no model of a server",)),
        (("--pins", "no.json"), ("no file of pins no.json", "--pin")),
        (("--pins", "."), ("cannot be read",)),
        (("--pins", "bad.json"), ("bad.json is no file of pins",)),
        (("--pins", "latin.json"), ("latin.json cannot be read",)),
        (("--pin-to", "classifier@0-x"), ("no pin 'classifier@0-x'", "There are: classifier@")),
        (("--pin-to", "classifier@"), ("begins", "Give more of it")),
        (("--pin", "--pin-to", "classifier"), ("Give one of them",)),
        (("--pin", "--pins", "no/pins.json"), ("folder no does not exist",)),
        (("--pin", "--pins", "bad.json"), ("bad.json is no file of pins",)),
        (("--pin", "--store", "postgresql://u@h/d"), ("--pins FILE",)),
        (("--rubric", "bad.json"), ("--rubric is for language models",)),
        (("--judge", "openai:m@http://localhost:9/v1", "--rubric", "bad.json"), ("bad.json",)),
        (("--tolerance", "nan"), ("is no share",)),
        (("--tolerance", "2"), ("is no share",)),
    ],
)
def test_bad_input_is_said_and_nothing_is_written(sordino, folder, words, says):
    Path("bad.json").write_text("{}", "utf-8")
    Path("latin.json").write_bytes('{"pins": "é"}'.encode("latin-1"))
    said = sordino("judge", "drift", *words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("sordino: ")
    assert all(part in said.err for part in says), said.err
    assert {p.name for p in folder.iterdir()} == {"bad.json", "latin.json"}


def test_a_judge_without_a_pin_says_what_to_do(sordino, folder, monkeypatch):
    arrays = Classifier.shipped()._arrays
    monkeypatch.setattr(
        Classifier, "shipped", classmethod(lambda cls, name=None: cls("classifier@9-new", arrays))
    )
    said = sordino("judge", "drift")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(
        "sordino: There is no pin of classifier@9-new. Make one with --pin, or hold it"
    )
    assert JudgeCard.shipped("classifier").id in said.err
    assert sordino("judge", "drift", "--pin-to", JudgeCard.shipped("classifier").id).code == 0


def test_pins_of_another_reference_set_are_refused(sordino, folder, installed):
    own = next(p for p in pins.shipped() if p.judge == installed)
    Path("old.json").write_text(pins.text([replace(own, reference="0" * 16)]), "utf-8")
    said = sordino("judge", "drift", "--pins", "old.json")
    assert (said.code, said.out) == (2, "")
    assert f"made with another reference set ({'0' * 16}; this Sordino has {own.reference})" in said.err


# -- hostile text --------------------------------------------------------------------------------------

HOSTILE = "\x1b]0;owned\x07\x1b[31m[bold]red[/bold]\u202egnp.exe\x00\ud800"


def test_a_judges_name_in_a_file_of_pins_does_nothing(sordino, folder, reference, installed):
    own = next(p for p in pins.shipped() if p.judge == installed)
    Path("pins.json").write_text(pins.text([replace(own, judge="x" + HOSTILE, judged=HOSTILE)]), "utf-8")
    for words in (("--pin-to", "x"), (), ("--pin-to", "y"), ("--pin-to", "x", "--json")):
        said = sordino("judge", "drift", "--pins", "pins.json", *words)
        assert said.code in (0, 2)
        assert not set(said.out + said.err) & set("\x1b\x07\u202e\x00")
    assert "[bold]red[/bold]" in sordino("judge", "drift", "--pins", "pins.json", "--pin-to", "x").out


def test_texts_of_examples_do_nothing(capsys):
    """The shipped texts are ours; whoever changes the file may not write to the terminal."""
    cases = []
    for number in range(2):
        texts = (f"{number} {HOSTILE}", HOSTILE * 50)
        cases.append(Case(case_id("de", *texts), HOSTILE, HOSTILE, "DENIAL", *texts))
    odd = ReferenceSet(tuple(cases))
    pin = Pin("j" + HOSTILE, odd.hash, HOSTILE, {c.id: Read("COMPLETE") for c in cases})
    found = compare(odd, pin, "k" + HOSTILE, {c.id: Read("DENIAL") for c in cases})
    show(Drifted(found, HOSTILE, [Known(pin, HOSTILE)]), 0.02)
    said = capsys.readouterr().out
    assert not set(said) & set("\x1b\x07\u202e\x00\ud800")
    assert "[bold]" in said


# -- language models -----------------------------------------------------------------------------------


@contextmanager
def a_server(reply):
    """An OpenAI-compatible server that judges everything alike; `reply` may be changed while it runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            said = {"message": {"content": reply[0]}, "finish_reason": "stop"}
            body = json.dumps(
                {"choices": [said], "usage": {"prompt_tokens": 9, "completion_tokens": 9}}
            ).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"openai:m@http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


def ruling(rule):
    return json.dumps({"rule": rule, "value": rule.upper(), "quote": "", "confidence": 0.9})


def test_a_language_model_that_changes_under_its_name_is_told(sordino, folder, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    reply = [ruling("complete")]
    with a_server(reply) as spec:
        none = sordino("judge", "drift", "--judge", spec)
        assert (none.code, none.out) == (2, "")
        assert "There is no pin of llm:m@1-" in none.err
        kept = sordino("judge", "drift", "--judge", spec, "--pin")
        assert kept.code == 0, kept.err
        assert "is asked 405 times, about" in kept.err
        reply[0] = ruling("denial")
        moved = sordino("judge", "drift", "--judge", spec, "--json")
    assert moved.code == 1
    told = json.loads(moved.out)
    assert told["directions"] == [{"from": "COMPLETE", "to": "DENIAL", "n": 405}]
    assert told["kappa"] == 0.0
    assert told["probability"] == {"mean_change": None, "largest_change": None}
    assert told["withheld"]["shift"]["value"] == 1.0


def test_a_language_model_that_judges_nothing_is_not_pinned(sordino, folder, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with a_server([json.dumps({"rule": "delivery", "value": None})]) as spec:
        said = sordino("judge", "drift", "--judge", spec, "--pin")
    assert said.code == 2
    assert "Nothing was pinned" in said.err
    assert [p.name for p in folder.iterdir() if p.suffix == ".json"] == []


# -- documentation -------------------------------------------------------------------------------------

PAGE = (Path(__file__).parents[2] / "docs" / "judges.md").read_text("utf-8")
SECTION = re.search(r"^## Drift.*?(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)[0]


def test_what_the_documentation_says_is_so(sordino, reference):
    helped = sordino("judge", "drift", "--help", columns=400).out
    options = set(re.findall(r"(?<![a-z-])(--[a-z][a-z-]+)", SECTION))
    assert len(options) > 8
    assert {o for o in options if o not in helped} == set()
    languages, styles = {c.language for c in reference.cases}, {c.style for c in reference.cases}
    for said in (
        f"[{len(reference.cases)} questions",
        f"in {len(languages)} languages",
        f"in {len(styles)} styles",
    ):
        assert said in SECTION
    (older,) = re.findall(r"--pin-to (\S+@\S+)", SECTION)
    assert older in {p.judge for p in pins.shipped()}


def test_a_judge_that_moved_under_its_id_is_told_apart_from_another(
    sordino, folder, installed, shifted_pins
):
    file, _ = shifted_pins(2.0)
    assert "It has kept its id" in sordino("judge", "drift", "--pins", file).out
    other = next(p.judge for p in pins.shipped() if p.judge != installed)
    said = sordino("judge", "drift", "--pin-to", other, "--tolerance", 0)
    assert "It has kept its id" not in said.out
    assert "`sordino runs` names them" in said.out
