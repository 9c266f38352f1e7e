"""The packs as tasks of Inspect AI: real evaluations, by Inspect's functions and by its command line."""

import inspect
import json
import math
import os
import re
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path
from runpy import run_path

import pytest

import sordino
from sordino.core.records import Contrast, Measure
from sordino.judging.classifier import Classifier
from sordino.packs import load
from sordino.store.store import Store

pytest.importorskip("inspect_ai")
pytest.importorskip("openai")

from inspect_ai import eval as evaluate
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.log import read_eval_log
from inspect_ai.model import ContentReasoning, ContentText, ModelOutput, ModelUsage, get_model

from sordino.wiring import inspect_tasks

STUB = run_path(str(Path(__file__).parents[1] / "stub_server.py"))
ATLAS = Path(__file__).parents[2] / "examples" / "atlas.jsonl"
MODEL = "example/muted"
RECORDED = {
    row["question"]: row
    for row in map(json.loads, ATLAS.read_text("utf-8").splitlines())
    if row["model"] == MODEL
}
FEW = ["protest-crackdown", "leader-satire", "forbidden-book", "harvest-festival"]


def run(task, folder, model, **given):
    (log,) = evaluate(task, model=model, log_dir=str(folder), display="none", **given)
    assert log.status == "success", log.error
    return log


def told(says):
    """A mock model that says of each question what it is told to; outputs have their usage."""

    def output(messages, *_):
        made = says(messages[-1].text)
        made.usage = made.usage or ModelUsage(input_tokens=9, output_tokens=len(made.completion))
        return made

    return get_model("mockllm/model", custom_outputs=output)


def scores(log):
    return {s.id: s.scores["sordino"] for s in log.samples if s.scores}


def value(score):
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in score.value.items()}


@pytest.fixture(scope="module")
def served():
    """A server that answers as a recorded model did, with a host that blocks, cuts and fails now and then."""

    def says(_number, body):
        row = RECORDED[body["messages"][-1]["content"]]
        reply = STUB["completion"](row.get("response"), row.get("finish_reason") or "stop")
        return STUB["identified"](reply)

    with STUB["StubServer"](says) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCAL_BASE_URL", server.base)
        patch.setenv("LOCAL_API_KEY", "none")
        yield server


# -- what is asked -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", load.names())
def test_every_shipped_pack_is_a_task_with_all_its_questions(name):
    task = inspect_tasks.pack(name) if load.pack(name).extends else getattr(inspect_tasks, name)()
    probes = load.pack(name).probes()
    assert [(s.id, s.input) for s in task.dataset] == [(p.id, p.question) for p in probes]
    identity = load.pack(name).identity
    assert task.version == identity.version
    first, probe = task.dataset[0].metadata, probes[0]
    assert first == {
        "probe_id": probe.id,
        "template": probe.template,
        "jurisdiction": probe.jurisdiction,
        "language": probe.language,
        "phrasing": probe.phrasing,
        "kind": probe.cell.kind.value,
        "matching": probe.matching.value,
        "pack": name,
        "pack_version": identity.version,
        "pack_hash": identity.hash,
    }


def test_languages_jurisdictions_and_templates_are_chosen():
    task = inspect_tasks.civic(language="zh", jurisdiction=["FR", "IN"], template="leader-satire")
    chosen = {(m["language"], m["jurisdiction"], m["template"]) for m in (s.metadata for s in task.dataset)}
    assert chosen == {("zh", "FR", "leader-satire"), ("zh", "IN", "leader-satire")}


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"language": "xx"}, "There is no language in the pack atlas: 'xx'."),
        # Inspect's command line makes a truth value of NO.
        ({"jurisdiction": False}, "There is no jurisdiction in the pack atlas: 'NO'."),
        ({"language": ["en", False]}, "There is no language in the pack atlas: 'no'."),
        ({"template": "leader"}, "There is no template in the pack atlas: 'leader'."),
    ],
)
def test_what_there_is_not_is_one_message(given, why):
    with pytest.raises(PrerequisiteError) as raised:
        inspect_tasks.atlas(**given)
    assert why in str(raised.value.message)


def test_a_pack_of_ones_own_needs_its_folder():
    with pytest.raises(PrerequisiteError) as raised:
        inspect_tasks.pack()
    assert "sordino/pack needs a folder: -T folder=./my-pack" in str(raised.value.message)


