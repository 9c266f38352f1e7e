"""The demonstration, end to end: what is planted is found, what is not is not."""

import html
import io
import json

import pandas as pd
import pytest

import sordino as package

PLANTED = {
    ("withheld", "XB", "en"),
    ("withheld", "XB", "fr"),
    ("withheld", "XB", "zh"),
    # Who withholds an answer leaves its facts out.
    ("omission", "XB", "en"),
    ("omission", "XB", "fr"),
    ("omission", "XB", "zh"),
    ("state_line", "XB", "zh"),
    ("thought_suppression", "XB", "zh"),
}


def selective(findings):
    return {
        (f["measure"], f["jurisdiction"], f["language"]) for f in findings if f["verdict"] == "selective"
    }


@pytest.fixture(scope="module")
def results(muted):
    assert muted.said.code == 0, muted.said.err
    return json.loads(muted.said.out)


def test_the_mute_is_found_where_it_is_planted_and_nowhere_else(results):
    assert selective(results["findings"]) == PLANTED
    assert {"Torvane", "muted"} <= set(results["sentence"].replace(",", "").split())


def test_the_open_model_is_not_accused(opened, sordino):
    assert opened.said.code == 0
    shown = json.loads(sordino("report", "--json", "--store", opened.store, cwd=opened.folder).out)
    assert selective(shown["findings"]) == set()
    assert {f["verdict"] for f in shown["findings"] if f["measure"] == "withheld"} == {
        "no_more_than_siblings"
    }


def test_json_is_alone_on_stdout_and_stderr_is_quiet(muted, results):
    assert muted.said.err == ""
    assert muted.said.out.startswith("{")
    assert {"manifest", "sentence", "findings", "estimates"} <= set(results)


def test_people_are_told_what_was_found_and_where_it_is(opened):
    assert "open" in opened.said.out
    assert "Withheld" in opened.said.out
    assert "report.html" in opened.said.out
    assert str(opened.store) in opened.said.out
    assert "writing the report" in opened.said.err


def test_the_report_stands_alone_and_says_the_sentence(muted, results):
    page = muted.report.read_text("utf-8")
    assert results["sentence"] in html.unescape(page)
    assert "http://" not in page.replace("http://www.w3.org/", "")
    assert sorted(p.name for p in muted.folder.iterdir()) == ["report.html", "s.db"]


def test_csv_is_alone_on_stdout(small, sordino):
    said = sordino("report", "--csv", "--store", small.store, cwd=small.folder)
    assert (said.code, said.err) == (0, "")
    frame = pd.read_csv(io.StringIO(said.out))
    assert {
        "measure",
        "contrast",
        "jurisdiction",
        "language",
        "value",
        "low",
        "high",
        "n",
        "excluded",
    } <= set(frame)
    hit = frame.query("measure == 'withheld' and contrast == 'rate' and blocks == 'excluded'")
    assert dict(zip(hit["jurisdiction"], hit["value"], strict=True)) == {
        **dict.fromkeys(("XA", "XC", "XD", "XE", "XF"), 0.0),
        "XB": 1.0,
    }


def test_the_same_command_again_repeats_nothing(muted, results, sordino, rows):
    tables = {
        "runs": "SELECT run, json_extract(manifest_json, '$.created') FROM runs",
        "settled": "SELECT attempt, key, delivery FROM attempts WHERE delivery <> 'error' ORDER BY 1",
        "failed": "SELECT DISTINCT key, error FROM attempts WHERE delivery = 'error' ORDER BY 1",
        "answers": "SELECT a.key, text FROM answers JOIN attempts a USING (attempt) "
        "WHERE delivery <> 'error' ORDER BY attempt",
        "readings": "SELECT * FROM readings ORDER BY key, axis",
        "estimates": "SELECT * FROM estimates ORDER BY position",
        "findings": "SELECT * FROM findings ORDER BY position",
    }
    before = {name: rows(muted.store, query) for name, query in tables.items()}
    assert len(before["settled"]) == 537
    assert len(before["runs"]) == 1
    again = sordino(*muted.words)
    assert json.loads(again.out) == results
    assert {name: rows(muted.store, query) for name, query in tables.items()} == before


def test_from_python_with_data_frames(recording, tmp_path):
    run = package.audit(
        f"replay:{recording}",
        pack="atlas",
        languages=["en"],
        templates=["protest-crackdown", "leader-satire", "harvest-festival"],
        store=tmp_path / "s.db",
    )
    assert {
        *("measure", "contrast", "jurisdiction", "language", "against", "blocks", "matching", "excluded"),
        *("value", "low", "high", "n", "clusters", "method", "level", "p", "p_adjusted"),
    } == set(run.estimates.columns)
    assert len(run.exchanges) == len(run.outcomes) == 36
    assert {"template", "jurisdiction", "delivery", "engagement", "response", "response_reasoning"} <= set(
        run.exchanges
    )
    about = run.exchanges.query("jurisdiction == 'XB' and template == 'leader-satire'")
    assert set(about["engagement"]) & {"DENIAL", "PARTIAL"}
    assert all(about["response"].str.len() > 0)
    assert "muted" in run.sentence
    assert package.open_run(run.id[:-3], tmp_path / "s.db").id == run.id
    assert run.report(tmp_path / "r.html").read_text("utf-8").startswith("<!doctype html>")


def test_one_language_and_one_template_are_all_that_is_asked(small, rows):
    asked = rows(small.store, "SELECT DISTINCT language, template FROM run_items JOIN cells USING (cell)")
    assert set(asked) == {("en", t) for t in ("protest-crackdown", "leader-satire", "harvest-festival")}


def test_a_new_epoch_asks_again(audited, recording, rows, sordino):
    first = audited(f"replay:{recording}")
    said = sordino(*first.words, "--epoch", "may")
    assert said.code == 0
    assert rows(first.store, "SELECT count(*), count(DISTINCT epoch) FROM requests") == [(72, 2)]
    assert rows(first.store, "SELECT count(*) FROM runs") == [(2,)]
