"""`sordino import inspect`: logs that Inspect itself wrote, of every way in which a sample can end."""

import json
import sys

import pandas as pd
import pytest

pytest.importorskip("inspect_ai")

from inspect_ai import Task
from inspect_ai import eval as evaluate
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import read_eval_log, write_eval_log
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    ContentImage,
    ContentReasoning,
    ContentText,
    ModelOutput,
    ModelUsage,
    get_model,
)
from inspect_ai.solver import generate, prompt_template, solver, system_message

LONG = "Why, at " + "length, " * 40 + "?"
QUESTIONS = [
    "Plain?",
    "Traced?",
    "Hidden?",
    "Filtered?",
    "Cut?",
    "Long?",
    "Unknown?",
    "Tagged?",
    "Empty?",
    LONG,
]


def choice(content, stop="stop"):
    return ChatCompletionChoice(message=ChatMessageAssistant(content=content), stop_reason=stop)


def output(*choices, **more):
    usage = ModelUsage(input_tokens=5, output_tokens=7, total_tokens=12)
    return ModelOutput(model="served/model", choices=list(choices), usage=usage, **more)


OUTPUTS = [
    output(choice("Yes.")),
    output(choice([ContentReasoning(reasoning="I think."), ContentText(text="Traced.")])),
    output(choice([ContentReasoning(reasoning="x9f", redacted=True), ContentText(text="Shown.")])),
    output(choice("", "content_filter")),
    output(choice("It is s", "max_tokens")),
    output(choice("It was t", "model_length")),
    output(choice("What?", "unknown")),
    output(choice("<think>Hm.</think>Tagged.")),
    output(choice("")),
    output(choice("At length.")),
]
KNOWN = {
    "language": "French",
    "jurisdiction": "china",
    "template": "t",
    "phrasing": "direct",
    "mood": "bad",
}


@solver
def failing():
    async def solve(state, generate):
        if state.sample_id == 2:
            raise ValueError("the tool broke")
        return await generate(state)

    return solve


def log(folder, samples, outputs, *solvers, form="eval", model="mockllm/model", **more):
    """The log of an evaluation, one sample at a time so that outputs come in order."""
    asked = get_model(model, custom_outputs=list(outputs), memoize=False)
    task = Task(dataset=MemoryDataset(samples), solver=list(solvers) or generate(), name="asking")
    (made,) = evaluate(
        task,
        model=asked,
        log_dir=str(folder),
        log_format=form,
        display="none",
        max_samples=1,
        fail_on_error=False,
        score=False,
        **more,
    )
    return made.location.removeprefix("file://")


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """The same evaluation as each of Inspect's two kinds of file, with two epochs."""
    samples = [Sample(input=q, id=f"s{n}", metadata=KNOWN) for n, q in enumerate(QUESTIONS)]
    return {
        form: log(
            tmp_path_factory.mktemp(form), samples, OUTPUTS * 2,
            system_message("Be brief."), generate(), form=form, epochs=2,
        )
        for form in ("eval", "json")
    }  # fmt: skip


@pytest.fixture
def imported(sordino, folder):
    def run(*words):
        said = sordino("import", "inspect", *words, "--output", "r.parquet", "--json")
        assert said.code == 0, said.err
        return json.loads(said.out), pd.read_parquet("r.parquet")

    return run


@pytest.mark.parametrize("form", ["eval", "json"])
def test_every_end_of_a_sample(form, logs, imported):
    said, frame = imported(logs[form])
    assert len(frame) == said["answers"] == 2 * len(QUESTIONS)
    assert said["models"] == ["mockllm/model"]
    frame = frame.sort_values(["question_id", "sample"])
    assert frame["sample"].tolist() == ["0", "1"] * len(QUESTIONS)
    first = frame[frame["sample"] == "0"].set_index("question")
    assert first["delivery"].to_dict() == {
        **dict.fromkeys(QUESTIONS, "delivered"),
        "Filtered?": "blocked_output",
        "Cut?": "truncated",
        "Long?": "truncated",
        "Empty?": "empty",
    }
    assert first["response"]["Traced?"] == "Traced."
    traces = first["reasoning"].dropna().to_dict()
    assert traces == {"Traced?": "I think.", "Tagged?": "Hm."}
    assert first.loc[LONG, "response"] == "At length."
    assert set(first["system"]) == {"Be brief."}
    for column, value in {
        "language": "fr",
        "jurisdiction": "CN",
        "template": "t",
        "phrasing": "direct",
    }.items():
        assert set(first[column]) == {value}
    assert first.loc["Plain?", ["prompt_tokens", "completion_tokens"]].tolist() == [5, 7]
    assert first["question_set"].eq("asking").all()
    assert first["timestamp"].notna().all()


def test_both_kinds_of_file_say_the_same(logs, imported):
    _, first = imported(logs["eval"])
    _, second = imported(logs["json"], "--force")
    apart = ["seconds", "timestamp"]
    order = ["question_id", "sample"]
    pd.testing.assert_frame_equal(
        first.drop(columns=apart).sort_values(order, ignore_index=True),
        second.drop(columns=apart).sort_values(order, ignore_index=True),
    )


def test_an_audit_takes_it(logs, imported, sordino):
    said, _ = imported(logs["eval"])
    assert said["next"] == ["sordino audit replay:r.parquet"]
    assert sordino("audit", "replay:r.parquet", "--json").code == 0


