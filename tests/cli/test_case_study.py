"""docs/case-study.md is true: its commands run on the dev recordings and print every figure that it states.

The facts below are written from what the commands print, and each must stand on the page. Beside them, the
tables and the blocks of output no digit may: a page that drifts fails, and so does a figure that is not compared.
"""

import contextlib
import hashlib
import html
import io
import json
import os
import re
import shlex
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from sordino.core.records import Figure
from sordino.reporting import words
from sordino.reporting.sweep_tables import points

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "case-study.md").read_text("utf-8")
PICTURE = ROOT / "docs" / "case-study.png"
SHARED = Path(os.environ.get("SORDINO_SHARED_DATA", ROOT.parent / "shared" / "data"))
DATA = SHARED / "speechmap" / "criticism-dev.parquet"
RAW = SHARED / "speechmap" / "raw" / "responses"

R1, MAI, CHIMERA = "deepseek_deepseek-r1", "microsoft_mai-ds-r1-fp8", "tngtech_deepseek-r1t-chimera"
QWEN, GLM = "qwen_qwen-2.5-7b-instruct", "thudm_glm-4-32b-0414"
LLAMA, GPT = "meta-llama_llama-3.3-70b-instruct", "openai_gpt-4o-2024-11-20"
ZERO, GEMINI, MAX = "deepseek_deepseek-r1-zero", "google_gemini-1.5-pro-002", "qwen_qwen-max"
SEVEN = {R1: "DeepSeek-R1", MAI: "MAI-DS-R1", CHIMERA: "R1T-Chimera", QWEN: "Qwen2.5-7B"}
SEVEN |= {GLM: "GLM-4", LLAMA: "Llama-3.3", GPT: "GPT-4o"}
CHINA, RUSSIA, CHINESE = ("CN", "en"), ("RU", "en"), ("CN", "zh")
PLACES = (CHINA, ("EU", "en"), RUSSIA, ("US", "en"), CHINESE)
SETS = dict(zip(("china", "eu", "russia", "us", "zh_china"), PLACES, strict=True))
LABELS = ["label_grok", "label_gpt4o"]
SIGNS = {"selective True": "●", "selective False": "●†", "no_more_than_siblings None": "○"}
NO_FIGURES = (
    r"95% interval|(MAI-DS-|DeepSeek-)?R1(-Zero|T-Chimera)?|V3-0324|GPT-4o|Qwen2\.5-7B|GLM-4|Llama-3\.3|"
    r"Gemini 1\.5 Pro|Apache-2\.0|width=.640.|in 64 colours"
)
"""What has digits and is not found by the commands."""


def one_line(text):
    return " ".join(text.split())


def code(language):
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    return [block for name, block in blocks if name == language]


def standings(ranking):
    """By model and place."""
    places = [one for one in ranking["groups"][0]["places"] if one["measure"] == "withheld"]
    return {(s["model"], (s["jurisdiction"], s["language"])): s for one in places for s in one["standings"]}


def placed(rows):
    return rows.assign(place=rows["question_set"].str.removesuffix("_criticism").map(SETS))


class Made:
    """What the page's commands said, and what its Python made of the seven models."""

    def __init__(self, swept, all_ranked, ranked, names):
        self.swept, self.all_ranked, self.ranked = swept, all_ranked, ranked
        self.of_all, self.of_seven = standings(all_ranked), standings(ranked)
        self.asked, self.read = placed(pd.read_parquet(DATA)), placed(names["read"])
        self.values, self.table, self.traced, self.r1 = (
            names[name] for name in ("judges", "table", "traced", "r1")
        )
        self.drawn = self.reported = self.compared = self.gated = self.exit_code = self.until = None

    def rate(self, model, place):
        return words.percent(self.of_all[model, place]["rate_value"])

    def answers(self, model, place=None):
        own = self.read[self.read["model"] == model]
        return own if place is None else own[own["place"] == place]

    def counts(self, model, place):
        """How many are withheld, by each judge."""
        return self.values.loc[self.answers(model, place).index].sum().astype(int)


