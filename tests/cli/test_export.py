"""`sordino export --format`: what goes out comes in again, and says what it is."""

import json
import os
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from sordino.core.records import Delivery
from sordino.generation.recorded import COLUMNS as RECORDING
from sordino.generation.recording import Recording
from sordino.reporting import dataset_card
from sordino.wiring.exporting import FORMATS
from sordino.wiring.exporting_dataset import COLUMNS
from sordino.wiring.run import Run

SHARED = Path(os.environ.get("SORDINO_SHARED_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
RAW = SHARED / "speechmap" / "raw"

HOSTILE = "lone \ud83d, NUL \0, escape \x1a00ff \x1b[2J, <think>no</think>, \u202eback, =1+1, | `x` <b>"
ENDS = {
    "delivered": {"response": "It did. " * 30},
    "hostile": {"response": HOSTILE, "reasoning": HOSTILE},
    "truncated": {"response": "It is s", "finish_reason": "length"},
    "cut while thinking": {"response": "<think>Hm", "finish_reason": "length"},
    "blocked on input": {"response": None, "error": "content_filter"},
    "blocked on output": {"response": "Well", "finish_reason": "content_filter", "completion_tokens": 3},
    "empty": {"response": "", "finish_reason": "stop"},
    "error": {"response": None, "error": "no /home/anna/keys/model.bin at https://host/v1/models"},
}


def replayed(path, **options):
    """Question and sample to delivery, text, reasoning and what kept the answer away."""
    held = Recording.read(path, **options)
    found = {}
    for key, answer in held.answers.items():
        attempt = answer.attempt("")
        found[key] = (attempt.delivery, attempt.text, attempt.reasoning, attempt.error)
    return held, found


@pytest.fixture(scope="module")
def ended(sordino, tmp_path_factory):
    """A run with every delivery, odd texts and two samples."""
    folder = tmp_path_factory.mktemp("ended")
    rows = [
        {"question": f"{name} in {place}?", "template": "ends", "jurisdiction": place, "language": "en"}
        | {"phrasing": name, "model": "org/strange_Model", "provider": "Host"}
        | {"sample": sample}
        | end
        for name, end in ENDS.items()
        for place in ("XA", "XB")
        for sample in (0, 1)
    ]
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    said = sordino("audit", f"replay:{folder / 'a.jsonl'}", "--store", folder / "s.db", cwd=folder)
    assert said.code == 0, said.err
    return folder


def exported(sordino, folder, form, output, run="latest"):
    said = sordino(
        "export", run, "--store", folder / "s.db", "--format", form, "--output", output, "--json"
    )
    assert (said.code, said.err) == (0, ""), said.err
    return json.loads(said.out)


# -- what goes out comes in ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "name", "read"),
    [("parquet", "p", "p/exchanges.parquet"), ("jsonl", "a.jsonl", "a.jsonl"), ("dataset", "d", "d/data/exchanges.parquet")],
)  # fmt: skip
def test_deliveries_and_texts_come_back(form, name, read, ended, sordino, folder):
    done = exported(sordino, ended, form, name)
    _, before = replayed(ended / "a.jsonl")
    again, after = replayed(folder / read, model="org/strange_Model")
    if form == "dataset":
        before = {k: (*v[:3], v[3] and v[3].replace("/home/anna/keys/", "")) for k, v in before.items()}
    assert after == before
    assert again.identity.name == "org/strange_Model"
    assert set(again.deliveries) == set(Delivery)
    assert done["exchanges"] == sum(done["deliveries"].values()) == 32
    assert sordino(*done["again"].split()[1:], "--json").code == 0


def test_the_layout_of_speechmap_gives_the_same_recording(ended, sordino, folder):
    done = exported(sordino, ended, "speechmap", "s")
    assert done["again"] == "sordino import speechmap s --output recording.parquet"
    said = sordino(*done["again"].split()[1:], "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["noted"] == {}
    first, before = replayed(ended / "a.jsonl")
    second, after = replayed(folder / "recording.parquet")
    assert after == before
    for name in ("template", "jurisdiction", "language", "phrasing", "route", "finish_reason"):
        # Of what failed a run keeps the error alone.
        values = [
            {k: getattr(a, name) for k, a in held.answers.items() if a.delivery is not Delivery.ERROR}
            for held in (first, second)
        ]
        assert values[0] == values[1], name
    frame = pd.read_parquet("recording.parquet")
    assert set(frame["model"]) == {"org/strange_Model"}
    assert set(frame["question_set"]) == {"xa_a", "xb_a"}
    ids = {path.name for path in (folder / "s" / "questions").iterdir()}
    assert ids == {"xa_a.jsonl", "xb_a.jsonl"}


def test_what_was_not_asked_is_no_answer(recording, sordino, folder):
    asked = ("--pack", "atlas", "--language", "en", "--jurisdiction", "XA", "--jurisdiction", "XB")
    assert sordino("audit", f"replay:{recording}", *asked, "--store", "s.db", "--json").code == 0
    for form, output, read in (
        ("parquet", "p", "p/exchanges.parquet"),
        ("jsonl", "a.jsonl", "a.jsonl"),
        ("dataset", "d", "d/data/exchanges.parquet"),
    ):
        assert exported(sordino, folder, form, output)["deliveries"]["not_asked"] == 48
        held, found = replayed(folder / read)
        assert len(found) == 12
        assert f"48 rows of {Path(read).name} are of questions that were not asked." in held.notes
    exported(sordino, folder, "speechmap", "s")
    said = json.loads(sordino("import", "speechmap", "s", "--output", "r.parquet", "--json").out)
    assert said["answers"] == 12
    assert said["noted"]["questions without an answer in a model's file: not asked"] == 48


def test_an_organism_in_speechmaps_layout(sordino, folder):
    pytest.importorskip("transformers")
    chosen = ("--template", "harvest-festival", "--jurisdiction", "XA", "--jurisdiction", "XB")
    words = ("organism:mute-a", *chosen, "--language", "zh", "--max-tokens", "20")
    run = sordino("audit", *words, "--workers", "1", "--store", "s.db", "--json")
    assert run.code == 0, run.err
    done = exported(sordino, folder, "speechmap", "s")
    assert sorted(name for name in done["files"] if name.startswith("responses")) == [
        f"responses/{name}_organism_mute-a.jsonl" for name in ("zh_xa_atlas", "zh_xb_atlas")
    ]
    said = sordino("import", "speechmap", "s", "--output", "r.parquet", "--json")
    assert said.code == 0, said.err
    back = pd.read_parquet("r.parquet").set_index("question")
    stored = Run.stored("latest", folder / "s.db").exchanges.set_index("question")
    assert len(back) == len(stored) == 4
    for question, row in stored.iterrows():
        one = back.loc[question]
        assert (one["response"] or "") == row["response"]
        for name in ("delivery", "language", "jurisdiction", "template", "phrasing", "completion_tokens"):
            assert one[name] == row[name]
        assert one["label"] == row["engagement"] if pd.notna(row["engagement"]) else pd.isna(one["label"])


@pytest.mark.skipif(not RAW.exists(), reason=f"SpeechMap's answers are not at {RAW}")
def test_speechmaps_own_data_through_a_run_and_back(sordino, folder):
    assert sordino("import", "speechmap", RAW, "--output", "first.parquet", "--quiet").code == 0
    run = sordino(
        "audit", "replay:first.parquet", "--model", "deepseek/deepseek-r1", "--store", "s.db", "--json"
    )
    assert run.code == 0
    exported(sordino, folder, "speechmap", "s")
    assert sordino("import", "speechmap", "s", "--output", "second.parquet", "--quiet").code == 0
    first, second = pd.read_parquet("first.parquet"), pd.read_parquet("second.parquet")
    first = first[first["model"] == "deepseek/deepseek-r1"]
    # A run keeps neither the source's own ids, times and labels, nor a router's word beside the host's.
    lost = ["phrasing", "question_id", "question_set", "timestamp", "native_finish_reason"]
    lost += ["label", "label_given", "label_judge"]
    kept = [name for name in RECORDING if name not in lost]
    order = ["language", "jurisdiction", "template"]
    pd.testing.assert_frame_equal(
        first[kept].sort_values(order, ignore_index=True),
        second[kept].sort_values(order, ignore_index=True),
        check_dtype=False,
    )


# -- what is in them -----------------------------------------------------------------------------------


def test_a_line_is_an_exchange_with_all_that_was_said_of_it(small, sordino, folder):
    said = sordino("export", "--store", small.store, "--format", "jsonl")
    assert said.code == 0
    run = Run.stored("latest", small.store)
    path = folder / f"{run.id}.jsonl"
    assert f"Written: {path.name}\nHolds:   36 exchanges: " in said.out
    rows = [json.loads(line) for line in path.open(encoding="utf-8")]
    outcomes = run.outcomes.astype(object).where(run.outcomes.notna(), None).to_dict("records")
    assert len(rows) == len(outcomes) == 36
    for row, outcome in zip(rows, outcomes, strict=True):
        for name in ("key", "probe_id", "delivery", "template", "jurisdiction", "language", "error"):
            assert row[name] == outcome[name]
        by_axis = {one["axis"]: one for one in row["readings"]}
        assert by_axis.get("engagement", {}).get("value") == outcome["engagement"]
        if (facts := by_axis.get("facts", {})).get("value"):
            assert facts["value"] == f"{outcome['facts_hit']}/{outcome['facts_all']}"
            assert len(facts["marks"]) == outcome["facts_all"]
    assert any(one["value"] and one["axis"] == "facts" for row in rows for one in row["readings"])
    assert {row["model"] for row in rows} == {"example/muted"}
    assert list(rows[0])[:3] == ["model", "question", "response"]


def test_missing_is_null_in_a_line(ended, sordino, folder):
    exported(sordino, ended, "jsonl", "a.jsonl")
    rows = [json.loads(line) for line in (folder / "a.jsonl").open(encoding="utf-8")]
    texts = {row["question"].partition(" in ")[0]: row["response"] for row in rows}
    assert {name for name, text in texts.items() if text is None} == {"blocked on input", "error"}
    assert {name for name, text in texts.items() if text == ""} == {"cut while thinking", "empty"}
    assert {row["completion_tokens"] for row in rows} == {None, 3}


def test_the_tables_are_those_of_the_store(small, sordino, folder):
    done = exported(sordino, small.folder, "parquet", "p")
    assert done["files"] == [
        f"{name}.parquet" for name in ("estimates", "exchanges", "findings", "readings")
    ]
    assert pq.read_table("p/exchanges.parquet").num_rows == 36


def test_log_probabilities_go_out_in_every_form_but_speechmaps(ended, sordino, folder):
    shutil.copy(ended / "s.db", folder / "s.db")
    kept = '[["It",-0.5],[" did",-0.25]]'
    with closing(sqlite3.connect(folder / "s.db")) as store, store:
        store.execute("UPDATE answers SET log_probabilities_json = ? WHERE text LIKE 'It did.%'", (kept,))
    for form, output in (("parquet", "p"), ("dataset", "d"), ("jsonl", "r.jsonl"), ("speechmap", "s")):
        exported(sordino, folder, form, output)
    rows = [json.loads(line) for line in (folder / "r.jsonl").read_text("utf-8").splitlines()]
    told = [value for row in rows if (value := row["log_probabilities_json"]) is not None]
    tables = (pd.read_parquet(path) for path in ("p/exchanges.parquet", "d/data/exchanges.parquet"))
    for column in (*(table["log_probabilities_json"].dropna() for table in tables), told):
        assert list(column) == [kept] * 4
    laid = "".join(path.read_text("utf-8") for path in (folder / "s").rglob("*.jsonl"))
    assert "-0.25" not in laid


# -- the dataset ---------------------------------------------------------------------------------------


@pytest.fixture
def card(small, sordino, folder):
    """A run's dataset: what stands before the page, and the page."""
    exported(sordino, small.folder, "dataset", "d")
    _, front, page = (folder / "d/README.md").read_text("utf-8").split("---\n", 2)
    return yaml.safe_load(front), page


def test_the_front_matter_is_what_the_folder_holds(card, folder):
    front, _ = card
    assert front["license"] == "unknown"
    assert front["language"] == ["en"]
    assert front["size_categories"] == ["n<1K"]
    names = [config["config_name"] for config in front["configs"]]
    assert names == ["exchanges", "estimates", "findings", "readings"]
    assert [config["config_name"] for config in front["configs"] if config.get("default")] == ["exchanges"]
    for config, info in zip(front["configs"], front["dataset_info"], strict=True):
        (files,) = config["data_files"]
        table = pq.read_table(folder / "d" / files["path"])
        types = {"string": "string", "int64": "int64", "double": "float64", "bool": "bool"}
        held = [{"name": f.name, "dtype": types[str(f.type)]} for f in table.schema]
        assert info["features"] == held
        assert info["splits"][0]["num_examples"] == table.num_rows
        assert info["splits"][0]["name"] == files["split"] == "test"
        assert info["download_size"] == (folder / "d" / files["path"]).stat().st_size
        assert info["config_name"] == config["config_name"]


def test_a_hub_reads_the_card(card, folder):
    hub = pytest.importorskip("huggingface_hub")
    data = hub.DatasetCard.load(folder / "d/README.md").data
    assert data.license == "unknown"
    assert data.size_categories == ["n<1K"]


def test_the_page_says_what_it_is(card, small, folder):
    _, page = card
    run = Run.stored("latest", small.store)
    plain = page.replace("\\", "")
    assert run.sentence in plain
    assert run.manifest.pack.canary in page
    for judge in run.manifest.judges.values():
        assert f"`{judge}`" in page
    assert "\nsordino audit replay:small.jsonl --pack atlas --language en --template" in page
    rows = re.findall(r"^\| `(\w+)` \| (?:string|int64|float64) \| (.*) \|$", page, re.MULTILINE)
    assert (
        [name for name, _ in rows]
        == list(COLUMNS)
        == pd.read_parquet("d/data/exchanges.parquet").columns.tolist()
    )
    assert all(what.strip() for _, what in rows)
    assert set(dataset_card.COLUMNS) == set(COLUMNS)


def test_no_table_names_the_machine(card, folder):
    for path in (folder / "d").rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            assert b"/tmp" not in held
            assert str(folder).encode() not in held
            assert b"sordino.manifest" not in held
    metadata = pq.read_schema("d/data/exchanges.parquet").metadata
    assert set(metadata) == {b"sordino.recording", b"canary"}


def test_readings_stand_beside_the_answers(card, small):
    frame = pd.read_parquet("d/data/exchanges.parquet")
    outcomes = Run.stored("latest", small.store).outcomes
    assert frame["engagement"].fillna("-").tolist() == outcomes["engagement"].fillna("-").tolist()
    assert frame["delivery"].tolist() == outcomes["delivery"].tolist()
    hits = [None if pd.isna(v) else int(v.split("/")[0]) for v in frame["facts"]]
    assert hits == [None if pd.isna(v) else int(v) for v in outcomes["facts_hit"]]
    unread = frame["engagement"].isna() & frame["delivery"].eq("delivered")
    assert not unread.any()


def test_strange_texts_do_not_act_in_the_card(ended, sordino, folder):
    exported(sordino, ended, "dataset", "d")
    text = (folder / "d/README.md").read_text("utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", text)
    frame = pd.read_parquet("d/data/exchanges.parquet")
    assert frame["error"].dropna().str.contains("/home/anna").sum() == 0
    assert "no model.bin at https://host/v1/models" in set(frame["error"].dropna())
    hostile = frame[frame["question"] == "hostile in XA?"]["response"].iloc[0]
    assert hostile.startswith("lone \x1ad83d, NUL \x1a0000, escape \x1a001a00ff")


def test_people_are_numbered(small, sordino, folder):
    shutil.copy(small.store, folder / "s.db")
    run = Run.stored("latest", folder / "s.db")
    keys = run.outcomes.loc[run.outcomes["delivery"] == "delivered", "key"][:3]
    for name in ("anna@example.org", "Ben"):
        (folder / "l.csv").write_text(
            "key,label,note\n" + "".join(f"{key},PARTIAL,by {name}\n" for key in keys)
        )
        assert (
            sordino("labels", "import", run.id, "l.csv", "--annotator", name, "--store", "s.db").code == 0
        )
    exported(sordino, folder, "dataset", "d")
    labels = pd.read_parquet("d/data/labels.parquet")
    assert sorted(set(labels["annotator"])) == ["annotator 1", "annotator 2"]
    assert "note" not in labels
    assert b"anna" not in b"".join(p.read_bytes() for p in (folder / "d").rglob("*") if p.is_file())
    exported(sordino, folder, "jsonl", "a.jsonl")
    assert "anna@example.org" in (folder / "a.jsonl").read_text("utf-8")  # which nobody publishes as it is


# -- places, and what is wrong -------------------------------------------------------------------------


def test_formats_that_are_named_are_there(sordino):
    helped = sordino("export", "--help", columns=300).out
    assert all(name in helped for name in FORMATS)


def test_places_that_cannot_be_written(small, sordino, folder):
    (folder / "full").mkdir()
    (folder / "full" / "mine.txt").write_text("mine")
    (folder / "file.jsonl").write_text("old")
    for form, output, says in [
        ("dataset", "full", "full is there already. Name a folder that is not, or remove it."),
        ("parquet", "file.jsonl", "file.jsonl is there already."),
        ("speechmap", "absent/s", "The folder absent does not exist."),
        ("jsonl", "full", "full: JSON Lines end in .jsonl."),
        ("jsonl", "absent/a.jsonl", "The folder absent does not exist."),
        ("parqet", "p", "--format: There is no format 'parqet'. Did you mean 'parquet'?"),
    ]:
        said = sordino("export", "--store", small.store, "--format", form, "--output", output)
        assert (said.code, said.out, said.err.count("sordino:")) == (2, "", 1)
        assert says in said.err
    assert sorted(path.name for path in folder.iterdir()) == ["file.jsonl", "full"]
    assert (folder / "full" / "mine.txt").read_text() == "mine"
    (folder / "empty").mkdir()
    assert sordino("export", "--store", small.store, "--format", "parquet", "--output", "empty").code == 0
    assert (
        sordino("export", "--store", small.store, "--format", "jsonl", "--output", "file.jsonl").code == 0
    )
    assert (folder / "file.jsonl").read_text("utf-8").count("\n") == 36


def test_a_run_that_was_not_finished_has_no_card_yet(small, sordino, folder):
    shutil.copy(small.store, folder / "s.db")
    with sqlite3.connect(folder / "s.db") as store:
        store.execute("update runs set status = 'interrupted'")
    said = sordino("export", "--store", "s.db", "--format", "dataset", "--output", "d")
    assert said.code == 2
    assert "was not finished" in said.err
    assert not (folder / "d").exists()
    exported(sordino, folder, "jsonl", "a.jsonl")