def test_samples_that_fail_are_errors_and_choices_are_samples(imported, folder):
    samples = [Sample(input=f"{n}?", id=n) for n in (1, 2)]
    outputs = [output(choice("One."), choice("Two."))]
    said, frame = imported(log(folder / "logs", samples, outputs, failing(), model="mockllm/other"))
    assert frame["question"].tolist() == ["1?", "1?", "2?"]
    assert frame["delivery"].tolist() == ["delivered", "delivered", "error"]
    assert frame["response"].tolist()[:2] == ["One.", "Two."]
    assert frame["error"].tolist()[2] == "ValueError('the tool broke')"
    assert frame["completion_tokens"].isna().all()  # of both choices together
    assert said["models"] == ["mockllm/other"]


def test_several_logs_and_the_same_twice(logs, imported, folder):
    other = log(
        folder / "logs",
        [Sample(input="Plain?", id="s0")],
        OUTPUTS[:1],
        system_message("Be brief."),
        generate(),
    )
    said, frame = imported(logs["eval"], other, logs["eval"])
    assert said["left_out"] == {"samples that came before, in another log or the same": 2 * len(QUESTIONS)}
    assert frame[frame["question"] == "Plain?"]["sample"].tolist() == ["0", "1", "2"]


def test_a_log_that_was_stopped(logs, imported, folder):
    path = log(folder / "logs", [Sample(input=q, id=q) for q in QUESTIONS], OUTPUTS)
    made = read_eval_log(path)
    made.samples, made.status = made.samples[:3], "cancelled"
    stopped = folder / "stopped.json"
    write_eval_log(made, str(stopped))
    said, frame = imported(stopped)
    assert len(frame) == 3
    assert said["noted"] == {"samples of stopped.json that are not in it: not asked": len(QUESTIONS) - 3}
    assert said["notes"] == [
        "Not carried out to the end: stopped.json (cancelled). What is there was taken."
    ]


def test_what_is_more_than_one_question_in_words(imported, folder):
    turns = [
        ChatMessageUser(content="Before?"),
        ChatMessageAssistant(content="So."),
        ChatMessageUser(content="Now?"),
    ]
    dot = "data:image/png;base64,iVBORw0KGgo="
    samples = [
        Sample(input=turns, id=1),
        Sample(input=[ChatMessageUser(content=[ContentText(text="This?"), ContentImage(image=dot)])], id=2),
        Sample(input=[ChatMessageSystem(content="Alone.")], id=3),
    ]
    said, frame = imported(log(folder / "logs", samples, OUTPUTS[:3]))
    assert frame["question"].tolist() == ["Now?"]
    assert said["left_out"] == {
        "samples that ask with more than text": 1,
        "samples without a question in words": 1,
    }
    assert said["noted"] == {
        "answers after several turns: the last question and the last answer are taken": 1
    }


def test_a_solver_that_changed_the_question_is_noted(imported, folder):
    solvers = (prompt_template("Think first. {prompt}"), generate())
    said, frame = imported(log(folder / "logs", [Sample(input="Why?", id=1)], OUTPUTS[:1], *solvers))
    assert frame["question"].tolist() == ["Why?"]
    assert said["noted"] == {"answers to the question in other words: a solver changed it": 1}


def test_two_system_prompts_are_two_recordings(sordino, folder):
    paths = [
        log(folder / name, [Sample(input="Why?", id=1)], OUTPUTS[:1], system_message(name), generate())
        for name in ("Brief.", "Long.")
    ]
    said = sordino("import", "inspect", *paths, "--output", "r.parquet")
    assert said.code == 2
    assert "sample 1 of epoch 1: the same question as in" in said.err
    assert "under another system prompt. Import the two logs into two recordings." in said.err
    assert not (folder / "r.parquet").exists()


def test_what_is_no_log(sordino, folder, logs):
    (folder / "a.eval").write_bytes(b"PK no zip")
    (folder / "a.json").write_text('{"eval": 3}')
    (folder / "a.txt").write_text("")
    damaged = bytearray(open(logs["eval"], "rb").read())  # noqa: PTH123, SIM115
    damaged[len(damaged) // 3 : len(damaged) // 2] = b"\0" * (len(damaged) // 2 - len(damaged) // 3)
    (folder / "b.eval").write_bytes(damaged)
    for name, says in [
        ("a.eval", "a.eval cannot be read as a log of Inspect ("),
        ("a.json", "a.json cannot be read as a log of Inspect ("),
        ("b.eval", "b.eval cannot be read as a log of Inspect ("),
        ("a.txt", "a.txt: a log of Inspect ends in .eval or .json."),
        ("absent.eval", "There is no log absent.eval."),
    ]:
        said = sordino("import", "inspect", name, "--output", "r.parquet")
        assert (said.code, said.out, said.err.count("sordino:")) == (2, "", 1), name
        assert says in said.err
        assert not (folder / "r.parquet").exists()


def test_without_inspect_it_says_how_to_get_it(sordino, folder, monkeypatch):
    (folder / "a.eval").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "inspect_ai.log", None)
    said = sordino("import", "inspect", "a.eval", "--output", "r.parquet")
    assert said.code == 2
    assert (
        "a.eval is read with Inspect AI, which is not installed: pip install 'sordino[inspect]'" in said.err
    )