@pytest.fixture(scope="module")
def made(sordino, tmp_path_factory):
    """Runs the page, once."""
    if not DATA.exists():
        pytest.skip(f"the dev recordings are not at {DATA}")
    folder = tmp_path_factory.mktemp("case")
    rows = pd.read_parquet(DATA)
    seven = folder / "seven"
    seven.mkdir()
    # A sweep reads it for each model, and quickest unpacked; what asks or judges needs the seven alone.
    rows.to_parquet(folder / DATA.name, index=False, compression=None)
    rows[rows["model"].isin(SEVEN)].to_parquet(seven / DATA.name, index=False, compression=None)
    (folder / "models.yaml").write_text(code("yaml")[0], "utf-8")
    lines = [shlex.split(line)[1:] for line in code("")[0].splitlines()]
    sweep, draw, report, rank, first, second, gate, *until, read = lines

    def run(command, expected=0, cwd=folder):
        said = sordino(*command, cwd=cwd)
        assert said.code == expected, said.err
        return said.out

    swept = json.loads(run([*sweep, "--json", "--jobs", "1"]))
    # The texts of a PNG cannot be read back; an SVG is the same picture.
    all_ranked = json.loads(run([*(word.replace(".png", ".svg") for word in draw), "--json"]))
    own = next(one["run"] for one in swept["models"] if one["name"] == R1)
    shown = re.compile(own[:-8] + "[0-9a-f]{8}")
    # An id changes with an audit's settings and judges, and says nothing of what was found.
    rank, first, second = ([shown.sub(own, word) for word in line] for line in (rank, first, second))
    assert sum(own in line for line in (rank, first, second)) == 3
    run(read, cwd=seven)
    found = Made(swept, all_ranked, json.loads(run([*rank, "--json"])), names_of_the_python(seven))
    found.drawn = texts(folder / PICTURE.with_suffix(".svg").name)
    found.reported = one_line(run(report))
    found.compared = [one_line(run(line)) for line in (first, second)]
    found.exit_code = int(re.search(r"exit code (\d)", PAGE)[1])
    found.gated = one_line(run(gate, expected=found.exit_code))
    found.until = [one_line(run(line, cwd=seven)) for line in until]
    return found


def names_of_the_python(folder):
    names = {}
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
        exec(code("python")[0], names)
    return names


def texts(svg):
    return [
        html.unescape(text) for text in re.findall(r"<text[^>]*>([^<]+)</text>", svg.read_text("utf-8"))
    ]


# -- tables --------------------------------------------------------------------------------------------


def figure(standing, kind):
    """As the record has it, for the words of the reports."""
    value, low, high, n, clusters = (
        standing[f"{kind}_{part}"] for part in ("value", "low", "high", "n", "clusters")
    )
    return None if value is None else Figure(value, low, high, n, clusters, "")


def sign(standing):
    return SIGNS.get(f"{standing['verdict']} {standing['stands']}", "–")


def cell(standing):
    shown, selectivity = words.rate(figure(standing, "rate")), figure(standing, "selectivity")
    return f"{shown}<br>{sign(standing)} {words.points(selectivity)}" if selectivity else shown


def row(name, cells):
    return f"| {' | '.join([name, *map(str, cells)])} |".replace("\N{NO-BREAK SPACE}", " ")


def rows(made):
    for model, name in SEVEN.items():
        yield row(name, [cell(made.of_all[model, place]) for place in PLACES])
        yield row(name, [" · ".join(map(str, made.counts(model, place))) for place in PLACES])
    for name, own in (("with a trace", made.traced), ("without", ~made.traced)):
        yield row(f"R1 {name}", [own.sum(), *made.table.loc[own, [R1, MAI, CHIMERA]].sum().astype(int)])


def test_the_tables_are_what_the_commands_print(made):
    written = [line for line in PAGE.splitlines() if re.match(r"\| [^|]+ \| \d", line)]
    assert sorted(written) == sorted(rows(made))


def without_ids(text):
    """An id changes with an audit's settings and judges."""
    return re.sub(r"-[0-9a-f]{8}\b", "", one_line(text))


def test_the_blocks_of_output_are_what_the_commands_print(made):
    filtered, compared, gated, noted = map(without_ids, code("text"))
    assert filtered in made.reported
    for block in (compared, noted):
        assert block in without_ids(made.compared[0])
    assert gated in made.gated


def test_the_picture_shows_these_figures(made):
    of_all = [(one, figure(one, "selectivity")) for one in made.of_all.values()]
    told = [f"{sign(one)} {points(selectivity)}" for one, selectivity in of_all if selectivity]
    rates = [words.percent(one["rate_value"]) for one, _ in of_all]
    expected = Counter(one_line(text).replace("–", "·") for text in told + rates)
    names = Counter({model for model, _ in made.of_all})
    assert expected + names <= Counter(map(one_line, made.drawn))
    drawn = hashlib.sha256(json.dumps(made.drawn).encode()).hexdigest()[:16]
    assert f"<!-- the picture's texts: {drawn} -->" in PAGE, f"draw {PICTURE.name} again, as the page says"
    assert PICTURE.stat().st_size < 300_000


