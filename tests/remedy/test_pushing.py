"""Pushing: what goes to the Hub and what does not, against a server that plays it. Nothing here goes out."""

import json
import logging
import shlex
import shutil
from dataclasses import replace
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest
from huggingface_hub import constants

from sordino.core.errors import SordinoError, SpecError, TargetError
from sordino.remedy import sums
from sordino.remedy.pushing import RECORD, check, push
from sordino.remedy.record import REQUIRED, Gate, Record, Rung, Tried, Verdict, to_json

TESTS = Path(__file__).parents[1]
hub_server = SimpleNamespace(**run_path(str(TESTS / "remedy" / "hub_server.py")))
tiny = SimpleNamespace(**run_path(str(TESTS / "tiny_model.py")))
TOKEN = "hf_aSecretOfTheUser"
COMMAND = "sordino remedy hf:./model --jurisdiction XB --out ./made"


def record_of(*verdicts):
    """The first is of every gate that is required."""
    gates = tuple(
        Gate(name, verdict, "", "")
        for number, verdict in enumerate(verdicts)
        for name in (["skill"] if number else sorted(REQUIRED))
    )
    return Record(
        **dict.fromkeys(
            ("target", "model", "revision", "pack", "jurisdiction", "name", "command", "created"), "x"
        ),
        **dict.fromkeys(
            ("fitted", "held_out", "languages", "fitted_languages", "controls", "carries_over"), ()
        ),
        sets={},
        tried=(Tried(Rung.PROTECTED, {}, gates, {}, 1.0),),
        runs={},
        seconds=1.0,
        seed=0,
        environment={},
    )


@pytest.fixture
def hub(monkeypatch):
    server = hub_server.Hub()
    monkeypatch.setattr(constants, "ENDPOINT", server.url)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    yield server
    server.close()


@pytest.fixture
def result(tmp_path):
    folder = tiny.random_model(tmp_path / "result")
    (folder / RECORD).write_text(to_json(record_of(Verdict.PASSED, Verdict.NOT_MEASURED)))
    (folder / "README.md").write_text("# A model\n")
    sums.write(folder)
    return folder


def test_what_the_sums_list_arrives(hub, result):
    (result / "private-notes.txt").write_text("mine")
    url = push(result, "org/edited")
    assert url == f"{hub.url}/org/edited/commit/{hub_server.COMMIT}"
    held = hub.repositories["org/edited"]
    assert held["private"] is True
    wanted = {path.name for path in result.iterdir()} - {"private-notes.txt"}
    assert set(held["files"]) == wanted | {".gitattributes"}
    for name in wanted:
        assert held["files"][name] == (result / name).read_bytes()
    ours = {told for _, path, told in hub.seen if "org/edited" in path or path.startswith("/api/repos/")}
    assert ours == {f"Bearer {TOKEN}"}
    assert {told for _, path, told in hub.seen if path.startswith("/blobs/")} == {None}


def test_one_may_be_open_to_all(hub, result):
    push(result, "org/edited", private=False)
    assert hub.repositories["org/edited"]["private"] is False


def test_an_empty_repository_of_a_push_that_broke_off_is_taken(hub, result):
    hub.failing["/commit/main"] = (403, "Not now")
    with pytest.raises(TargetError, match=r"org/edited could not be pushed .*Check its name"):
        push(result, "org/edited")
    hub.failing.clear()
    push(result, "org/edited")
    assert RECORD in hub.repositories["org/edited"]["files"]


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ({"private": False, "files": {}}, "is open to all"),
        ({"private": True, "files": {"model.safetensors": b""}}, "holds 1 files already"),
    ],
)
def test_a_repository_that_holds_something_is_left_alone(hub, result, there, said):
    hub.repositories["org/edited"] = {**there, "files": dict(there["files"])}
    with pytest.raises(SpecError, match=said):
        push(result, "org/edited")
    assert hub.repositories["org/edited"] == there


def spoiled(content):
    return lambda folder: (folder / RECORD).write_text(content)


def resummed(folder):
    (folder / RECORD).write_text(to_json(record_of(Verdict.PASSED, Verdict.FAILED)))
    sums.write(folder)


