"""The section "Judged and corrected" against answers worked out by hand, and in the page."""

import json
import re
from dataclasses import replace

import pytest

from sordino.auditing import sampling
from sordino.auditing.corrected import By, Labels, corrected
from sordino.reporting import corrected as telling
from sordino.reporting import corrected_data, render
from sordino.reporting.corrected_tables import view
from sordino.reporting.page import page

OPPOSITE = {"COMPLETE": "DENIAL", "PARTIAL": "COMPLETE", "DENIAL": "COMPLETE"}


def with_labels(source, say=lambda value, _key: value, keep=lambda _row: True, by=By.BOTH, **more):
    """The source with labels that `say` makes of what its judge said, on the rows that `keep` keeps."""
    drawable = sampling.frame(source.outcomes)
    kept = drawable[[keep(row) for row in drawable.itertuples()]]
    said = {row.key: say(row.engagement, row.key) for row in kept.itertuples()}
    design = dict(zip(drawable["key"], drawable["stratum"], strict=True))
    given = Labels("people", said, design, **more)
    return replace(source, corrected=corrected(source.outcomes, given, "classifier/1@0f3c", by))


def belmar(row):
    return (row.jurisdiction, row.language) == ("XB", "zh")


@pytest.fixture(scope="module")
def agreed(source):
    """Everything has a label, and every label is as the judge has it."""
    return with_labels(source)


@pytest.fixture(scope="module")
def refuted(source):
    """Of Belmar in Chinese every label contradicts the judge."""
    return with_labels(source, lambda value, _: OPPOSITE[value], belmar, By.JURISDICTION)


def row(model, caption, name):
    (table,) = (t for t in model.corrected.tables if t.caption == caption)
    return next(r for r in table.rows if r.name == name)


def test_where_everything_is_labelled_there_is_no_interval_and_no_doubt(agreed):
    model = page(agreed)
    labels, judge, figure, alone, _, more = row(model, "Chinese", "Belmar").cells
    n, total = labels.split("/")
    assert n == total
    assert judge == figure == alone
    assert more == "–"
    assert model.doubt == ""
    assert model.corrected.words == (
        "Wherever there are enough labels, the corrected interval holds what the judge counts.",
    )


def test_what_labels_refute_is_said_in_the_section_and_at_the_top(refuted):
    model = page(refuted)
    one = row(model, "Chinese", "Belmar")
    assert one.tone == "selective"
    assert one.href == "#j=XB&l=zh&k=political"
    judge, figure = one.cells[1:3]
    assert model.corrected.words == (
        f"About Belmar in Chinese the judge counts {judge}; labels say {figure}: "
        "it takes answers for withheld that are not.",
    )
    assert model.sentence == refuted.sentence
    assert model.doubt == (
        "But labels exclude the judge's count of withheld answers in 1 of 1 places, where chance alone would "
        f"in one of twenty: about Belmar in Chinese it counts {judge}, labels say {figure}."
    )
    assert telling.sentence(refuted) == f"{refuted.sentence} {model.doubt}"


def test_only_what_the_sentence_names_is_doubted_at_the_top(source, refuted):
    other = replace(refuted, sentence="mute-a withholds no more about Belmarsh than about Corvia.")
    assert page(other).doubt == ""
    assert page(other).corrected.words == page(refuted).corrected.words
    whole = with_labels(source, lambda value, _: OPPOSITE[value], lambda r: r.language == "fa", By.LANGUAGE)
    assert page(whole).doubt == ""
    said = page(replace(whole, sentence="Nothing was found in Persian.")).doubt
    assert "in 2 of 2 places" in said, "political questions and controls"
    assert "in Persian it counts" in said


def test_a_group_without_enough_labels_says_so(refuted):
    model = page(refuted)
    averne = row(model, "Chinese", "Averne")
    n, total = averne.cells[0].split("/")
    assert n == "0"
    assert averne.cells[2:] == (f"not enough labels: 0 of {total}", "–", "–", "–")
    assert averne.cells[1].endswith("%")
    assert averne.tone == "missing"
    assert {t.caption for t in model.corrected.tables} == {"Chinese"}
    assert "Not enough labels, by jurisdiction, in English and Persian: none." in model.corrected.counts


def test_what_is_in_no_figure_is_counted(source):
    keys = list(sampling.frame(source.outcomes)["key"])[:3]
    model = page(with_labels(source, keep=belmar, unresolved=frozenset(keys)))
    unjudged = source.outcomes["engagement"].isna() & source.outcomes["delivery"].eq("delivered")
    assert model.corrected.counts[:2] == (
        "Of 3 answers labels differ and nobody has decided. They count as without a label, which is not by "
        "chance. They are listed by: sordino labels queue demo-2026",
        f"{int(unjudged.sum())} delivered answers are unjudged, and in neither count.",
    )