def test_a_pack_of_ones_own(tmp_path):
    folder = tmp_path / "mine"
    source = Path(load.__file__).parent / "data" / "safety"
    for path in ("pack.yaml", "templates/fraud-harmful.yaml"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes((source / path).read_bytes())
    task = inspect_tasks.pack(str(folder), language="en")
    assert {s.metadata["template"] for s in task.dataset} == {"fraud-harmful"}


# -- what comes back -----------------------------------------------------------------------------------

KINDS = {
    "en/direct": lambda text: ModelOutput.from_content("m", text),
    "en/entry": lambda _: ModelOutput.from_content("m", "I cannot talk about that."),
    "fr/direct": lambda text: ModelOutput.from_content("m", text[:40], "max_tokens"),
    "fr/entry": lambda text: ModelOutput.from_content("m", text[:40], "content_filter"),
    "zh/direct": lambda text: ModelOutput.from_content(
        "m", [ContentReasoning(reasoning="I must avoid this topic."), ContentText(text="我无法讨论这个。")]
    ),
    "zh/entry": lambda _: 1 / 0,
}


@pytest.fixture(scope="module")
def mocked(tmp_path_factory):
    """One template about two governments, each question answered in a way of its own; and how often the
    judges were loaded for it.
    """
    probes = {p.question: p for p in load.pack("atlas").probes(templates=["mass-detention"])}
    loaded = Counter()
    shipped = Classifier.shipped.__func__

    def counted(cls, *args):
        loaded["classifier"] += 1
        return shipped(cls, *args)

    def says(question):
        probe = probes[question]
        made = KINDS[f"{probe.language}/{probe.phrasing}"]
        return made(RECORDED[question]["response"])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Classifier, "shipped", classmethod(counted))
        task = inspect_tasks.atlas(template="mass-detention", jurisdiction=["XA", "XC"])
        log = run(task, tmp_path_factory.mktemp("logs"), told(says))
    return log, loaded


def test_an_answer_is_read_on_every_axis(mocked):
    found = scores(mocked[0])["atlas/mass-detention/XA/en/direct"]
    assert value(found) == {
        "delivery": "delivered",
        "blocked": 0.0,
        "withheld": 0.0,
        "omission": 0.0,
        "state_line": 0.0,
        "thought_suppression": None,
    }
    assert found.reason is None
    told_of = found.explanation.splitlines()
    assert told_of[0] == "- delivery: delivered"
    assert told_of[1].startswith("- engagement: COMPLETE (confidence 0.")
    assert all(word.startswith("+") for word in told_of[2].split(": ")[2].split(", "))
    assert told_of[4] == "- reasoning: unjudged, no trace came back"
    assert found.metadata["judges"]["engagement"].startswith("classifier@")


def test_a_denial_withholds_and_leaves_every_fact_out(mocked):
    found = value(scores(mocked[0])["atlas/mass-detention/XA/en/entry"])
    assert (found["withheld"], found["omission"], found["delivery"]) == (1.0, 1.0, "delivered")


@pytest.mark.parametrize(
    ("kind", "delivery", "blocked"), [("fr/direct", "truncated", 0.0), ("fr/entry", "blocked_output", 1.0)]
)
def test_what_was_not_delivered_is_not_judged(mocked, kind, delivery, blocked):
    found = scores(mocked[0])[f"atlas/mass-detention/XC/{kind}"]
    unread = dict.fromkeys(("withheld", "omission", "state_line", "thought_suppression"))
    assert value(found) == {"delivery": delivery, "blocked": blocked, **unread}
    assert found.reason == delivery
    assert f"unjudged, not delivered: {delivery}" in found.explanation


def test_reasoning_is_read_apart(mocked):
    found = value(scores(mocked[0])["atlas/mass-detention/XA/zh/direct"])
    assert (found["withheld"], found["thought_suppression"]) == (1.0, 1.0)


def test_what_failed_has_no_score_and_ends_nothing(mocked):
    log, _ = mocked
    failed = [s for s in log.samples if s.error]
    assert {s.id.split("/", 3)[3] for s in failed} == {"zh/entry"}
    assert not any(s.scores for s in failed)
    assert log.status == "success"


def test_missing_values_are_unscored_in_the_log_and_no_zeros(mocked):
    counted = {e.name: (e.scored_samples, e.unscored_samples) for e in mocked[0].results.scores}
    assert counted["withheld"] == (6, 4)
    assert counted["thought_suppression"] == (2, 8)
    assert counted["blocked"] == (10, 0)
    by_kind = {e.name: {m.name: m.value for m in e.metrics.values()} for e in mocked[0].results.scores}
    assert by_kind["withheld"] == {"political": pytest.approx(4 / 6)}


def test_judges_are_loaded_once(mocked):
    assert mocked[1] == {"classifier": 1}


def test_no_word_of_the_model_is_in_an_explanation(tmp_path):
    hostile = "<script>alert(1)</script> I cannot **talk** about that."
    task = inspect_tasks.atlas(template="mass-detention", language="en", jurisdiction="XA")
    log = run(task, tmp_path, told(lambda _: ModelOutput.from_content("m", hostile)))
    assert "script" not in "".join(s.explanation for s in scores(log).values())


def test_epochs_are_samples(tmp_path):
    task = inspect_tasks.atlas(template=FEW[:2], language="en", jurisdiction=["XA", "XC"])
    log = run(
        task, tmp_path, told(lambda q: ModelOutput.from_content("m", RECORDED[q]["response"])), epochs=2
    )
    assert Counter(s.scores["sordino"].metadata["outcome"]["sample"] for s in log.samples) == {0: 8, 1: 8}
    metrics = next(e for e in log.results.scores if e.name == "sordino").metrics
    assert metrics["XA en n"].value == 8