def told_from(*words):
    def write(folder):
        made = replace(record_of(Verdict.PASSED), command=shlex.join(["sordino", "remedy", *words]))
        (folder / RECORD).write_text(to_json(made))
        sums.write(folder)

    return write


def without_record_s_sum(folder):
    lines = (folder / sums.NAME).read_text().splitlines(keepends=True)
    (folder / sums.NAME).write_text("".join(line for line in lines if RECORD not in line))


def on_a_folder(folder):
    config = {"peft_type": "LORA", "base_model_name_or_path": "../base"}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    sums.write(folder)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f: (f / RECORD).unlink(), r"holds no remedy\.json"),
        (spoiled("{"), r"holds no remedy\.json"),
        (spoiled("[]"), r"holds no remedy\.json"),
        (spoiled("{}"), r"holds no remedy\.json"),
        (resummed, "was not accepted, and nothing rejected is pushed"),
        (spoiled(to_json(record_of())), "was not accepted"),
        (lambda f: (f / sums.NAME).unlink(), "no readable SHA256SUMS"),
        (lambda f: (f / "model.safetensors").write_bytes(b"other"), "model.safetensors is not what"),
        (lambda f: (f / "config.json").unlink(), "config.json is not what"),
        (without_record_s_sum, r"does not list remedy\.json"),
        (told_from("hf:/home/anna/a model", "--out", "o"), "publish the path /home/anna/a model"),
        (told_from("organism:mute-a", "--out", "/home/anna/o"), "publish the path /home/anna/o"),
        (told_from("organism:mute-a", "--fitting", "~/own.jsonl"), "publish the path ~/own.jsonl"),
        (on_a_folder, "names a folder of its maker's machine"),
        (shutil.rmtree, r"holds no remedy\.json"),
    ],
)
def test_nothing_else_is_pushed(hub, result, spoil, said):
    spoil(result)
    with pytest.raises(SordinoError, match=said):
        push(result, "org/edited")
    assert hub.seen == []


@pytest.mark.parametrize("token", [None, "", " "])
def test_without_a_token_in_the_environment_nothing_is_sent(hub, result, monkeypatch, tmp_path, token):
    if token is None:
        monkeypatch.delenv("HF_TOKEN")
    else:
        monkeypatch.setenv("HF_TOKEN", token)
    (tmp_path / "token").write_text("hf_ofAnEarlierLogin")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    with pytest.raises(SpecError, match="Set HF_TOKEN to a token that may write"):
        push(result, "org/edited")
    assert hub.seen == []


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("/create", 401),
        ("/org/edited", 404),
        ("/preupload/main", 403),
        ("/batch", 422),
        ("/commit/main", 400),
    ],
)
def test_the_token_is_in_no_message_and_no_log(hub, result, caplog, capfd, end, status):
    caplog.set_level(logging.DEBUG)
    hub.failing[end] = (status, "The token TOKEN may not do this")
    with pytest.raises(TargetError, match="org/edited could not be pushed") as raised:
        push(result, "org/edited")
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
    assert "\n" not in str(raised.value)
    out = capfd.readouterr()
    for text in (str(raised.value), caplog.text, out.out, out.err):
        assert TOKEN not in text


def test_a_name_that_is_none_is_said(hub, result):
    with pytest.raises(TargetError, match="could not be pushed"):
        push(result, "no such/name/at all")


def test_a_hub_that_is_not_there_is_said(hub, result, monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(TargetError, match="could not be pushed"):
        push(result, "org/edited")


# -- before there is anything to push ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["", "edited", "org/", "/edited", "org/a/b", "org/e d", "../org", "org/--", "o" * 100 + "/e"]
)
def test_a_name_that_is_none_is_found_out_first(hub, name):
    with pytest.raises(SpecError, match="write ORG/NAME"):
        check(name, COMMAND)
    check("org/edited", COMMAND)
    assert hub.seen == []


def test_a_path_that_would_be_published_is_found_out_first(hub):
    with pytest.raises(SpecError, match=r"publish the path /home/anna/o\. Go to its folder"):
        check("org/edited", COMMAND.replace("./made", "/home/anna/o"))
    assert hub.seen == []


def test_a_missing_token_is_found_out_first(hub, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(SpecError, match="Set HF_TOKEN"):
        check("org/edited", COMMAND)