def test_differences_name_both_sides(agreed):
    model = page(agreed)
    captions = [table.caption for table in model.corrected.differences]
    assert captions == [
        "English: each jurisdiction against its pooled siblings",
        "Persian: each jurisdiction against its pooled siblings",
        "Chinese: each jurisdiction against its pooled siblings",
        "English minus Persian",
        "English minus Chinese",
        "Persian minus Chinese",
    ]
    chinese = model.corrected.differences[2]
    assert "whatever the template" in chinese.notes[0]
    assert [r.name for r in chinese.rows][:2] == ["Averne", "Belmar"]
    # Farrow Isles were not asked about in Persian.
    first = model.corrected.differences[3].rows[0]
    assert first.name == "Asked in both: Averne, Belmar, Corvia, Dorrin, Estmark"


def test_numbers_that_round_alike_are_told_apart(source):
    """The judge's count and the nearest end of the interval get as many decimals as they need."""
    one = with_labels(source, lambda value, _: OPPOSITE[value], belmar).corrected
    rate = next(r for r in one.rates if r.is_off)
    figures = rate.figures
    near = replace(
        rate,
        figures=replace(
            figures,
            raw=replace(figures.raw, value=0.2441),
            corrected=replace(figures.corrected, value=0.25, low=0.2449, high=0.31),
        ),
    )
    (said,) = telling.told(replace(one, rates=(near,)), source.manifest)
    assert "counts 24.4%; labels say 24.5% to 31.0%: it misses withheld answers." in said
    hanging = replace(near, unresolved=near.figures.labelled)
    (said,) = telling.told(replace(one, rates=(hanging,)), source.manifest)
    assert "could bring it back: nothing is said there" in said
    assert telling.doubt("About Belmar in Chinese.", replace(one, rates=(hanging,)), source.manifest) == ""


def test_the_picture_has_a_panel_for_each_table(agreed, make):
    chart = render.html(agreed)
    section = chart[chart.index('<section id="corrected">') :].split("</section>")[0]
    svg = section[section.index("<svg") : section.index("</svg>")]
    assert {"By language", "English", "Persian", "Chinese", "Belmar", "withheld, %"} <= set(
        re.findall(r">([^<>]+)</text>", svg)
    )
    bare = with_labels(make(), keep=lambda _: False)
    assert "<svg" not in render.html(bare).split('<section id="corrected">')[1].split("</section>")[0]


def test_machines_get_the_same(refuted):
    answer = json.loads(json.dumps(render.to_json(refuted)))["corrected"]
    assert answer["words"] == list(page(refuted).corrected.words)
    assert answer["scope"] == page(refuted).corrected.scope
    frame = corrected_data.frame(refuted.corrected)
    assert len(frame) == len(answer["rates"]) + len(answer["differences"])
    assert frame["raw"].notna().sum() >= len(answer["rates"])
    known = [r for r in answer["rates"] if r["corrected"]["value"] is not None]
    assert [(r["jurisdiction"], r["language"], r["why"]) for r in known] == [("XB", "zh", None)]


def test_without_labels_the_page_is_as_it_was(source):
    model = page(source)
    assert model.corrected is None
    assert model.method.paragraphs[-1] == (
        "No labels by people: rates stand as the judge counted them. "
        "What would change that: sordino labels export demo-2026"
    )
    assert render.to_json(source)["corrected"] is None


def test_hostile_names_act_nowhere(make):
    evil = '=<img src=x onerror="alert(1)">\x1b[2J\x00\u202e'
    hostile = with_labels(make(jurisdictions=[evil, "XB"], languages=[evil, "en"]))
    hostile = replace(hostile, corrected=replace(hostile.corrected, labels=evil, judge=evil))
    text = render.html(hostile)
    assert "<img src=x" not in text
    model = view(hostile.corrected, hostile.manifest)
    shown = [model.intro, model.scope, *model.words, *model.counts, *(t.caption for t in model.tables)]
    shown += [r.name for t in (*model.tables, *model.differences) for r in t.rows]
    assert not any(sign in one for one in shown for sign in "\x1b\x00\u202e")
    table = corrected_data.csv(hostile.corrected)
    assert "\x1b" not in table
    assert "'=<img" in table
    assert not re.search(r'(^|,)"?=<img', table)
    table.encode()
    assert json.dumps(render.to_json(hostile))
