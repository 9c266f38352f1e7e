"""Evidence bundles: `verify` says ok of what `export` wrote, and of nothing that somebody changed."""

import hashlib
import io
import json
import shutil
import zipfile

import pandas as pd
import pytest

from sordino.wiring.bundle import HASHES
from sordino.wiring.run import Run


@pytest.fixture(scope="module")
def bundle(small, sordino):
    path = small.folder / "b.zip"
    said = sordino("export", "--store", small.store, "--out", path)
    assert (said.code, said.err) == (0, "")
    return path


@pytest.fixture
def members(bundle):
    """What the bundle holds, to be changed."""
    with zipfile.ZipFile(bundle) as held:
        return {name: held.read(name) for name in held.namelist()}


def packed(folder, members):
    path = folder / "changed.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in members.items():
            bundle.writestr(name, content)
    return path


def hashed(members):
    """With a list of hashes that fits again, as a forger would leave it."""
    lines = [f"{hashlib.sha256(held).hexdigest()}  {n}\n" for n, held in members.items() if n != HASHES]
    return members | {HASHES: "".join(sorted(lines, key=lambda line: line[66:])).encode()}


def table(content):
    return pd.read_parquet(io.BytesIO(content))


def parquet(frame):
    target = io.BytesIO()
    frame.to_parquet(target, index=False)
    return target.getvalue()


def failed(sordino, path):
    """The exit code, and the checks that failed."""
    said = sordino("verify", path, "--json")
    return said.code, [c["check"] for c in json.loads(said.out) if not c["ok"]]


HASH, KEY = "every file has its hash", "every request has the key of its content"
FIGURE = "every figure, every finding and the sentence follow from the outcomes"
OUTCOME = "every outcome follows from its exchange and its readings"


def test_an_untouched_bundle_verifies(bundle, sordino):
    said = sordino("verify", bundle)
    assert (said.code, said.err) == (0, "")
    assert "36 requests computed again" in said.out
    assert "of report.html nothing else is checked" in said.out
    assert "FAIL" not in said.out
    assert failed(sordino, bundle) == (0, [])


def test_the_same_run_makes_the_same_bytes_and_the_root_is_told(small, bundle, sordino, folder, members):
    said = sordino("export", "latest", "--store", small.store, "--out", "again.zip")
    assert (folder / "again.zip").read_bytes() == bundle.read_bytes()
    root = hashlib.sha256(members[HASHES]).hexdigest()
    assert root in said.out
    assert root in sordino("verify", bundle).out


def test_a_bundle_holds_what_was_said_and_the_report(members, small):
    assert members["report.html"].decode() == small.report.read_text("utf-8")
    exchanges = table(members["exchanges.parquet"])
    assert len(exchanges) == 36
    assert exchanges["text"].str.len().gt(0).sum() == 35
    assert "sentence" in json.loads(members["results.json"])


@pytest.fixture
def labelled(small, sordino, folder):
    """What the bundle of a run holds of which all answers have a label."""
    shutil.copy(small.store, folder / "s.db")
    run = Run.stored("latest", folder / "s.db")
    keys = run.outcomes.loc[run.outcomes["delivery"] == "delivered", "key"]
    (folder / "l.csv").write_text("key,label\n" + "".join(f"{key},PARTIAL\n" for key in keys))
    said = sordino("labels", "import", run.id, "l.csv", "--annotator", "anna", "--store", "s.db")
    assert said.code == 0, said.err
    assert sordino("export", "--store", "s.db", "--out", "l.zip").code == 0
    with zipfile.ZipFile(folder / "l.zip") as held:
        return {name: held.read(name) for name in held.namelist()}


def test_corrected_rates_are_computed_again(labelled, sordino, folder):
    assert failed(sordino, folder / "l.zip") == (0, [])
    assert "and corrected rates" in sordino("verify", "l.zip").out
    results = json.loads(labelled["results.json"])
    results["corrected"]["rates"][0]["corrected"]["value"] = 0.0
    forged = {"results.json": json.dumps(results).encode()}
    assert failed(sordino, packed(folder, hashed(labelled | forged))) == (1, [FIGURE])
    assert "the corrected rates of results.json" in sordino("verify", "changed.zip").out
    unlabelled = {name: held for name, held in labelled.items() if name != "labels.parquet"}
    assert failed(sordino, packed(folder, hashed(unlabelled))) == (1, [FIGURE])
    drawn_elsewhere = parquet(table(labelled["labels.parquet"]).assign(run="another"))
    path = packed(folder, hashed(labelled | {"labels.parquet": drawn_elsewhere}))
    assert failed(sordino, path) == (0, [])
    assert (
        "corrected rates are not checked, for labels were drawn for other runs"
        in sordino("verify", path).out
    )