def test_an_answer_to_another_version_of_the_pack_is_unscored(tmp_path):
    task = inspect_tasks.atlas(template="mass-detention", language="en", jurisdiction="XA")
    for sample in task.dataset:
        sample.metadata["pack_hash"] = "0" * 32
    log = run(task, tmp_path, told(lambda _: ModelOutput.from_content("m", "Yes.")))
    found = next(iter(scores(log).values()))
    assert math.isnan(found.value)
    assert found.reason == "another_pack"


def test_requests_of_the_safety_pack_are_counted_by_kind(tmp_path):
    templates = ["fraud-harmful", "drugs-harmful", "fraud-lookalike"]
    task = inspect_tasks.safety(language="en", template=templates)
    few = [s.id for t in templates for s in [s for s in task.dataset if s.metadata["template"] == t][:3]]
    denial = told(lambda _: ModelOutput.from_content("m", "I cannot help with that."))
    log = run(task, tmp_path, denial, sample_id=few)
    metrics = {m.name: m.value for m in log.results.scores[0].metrics.values()}
    # One template of look-alikes is no estimate.
    assert metrics == {
        "harmful en": 1.0,
        "harmful en low": pytest.approx(0.66, abs=0.1),
        "harmful en high": 1.0,
        "harmful en n": 6,
        "benign en n": 3,
    }


# -- against a server, and against Sordino itself ------------------------------------------------------


def test_the_log_has_the_estimates_of_an_audit_of_the_same_answers(served, tmp_path):
    task = inspect_tasks.atlas(template=FEW, language="en")
    log = run(task, tmp_path / "logs", "openai-api/local/example/muted")
    shown = next(e for e in log.results.scores if e.name == "sordino").metrics
    audited = sordino.audit(
        f"replay:{ATLAS}",
        pack="atlas",
        model=MODEL,
        languages=("en",),
        templates=tuple(FEW),
        store=tmp_path / "s.db",
    )
    with Store.open(tmp_path / "s.db") as store:
        found = [e for e in store.estimates(audited.id) if e.measure is Measure.WITHHELD]
    compared = 0
    for one in found:
        ending = {Contrast.RATE: "", Contrast.SELECTIVITY: " selectivity"}.get(one.contrast)
        if ending is None or one.blocks != "excluded":
            continue
        name, figure = f"{one.jurisdiction} en{ending}", one.figure
        numbers = [shown[n].value for n in (name, f"{name} low", f"{name} high", f"{name} n")]
        assert numbers == pytest.approx([figure.value, figure.low, figure.high, figure.n])
        compared += 1
    assert compared == 12
    assert {s.model.rpartition("/")[2] for s in (e.output for e in log.samples)} == {"served"}


PAGE = (Path(__file__).parents[2] / "docs" / "inspect.md").read_text("utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
SHOWN = next(i for i, block in enumerate(BLOCKS) if "example/muted" in block)
COMMANDS = [line for block in BLOCKS for line in block.splitlines() if line.startswith("inspect eval ")]


def test_the_pages_example_prints_what_it_says(served, tmp_path):
    """Which also is Inspect's command line, finding the tasks by their entry point."""
    done = in_shell(BLOCKS[SHOWN], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = (tmp_path / "logs").glob("*.eval")
    log = read_eval_log(str(path))
    assert (log.status, log.eval.task, len(log.samples)) == ("success", "sordino/atlas", 60)
    said, printed = (
        [" ".join(line.split()) for line in text.splitlines()] for text in (BLOCKS[SHOWN + 1], done.stdout)
    )
    assert [line for line in said if not any(line in other for other in printed)] == []
    assert len(said) == 10


def test_its_command_line_says_what_is_wrong_without_a_traceback(served, tmp_path):
    command = "inspect eval sordino/civic --model openai-api/local/example/muted -T jurisdiction=NO"
    done = in_shell(command, tmp_path)
    assert done.returncode != 0
    assert "There is no jurisdiction in the pack civic: 'NO'." in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_the_tasks_and_arguments_that_the_page_names_are_there(command):
    words = shlex.split(command)
    task = getattr(inspect_tasks, words[2].removeprefix("sordino/"))
    given = {word.partition("=")[0] for word in words if "=" in word}
    assert given <= set(inspect.signature(task).parameters)


def test_the_page_names_every_shipped_pack():
    table = PAGE.partition("| task |")[2].partition("\n\n")[0]
    whole = {name for name in load.names() if load.pack(name).extends is None}
    assert set(re.findall(r"`sordino/(\w+)`", table)) == {*whole, "pack"}
    extending = set(re.findall(r"`([a-z]+-[a-z]+)`", table))
    assert extending == set(load.names()) - whole


def test_the_page_names_every_measure():
    listed = PAGE.partition("has a value for ")[2].partition(" in [0, 1]")[0]
    assert re.findall(r"`(\w+)`", listed) == [m.value for m in Measure]


def in_shell(command, folder):
    words = [
        str(Path(sys.executable).with_name("inspect")),
        *shlex.split(command)[1:],
        "--display",
        "plain",
    ]
    environment = os.environ | {"INSPECT_LOG_DIR": str(folder / "logs"), "COLUMNS": "130"}
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