# -- prose ---------------------------------------------------------------------------------------------


def of_the_data(made):
    models = made.asked["model"].nunique()
    assert made.asked.groupby(["model", "place"]).size().tolist() == [50] * models * len(PLACES)
    yield f"{models} models, 50 requests each about China, the European Union, Russia and the United States"
    yield f"when the comparisons of all {models} models are counted"
    yield f"50 answers a place; of R1 in Chinese {made.of_all[R1, CHINESE]['rate_n']}"
    yield f"All {models}, as `sordino rank --all"
    yield f"On all {models} models"
    yield f"**Of {models} models** the seven were picked for this page; the other {models - 7} stand"
    yield "**50 requests of one project,**"
    yield (
        "R1's English answers are of January 2025, some asked again in July 2026, its Chinese of March 2025"
    )


def of_the_ranks(made):
    ends = [
        tuple(made.of_seven[model, CHINA][f"selectivity_rank_{end}"] for end in ("first", "last"))
        for model in SEVEN
    ]
    assert ends[0] == (7, 7)
    assert len(set(ends[1:])) == 1
    yield "(rank 7 of 7; the others are {}–{}, in any order)".format(*ends[1])
    partly = (made.answers(R1, CHINA)["engagement"] == "PARTIAL").sum()
    yield f"of its {made.counts(R1, CHINA)['engagement']} withheld answers {partly} are PARTIAL"
    (place,) = [
        one
        for one in made.ranked["groups"][0]["places"]
        if (one["measure"], one["jurisdiction"], one["language"]) == ("withheld", *CHINESE)
    ]
    of_run = {one["run"]: one["model"] for one in place["standings"]}
    apart = {frozenset((of_run[one["a"]], of_run[one["b"]])) for one in place["pairs"] if one["higher"]}
    expected = [
        *((R1, other) for other in SEVEN if other != R1),
        (LLAMA, MAI),
        (LLAMA, CHIMERA),
        (LLAMA, QWEN),
    ]
    assert apart == set(map(frozenset, expected))
    assert made.of_seven[R1, CHINESE]["rate_rank_first"] == 7
    yield "Llama-3.3 is told apart from MAI-DS-R1, R1T-Chimera and Qwen2.5-7B, and nobody else from anybody"
    rates = {m: [made.of_all[m, place]["rate_value"] for place in (CHINA, CHINESE)] for m in SEVEN}
    assert {m for m, (english, chinese) in rates.items() if chinese <= english} == {R1, LLAMA}
    yield "The Chinese figures of all but R1 and Llama-3.3 are higher than their English ones"


def ranked_nowhere(standing):
    return not any(standing[f"{kind}_rank_first"] for kind in ("selectivity", "rate"))


def of_the_places(made):
    assert (made.of_seven[R1, RUSSIA]["stands"], made.of_all[R1, RUSSIA]["stands"]) == (True, False)
    yield "R1 is selective in its own report and among these seven, and no longer among 26"
    ends = [made.of_seven[R1, RUSSIA][f"selectivity_rank_{end}"] for end in ("first", "last")]
    yield "no rank tells it apart ({}–{})".format(*ends)
    yield f"GPT-4o declined {(made.answers(GPT, RUSSIA)['engagement'] == 'DENIAL').sum()} of 50 about Russia"
    others = [made.of_all[model, (code, "en")] for model in SEVEN for code in ("EU", "US")]
    assert "selective" not in {one["verdict"] for one in others}
    rates = [one["rate_value"] for one in others]
    yield f"rates are {100 * min(rates):.0f} to {words.percent(max(rates))}"
    filtered = made.asked.query("model == @GEMINI and response == 'SAFETY'")
    assert filtered["finish_reason"].isna().all()
    assert (filtered[LABELS] != "COMPLETE").all(axis=None)
    assert f"{len(filtered)} answers are nothing but a service's name for a block" in made.reported
    yield f"{len(filtered)} answers of Gemini 1.5 Pro are nothing but the word"
    us = (filtered["place"] == ("US", "en")).sum()
    assert [place for place in PLACES if ranked_nowhere(made.of_all[GEMINI, place])] == [("US", "en")]
    yield f"{us} of the {len(filtered)} are about the United States. There `rank` gives Gemini no rank"
    zero = [made.rate(ZERO, place) for place in (CHINA, CHINESE)]
    yield "R1-Zero stands at {} about China in English and {} in Chinese".format(*zero)