def test_a_changed_byte(members, sordino, folder):
    report = bytearray(members["report.html"])
    report[len(report) // 2] ^= 1
    assert failed(sordino, packed(folder, members | {"report.html": bytes(report)})) == (1, [HASH])
    assert "changed, missing or added: report.html" in sordino("verify", "changed.zip").out


def test_a_byte_flipped_in_the_file_itself(bundle, sordino, folder):
    content = bytearray(bundle.read_bytes())
    content[len(content) // 3] ^= 0xFF
    (folder / "b.zip").write_bytes(content)
    said = sordino("verify", "b.zip")
    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert "'b.zip' is no evidence bundle, or a damaged one" in said.err


def test_a_member_more_or_less(members, sordino, folder):
    assert failed(sordino, packed(folder, members | {"more.txt": b"!"})) == (1, [HASH])
    unread = {n: c for n, c in members.items() if n != "readings.parquet"}
    assert failed(sordino, packed(folder, unread)) == (1, [HASH, OUTCOME])
    less = {n: c for n, c in members.items() if n != "outcomes.parquet"}
    assert failed(sordino, packed(folder, hashed(less))) == (1, [OUTCOME, FIGURE])
    assert "there is no outcomes.parquet" in sordino("verify", "changed.zip").out


def test_names_in_a_bundle_do_not_act(members, sordino, folder):
    said = sordino("verify", packed(folder, members | {"\x1b[2J.txt": b"!"}))
    assert said.code == 1
    assert "\x1b" not in said.out


def edited_results(members):
    results = json.loads(members["results.json"])
    one = next(e for e in results["estimates"] if e["jurisdiction"] == "XB" and e["figure"]["value"] == 1.0)
    one["figure"]["value"] = 0.1
    return {"results.json": json.dumps(results).encode()}


def edited_finding(members):
    results = json.loads(members["results.json"])
    one = next(f for f in results["findings"] if f["measure"] == "withheld" and f["jurisdiction"] == "XA")
    one["verdict"] = "selective"
    return {"results.json": json.dumps(results).encode()}


def edited_sentence(members):
    results = json.loads(members["results.json"])
    return {"results.json": json.dumps(results | {"sentence": "muted withholds nothing."}).encode()}


def edited_estimates(members):
    frame = table(members["estimates.parquet"])
    frame.loc[0, "high"] += 0.01
    return {"estimates.parquet": parquet(frame)}


def dropped_estimate(members):
    return {"estimates.parquet": parquet(table(members["estimates.parquet"])[1:])}


def edited_conclusions(members):
    frame = table(members["findings.parquet"])
    frame.loc[0, "verdict"] = "selective"
    return {"findings.parquet": parquet(frame)}


def edited_outcomes(members):
    frame = table(members["outcomes.parquet"])
    frame.loc[frame["jurisdiction"] == "XA", "engagement"] = "DENIAL"
    return {"outcomes.parquet": parquet(frame)}


@pytest.mark.parametrize(
    "edit",
    [
        edited_results,
        edited_finding,
        edited_sentence,
        edited_estimates,
        dropped_estimate,
        edited_conclusions,
    ],
)
def test_figures_that_do_not_follow_are_found_though_the_hashes_fit(edit, members, sordino, folder):
    assert failed(sordino, packed(folder, hashed(members | edit(members)))) == (1, [FIGURE])


def test_outcomes_that_do_not_follow_from_the_readings_are_found(members, sordino, folder):
    changed = hashed(members | edited_outcomes(members))
    assert failed(sordino, packed(folder, changed)) == (1, [OUTCOME, FIGURE])


def test_readings_that_lead_to_other_outcomes_are_found(members, sordino, folder):
    frame = table(members["readings.parquet"])
    frame.loc[frame["axis"] == "engagement", "value"] = "DENIAL"
    changed = hashed(members | {"readings.parquet": parquet(frame)})
    assert failed(sordino, packed(folder, changed)) == (1, [OUTCOME])


@pytest.mark.parametrize("column", ["messages", "sampling_json", "epoch", "target"])
def test_requests_that_are_not_what_was_sent(column, members, sordino, folder):
    frame = table(members["exchanges.parquet"])
    frame.loc[3, column] = frame.loc[3, column].replace("e", "o", 1) + " "
    frame.loc[3, column] = "x" if column == "epoch" else frame.loc[3, column]
    changed = hashed(members | {"exchanges.parquet": parquet(frame)})
    assert failed(sordino, packed(folder, changed)) == (1, [KEY])


@pytest.mark.parametrize(
    "name", ["../evil", "/evil", "a/b", "..", ".", "../../../../../../tmp/evil", "c:/evil"]
)
def test_no_member_leaves_its_folder(name, members, sordino, folder):
    said = sordino("verify", packed(folder, members | {name: b"!"}))
    assert said.code == 2
    assert f"it holds {name!r}" in said.err
    assert [p.name for p in folder.iterdir()] == ["changed.zip"]


def test_no_member_comes_twice(members, sordino, folder):
    packed(folder, members)
    with zipfile.ZipFile("changed.zip", "a") as bundle, pytest.warns(UserWarning, match="Duplicate"):
        bundle.writestr("results.json", b"{}")
    said = sordino("verify", "changed.zip")
    assert said.code == 2
    assert "'results.json'" in said.err


def test_a_bundle_of_very_many_files_is_refused_before_it_is_unpacked(members, sordino, folder):
    said = sordino("verify", packed(folder, members | {f"{i}.txt": b"!" for i in range(50)}))
    assert (said.code, said.out) == (2, "")
    assert "it holds more than 50 files" in said.err


def test_what_is_no_bundle(sordino, folder, members):
    (folder / "text.zip").write_text("PK no zip")
    (folder / "empty.zip").write_bytes(b"")
    packed(folder, {"a.txt": b"a"}).rename("other.zip")
    for name, says in [
        ("text.zip", "not a zip file"),
        ("empty.zip", "not a zip file"),
        ("other.zip", f"it holds no {HASHES}"),
        ("absent.zip", "There is no bundle 'absent.zip'"),
        (".", "There is no bundle '.'"),
    ]:
        said = sordino("verify", name)
        assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
        assert says in said.err
        assert "`sordino export` makes one." in said.err


def test_a_bundle_whose_results_are_nonsense_fails_and_does_not_crash(members, sordino, folder):
    for nonsense in (b"", b"[]", b'{"manifest": 3}', b"\xff"):
        changed = hashed(members | {"results.json": nonsense})
        assert failed(sordino, packed(folder, changed)) == (1, [OUTCOME, FIGURE])
