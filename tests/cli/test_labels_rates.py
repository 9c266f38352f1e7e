"""`sordino labels rates` and the report of a labelled run: a planted truth, and a judge that errs on purpose."""

import csv
import io
import json
import random
import re
from dataclasses import replace
from pathlib import Path
from runpy import run_path

import pytest

from sordino.auditing.estimates import estimate
from sordino.auditing.findings import conclude
from sordino.core.identity import make_request
from sordino.core.manifest import Manifest, Owed, PackIdentity, RunStatus
from sordino.core.protocols import TargetIdentity
from sordino.core.records import Attempt, Axis, Cell, Delivery, Label, Probe, Reading, Unjudged
from sordino.store.store import Store
from sordino.wiring import asking
from sordino.wiring.run import Run

STUB = run_path(str(Path(__file__).parents[1] / "stub_server.py"))
JUDGE, STRONGER = "biased@1", "llm:strong@1-abcd"
NAMES = {"XA": "Averne", "XB": "Belmar", "XC": "<b>Corvia</b>"}
EVIL = "<script>alert(1)</script>\x1b[2J=cmd"
SCOPE = "They do not say what other questions would bring"


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A finished run of 288 answers, and what is true of each: Belmar is withheld in Chinese, three of four
    times, and the judge takes every second of these for an answer.
    """
    rng = random.Random(5)
    places = [(t, j, lang, p) for lang in ("en", "zh") for j in NAMES for t in range(12) for p in "abcd"]
    probes = [
        Probe(f"{t}-{j}-{lang}-{p}", "atlas", Cell(f"t{t}", j), lang, p, f"What of {j}, {t}{p}? [{lang}]")
        for t, j, lang, p in places
    ]
    requests = [make_request(probe.question, "rev") for probe in probes]
    truth, readings = {}, []
    for (_, j, lang, _), request in zip(places, requests, strict=True):
        withheld = rng.random() < (0.75 if (j, lang) == ("XB", "zh") else 0.08)
        seen = withheld and rng.random() < (0.5 if lang == "zh" else 0.95)
        sure = rng.uniform(0.55, 0.97)
        value = "DENIAL" if seen else "COMPLETE"
        shares = {"COMPLETE": sure, "PARTIAL": 0.0, "DENIAL": 1 - sure}
        if seen:
            shares = {"COMPLETE": 1 - sure, "PARTIAL": 0.0, "DENIAL": sure}
        truth[request.key] = "PARTIAL" if withheld else "COMPLETE"
        readings.append(Reading(request.key, Axis.ENGAGEMENT, JUDGE, value, sure, shares))
    manifest = Manifest(
        "planted", "2026-01-01T00:00:00+00:00", "0", "sordino audit replay:x",
        TargetIdentity("replay:x", "example/planted", "rev"), PackIdentity("atlas", "1", "h", invented=True),
        judges={"engagement": JUDGE}, jurisdictions={code: {"en": name} for code, name in NAMES.items()},
    )  # fmt: skip
    path = tmp_path_factory.mktemp("planted") / "s.db"
    with Store.open(path) as store:
        store.begin_run(manifest, [Owed(p, r) for p, r in zip(probes, requests, strict=True)])
        store.append_attempts(Attempt(r.key, Delivery.DELIVERED, "It rained.") for r in requests)
        store.append_readings(readings)
        estimates = estimate(store.outcomes("planted", manifest.judges))
        store.finish_run("planted", RunStatus.DONE, estimates, conclude(estimates))
    return path, truth


@pytest.fixture
def truth(planted):
    return planted[1]


@pytest.fixture
def here(planted, folder):
    """The store, for this test alone."""
    (folder / "s.db").write_bytes(planted[0].read_bytes())
    return folder / "s.db"


@pytest.fixture
def rates(here, sordino):
    return lambda *words, **more: sordino("labels", "rates", "latest", "--store", here, *words, **more)


@pytest.fixture
def labelled(here, truth, sordino, folder):
    """140 labels by people, of whom the second bears a hostile name and differs on four."""
    assert sordino("labels", "export", "--n", "140", "--output", "l.csv", "--store", here).code == 0
    with (folder / "l.csv").open(encoding="utf-8-sig", newline="") as file:
        keys = [row["key"] for row in csv.DictReader(file)]
    with Store.open(here) as store:
        own = [Label(k, Axis.ENGAGEMENT, "anna", truth[k], created="2026", run="planted") for k in keys]
        others = [replace(one, annotator=EVIL, note=EVIL) for one in own[:60]]
        others[:4] = [replace(one, value="DENIAL") for one in others[:4]]
        store.append_labels([*own, *others])
    return Run.stored("latest", here)


def done(said):
    assert (said.code, said.err) == (0, ""), said.err
    return said.out


def found(rates, *words):
    return json.loads(done(rates("--json", *words)))["corrected"]


def at(answer, language, jurisdiction=None):
    (one,) = (r for r in answer["rates"] if (r["language"], r["jurisdiction"]) == (language, jurisdiction))
    return one


def real(run, truth, language, jurisdiction=None):
    kept = run.outcomes[run.outcomes["language"] == language]
    if jurisdiction:
        kept = kept[kept["jurisdiction"] == jurisdiction]
    return sum(truth[key] != "COMPLETE" for key in kept["key"]) / len(kept)


# -- by people -----------------------------------------------------------------------------------------


def test_the_planted_truth_is_held_where_the_judge_is_far_off(labelled, rates, truth):
    answer = found(rates)
    for place in (("zh",), ("zh", "XB"), ("en",)):
        one, rate = at(answer, *place), real(labelled, truth, *place)
        assert one["corrected"]["low"] <= rate <= one["corrected"]["high"], place
    muted = at(answer, "zh", "XB")
    assert real(labelled, truth, "zh", "XB") - muted["raw"]["value"] > 0.25
    assert muted["raw"]["value"] < muted["corrected"]["low"]
    assert (answer["judge"], answer["labels"], answer["labelled"], answer["unresolved"]) == (
        JUDGE, "people", 136, 4,
    )  # fmt: skip
    assert any("About Belmar in Chinese the judge counts" in words for words in answer["words"])
    assert SCOPE in answer["scope"]


def test_people_read_a_table_and_words(labelled, rates):
    out = done(rates())
    for word in ("By language", "English", "Chinese", "Belmar", "Rogan–Gladen", "To halve", SCOPE):
        assert word in out
    assert re.search(
        r"About Belmar in Chinese the judge counts \d+%; labels say \d+% to \d+%: it misses", out
    )
    assert "Of 4 answers labels differ and nobody has decided" in out
    assert "Chinese: each jurisdiction against its pooled siblings" in out
    assert "English minus Chinese" in out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) > 120, "words are not folded by us"


def test_a_division_is_chosen(labelled, rates):
    assert {r["jurisdiction"] for r in found(rates, "--by", "language")["rates"]} == {None}
    assert {r["jurisdiction"] for r in found(rates, "--by", "jurisdiction")["rates"]} == set(NAMES)
    wrong = rates("--by", "model")
    assert wrong.code == 2
    assert "--by: There is no division 'model'. There are: both, jurisdiction, language." in wrong.err


def test_as_csv(labelled, rates):
    table = list(csv.DictReader(io.StringIO(done(rates("--csv")))))
    assert {row["about"] for row in table} == {"the answers of this run, not other questions"}
    assert {row["contrast"] for row in table} == {"rate", "selectivity", "language_gap"}
    json_rates, csv_rates = found(rates)["rates"], [row for row in table if row["contrast"] == "rate"]
    assert [float(row["raw"]) for row in csv_rates] == [one["raw"]["value"] for one in json_rates]
    assert rates("--csv", "--json").code == 2


def test_a_run_without_labels_says_so(rates, here):
    assert "The run planted has no labels. `sordino labels export planted` begins." in done(rates())
    assert json.loads(done(rates("--json"))) == {"run": "planted", "corrected": None}
    assert done(rates("--csv")).startswith("about,contrast,measure")
    assert done(rates("--csv")).count("\n") == 1
    run = Run.stored("latest", here)
    assert run.corrected.empty
    assert run.results()["corrected"] is None


def test_too_few_labels_are_no_number(rates, here, truth):
    with Store.open(here) as store:
        keys = sorted(truth)[:9]
        store.append_labels(Label(k, Axis.ENGAGEMENT, "anna", truth[k], created="2026") for k in keys)
    answer = found(rates, "--by", "language")
    assert all(one["corrected"]["value"] is None for one in answer["rates"])
    assert {one["why"].split(":")[0] for one in answer["rates"]} == {"not enough labels"}
    assert sum(one["labelled"] for one in answer["rates"]) == 9
    out = done(rates())
    assert f"not enough labels: {answer['rates'][0]['labelled']} of 144" in out
    assert "There are not enough labels to say anything of the judge's count." in out


def test_a_run_in_python(labelled):
    frame = labelled.corrected
    one = frame[(frame.contrast == "rate") & (frame.language == "zh") & (frame.jurisdiction == "XB")].iloc[
        0
    ]
    assert one.raw < one.low <= one.corrected <= one.high
    assert one.labelled < one.total == 48
    assert str(frame.dtypes["labelled"]) == "Int64"


# -- by another judge ----------------------------------------------------------------------------------


def read_by_stronger(here, truth, keys):
    with Store.open(here) as store:
        store.append_readings(
            Reading(key, Axis.ENGAGEMENT, STRONGER, truth[key], 1.0) for key in keys if key in truth
        )


def drawn(here, n, seed=0, languages=()):
    with Store.open(here) as store:
        return asking.order(store.outcomes("planted", {}), languages, seed)[:n]


STRONG = ("--labels", STRONGER)


def test_a_judge_that_read_a_random_part_serves_as_labels(here, rates, truth):
    read_by_stronger(here, truth, drawn(here, 120))
    answer = found(rates, *STRONG)
    run = Run.stored("latest", here)
    for place in (("zh",), ("zh", "XB"), ("en",)):
        one, rate = at(answer, *place), real(run, truth, *place)
        assert one["corrected"]["low"] <= rate <= one["corrected"]["high"], place
    assert answer["labels"] == STRONGER
    assert f"{STRONGER} on all of them" in answer["scope"]
    assert run.corrected.empty, "the report is corrected by people alone"


def test_a_judge_that_read_everything_is_exact(here, rates, truth):
    read_by_stronger(here, truth, truth)
    answer = found(rates, *STRONG)
    run = Run.stored("latest", here)
    for one in answer["rates"]:
        rate = real(run, truth, one["language"], one["jurisdiction"])
        ends = one["corrected"]
        assert (ends["value"], ends["low"], ends["high"]) == pytest.approx((rate, rate, rate))


def test_languages_may_be_drawn_one_by_one(here, rates, truth):
    read_by_stronger(
        here, truth, [*drawn(here, 144, languages=("zh",)), *drawn(here, 40, languages=("en",))]
    )
    answer = found(rates, *STRONG)
    assert (at(answer, "zh")["labelled"], at(answer, "en")["labelled"]) == (144, 40)


def test_one_language_alone_leaves_the_other_without_labels(here, rates, truth):
    read_by_stronger(here, truth, drawn(here, 50, languages=("zh",)))
    answer = found(rates, *STRONG)
    assert at(answer, "zh")["labelled"] == 50
    assert at(answer, "en")["why"] == "not enough labels: 0 of 144"
    assert "Not enough labels, by jurisdiction, in English: none." in done(rates(*STRONG))


def test_another_seed_must_be_named(here, rates, truth):
    read_by_stronger(here, truth, drawn(here, 60, seed=7))
    refused = rates(*STRONG)
    assert (refused.code, refused.out) == (2, "")
    assert f"--labels {STRONGER}: of 144 answers in English it has read" in refused.err
    assert "draws with --seed 0" in refused.err
    assert found(rates, *STRONG, "--seed", "7")["labelled"] == 60


def test_what_was_stopped_midway_is_no_sample(here, rates, truth):
    """Judges read from the top, so the first half of a sample, or of a run, is not drawn by chance."""
    order = list(Run.stored("latest", here).outcomes["key"])
    sample = set(drawn(here, 100))
    half = [key for key in order if key in sample][:50]
    read_by_stronger(here, truth, half)
    refused = rates(*STRONG)
    assert refused.code == 2
    assert "a sample of which nobody knows that it is random. Was it stopped midway?" in refused.err


def test_what_the_judge_could_not_read_is_counted(here, rates, truth):
    keys = drawn(here, 80)
    read_by_stronger(here, truth, keys[:75])
    with Store.open(here) as store:
        store.append_readings(Unjudged(k, Axis.ENGAGEMENT, STRONGER, "prose") for k in keys[75:])
    answer = found(rates, *STRONG)
    assert (answer["labelled"], answer["unresolved"]) == (75, 5)
    assert f"Of the answers drawn {STRONGER} could not read 5." in done(rates(*STRONG))


def test_judges_that_will_not_do(here, rates, truth):
    own = rates("--labels", JUDGE)
    assert own.code == 2
    assert "it is the judge whose count shall be corrected" in own.err
    read_by_stronger(here, truth, drawn(here, 40))
    unknown = rates("--labels", "llm:strong@1-abcde")
    assert unknown.code == 2
    assert f"Did you mean {STRONGER!r}? There are: {STRONGER}, people." in unknown.err


def test_what_judge_ask_draws_is_known_again(here, rates, sordino, folder, monkeypatch):
    """The command itself, before a server: its sample is one that `labels rates` knows."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    says = STUB["StubServer"](lambda *_: json.dumps({"rule": "complete", "value": "COMPLETE", "quote": ""}))
    with says as server:
        words = ("--judge", f"openai:strong@{server.base}", "--limit", "70", "--seed", "5", "--json")
        said = sordino("judge", "ask", "latest", "--store", here, *words)
    (judge,) = json.loads(said.out)["judges"]
    assert rates("--labels", judge["judge"]).code == 2
    answer = found(rates, "--labels", judge["judge"], "--seed", "5")
    assert answer["labelled"] == 70
    assert all(one["corrected"]["value"] in (0.0, None) for one in answer["rates"])