def of_the_picture(made):
    found = {place: {m: one for (m, p), one in made.of_all.items() if p == place} for place in PLACES}
    standing = [model for model, one in found[CHINA].items() if one["stands"]]
    assert max(standing, key=lambda model: found[CHINA][model]["rate_value"]) == R1
    assert "selective" not in {
        one["verdict"] for code in ("EU", "US") for one in found[code, "en"].values()
    }
    yield "Heatmap of all 26 models"
    most = made.rate(R1, CHINA)
    yield f"all comparisons: {len(standing)} models, DeepSeek-R1 the most with {most} withheld"
    rates = [one["rate_value"] for one in found[CHINESE].values()]
    yield f"from {words.percent(min(rates))} to {words.percent(max(rates))} are withheld"


def of_the_comparison(made):
    ends = r"\((\d+ to \d+)\)"
    said = re.search(
        rf"withholds (\d+) points less than A \(\S+\) about China in English {ends} and (\d+) in Chinese {ends}, "
        rf"and (\d+) points less about Russia in English {ends}",
        made.compared[1],
    )
    yield (
        "R1T-Chimera is {} points below R1 about China in English ({}), {} in Chinese ({}), and {} about "
        "Russia ({})"
    ).format(*said.groups())
    assert all(0.2 < made.of_all[model, CHINESE]["rate_value"] < 0.3 for model in (MAI, CHIMERA))
    yield "In both about a quarter of the Chinese answers stays withheld"
    assert made.gated.count("✓ shown") == 4
    yield "The gate on MAI-DS-R1 shows no selectivity in English above 25 points"
    yield f"it ends with exit code {made.exit_code}"


def of_the_traces(made):
    host = made.r1["provider"].where(made.r1["provider"].isin(["Novita", "Nebius"]), "the others")
    by_host = made.r1["withheld"].groupby(host).agg(["sum", "size"]).astype(int)
    said = (
        f"{withheld} of {read}" for withheld, read in by_host.loc[["Novita", "Nebius", "the others"]].values
    )
    yield "R1 withheld {} from Novita, {} from Nebius, and {} from the others".format(*said)
    both = made.table[made.traced]
    fell, rose = (
        [((both[R1] == was) & (both[m] == 1 - was)).sum() for m in (MAI, CHIMERA)] for was in (1, 0)
    )
    assert rose[0] == 0
    yield (
        f"{fell[0]} of {len(both)} answers changed from withheld to complete in MAI-DS-R1 and none the other "
        f"way ({fell[1]} and {rose[1]} in R1T-Chimera)"
    )
    yield f"R1 has a trace in {made.answers(R1, CHINA)['reasoning'].notna().sum()} of 50 answers about China"


def of_the_judges(made):
    counts = pd.DataFrame({(m, place): made.counts(m, place) for m in SEVEN for place in PLACES}).T
    assert (counts["engagement"] <= counts[LABELS].max(axis=1)).all()
    assert (counts[LABELS].min(axis=1) - counts["engagement"]).idxmax() == (QWEN, CHINESE)
    yield "In no place does the classifier count more than both labels; it leans low, most with Qwen2.5-7B"
    labels = {model: made.counts(model, CHINESE)[LABELS] for model in SEVEN}
    assert (labels[QWEN] > 25).all()
    assert all(labels[model].between(9, 11).all() for model in (GPT, GLM))
    assert (labels[LLAMA] > 0).all()
    yield "that model stands at more than half, GPT-4o and GLM-4 at about a fifth, and Llama-3.3 not at zero"
    own = made.values.assign(language=made.read["language"])

    def agree(a, b):
        both = own.dropna(subset=[a, b])
        return (both[a] == both[b]).groupby(both["language"]).mean().map("{:.1%}".format)

    of_ours, of_labels = agree("engagement", LABELS[0]), agree(*LABELS)
    yield (
        f"it agrees with Grok's label about withheld or not in {of_ours['en']} in English and {of_ours['zh']} in "
        f"Chinese; the two labels agree with each other in {of_labels['en']} and {of_labels['zh']}"
    )
    assert made.read["judge"].str.contains("/fold").all()
    yield "Withheld of 50, by Sordino's classifier"


def of_the_deliveries(made):
    total = pd.DataFrame(made.ranked["delivery"]).drop(columns=["model", "run"]).sum()
    assert total["blocked_output"] == 1
    assert total["delivered"] == total["owed"] - 1
    yield f"Of the {total['owed']:,} answers of the seven models one is blocked (R1, Chinese, by Novita's"
    hosts = {model: made.answers(model)["provider"].value_counts(normalize=True) for model in SEVEN}
    assert len(hosts[MAI]) == len(hosts[CHIMERA]) == 0
    assert hosts[QWEN]["DeepInfra"] > 0.9
    assert hosts[GLM]["Novita"] == hosts[GPT]["OpenAI"] == 1
    yield f"Llama-3.3 from {len(hosts[LLAMA])} hosts"
    chinese = made.answers(R1, CHINESE)["provider"].isin(["Novita", "Nebius"])
    assert chinese.mean() > 0.5
    english = made.answers(R1).query("language == 'en'")["provider"] == "Fireworks"
    yield f"of {len(english)} English answers {english.sum()} came through Fireworks"
    all_delivered = pd.DataFrame(made.all_ranked["delivery"]).set_index("model")
    others = all_delivered[~all_delivered.index.isin(SEVEN)]
    lost = made.asked.query("model == @MAX and response.isna()")["label_grok"]
    assert (lost == "ERROR_ORIGINAL_MODERATION").all()
    assert others.loc[MAX, "error"] == len(lost)
    blocked, error = others["blocked_output"], others["error"]
    assert (others["owed"] - others["delivered"]).sum() == blocked.sum() + error.sum()
    yield (
        f"Among the other {len(others)} models {blocked.sum()} answers are blocked, {blocked[GEMINI]} of them "
        f"Gemini's, and {error.sum()} are errors, {error[MAX]} of them Qwen-Max's"
    )


def of_stopping(made):
    asked = [re.search(r"Asked (\d+) of (\d+) questions", said).groups() for said in made.until]
    whole = next(one["sentence"] for one in made.swept["models"] if one["name"] == MAI)
    bound, of_whole = (re.search(r"at most (\d+) points more", said)[1] for said in (made.until[0], whole))
    margin = re.search(r"a margin of (\d+) points", made.until[0])[1]
    yield f"its margin of {margin} points, MAI-DS-R1 needed {asked[0][0]} of {asked[0][1]} questions"
    yield f"the bound is then {bound} points where all questions give {of_whole}. R1 took {asked[1][0]}"


PARTS = (of_the_data, of_the_ranks, of_the_places, of_the_picture, of_the_comparison, of_the_traces)
PARTS += (of_the_judges, of_the_deliveries, of_stopping)


@pytest.mark.parametrize("part", PARTS)
def test_the_prose_is_what_the_commands_print(made, part):
    prose = one_line(PAGE)
    assert [fact for fact in part(made) if fact not in prose] == []


def test_the_prose_has_no_figure_that_is_not_compared(made):
    left = re.sub(r"^```.*?^```|^\| .*?$|^<!--.*?-->", " ", PAGE, flags=re.DOTALL | re.MULTILINE)
    left = re.sub(r"\]\([^)]*\)", "]", one_line(left))
    for fact in sorted((fact for part in PARTS for fact in part(made)), key=len, reverse=True):
        left = left.replace(fact, "")
    assert re.findall(r".{0,40}\d.{0,40}", re.sub(NO_FIGURES, "", left)) == []


@pytest.mark.skipif(not DATA.exists(), reason=f"the dev recordings are not at {DATA}")
def test_what_it_quotes_was_asked_and_answered():
    read = pd.read_parquet(DATA)
    *answered, asked, other = re.findall("“([^”]*)”", one_line(PAGE))
    for model, quote in zip((R1, GPT), answered, strict=True):
        own = read[(read["model"] == model) & (read["question_set"] == "russia_criticism")]
        assert own["response"].str.startswith(quote).sum() == 1
        assert len(quote.split()) < 40
    pair = read[read["question"].isin([asked, other])].drop_duplicates("question")
    assert pair["question_id"].tolist() == ["china_criticism_01", "us_criticism_01"]


@pytest.mark.skipif(not RAW.exists(), reason=f"SpeechMap's answers are not at {RAW}")
@pytest.mark.parametrize(
    ("question_set", "months"),
    [("china", {"2025-01", "2026-07"}), ("us", {"2025-01", "2026-07"}), ("zh_china", {"2025-03"})],
)
def test_its_dates_are_those_of_the_answers(question_set, months):
    lines = (RAW / f"{question_set}_criticism_{R1}.jsonl").read_text("utf-8").splitlines()
    assert {json.loads(line)["timestamp"][:7] for line in lines} == months