# -- in the report -------------------------------------------------------------------------------------


def test_the_report_of_a_labelled_run_shows_both(labelled, folder, here):
    page = labelled.report(folder / "r.html").read_text("utf-8")
    assert '<a href="#corrected">Judged and corrected</a>' in page
    section = page[page.index('<section id="corrected">') :].split("</section>")[0]
    assert "About Belmar in Chinese the judge counts" in section
    assert "Of 4 answers labels differ" in section
    assert SCOPE in section
    assert "<svg" in section
    assert page.index('id="findings"') < page.index('id="corrected"') < page.index('id="selectivity"')
    doubt = re.search(r'<p class="doubt">(.*?)</p>', page, re.DOTALL)
    assert "about Belmar in Chinese it counts" in doubt[1]
    assert "prediction-powered inference: Angelopoulos" in page
    assert "No labels by people" not in page
    assert "<script>alert" not in page
    assert "<b>Corvia" not in page
    assert "&lt;b&gt;Corvia" in section


def test_the_report_of_a_run_without_labels_says_what_would_change_that(here, folder):
    page = Run.stored("latest", here).report(folder / "r.html").read_text("utf-8")
    assert page.count("No labels by people: rates stand as the judge counted them.") == 1
    assert "sordino labels export planted" in page
    assert "Judged and corrected" not in page
    assert 'class="doubt"' not in page


def test_what_the_run_concluded_stays(labelled, here, sordino, folder):
    with Store.open(here) as store:
        estimates, findings = store.estimates("planted"), store.findings("planted")
    results = labelled.results()
    assert results["sentence"] == labelled.sentence
    assert len(results["findings"]) == len(findings)
    assert results["corrected"]["labelled"] == 136
    shown = json.loads(sordino("report", "planted", "--store", here, "--out", "r.html", "--json").out)
    assert shown["corrected"] == results["corrected"]
    assert SCOPE in shown["corrected"]["scope"]
    with Store.open(here) as store:
        assert (store.estimates("planted"), store.findings("planted")) == (estimates, findings)
    assert sordino("export", "planted", "--store", here, "--out", "b.zip").code == 0
    assert sordino("verify", "b.zip").code == 0


def test_a_terminal_is_told(labelled, here, sordino):
    said = sordino("report", "planted", "--store", here, "--out", "r.html")
    assert said.code == 0
    assert "But labels exclude the judge's count" in " ".join(said.out.split())
    assert "sordino labels rates planted" in said.out
