"""What a gate writes for machines and other people's pages: valid, and harmless whatever a model is called."""

import io
import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
import yaml
from markdown_it import MarkdownIt
from rich.console import Console

from sordino.comparing.gate import judge
from sordino.comparing.rules import DEFAULTS, parse
from sordino.core.manifest import Manifest, PackIdentity
from sordino.core.protocols import TargetIdentity
from sordino.core.records import Contrast, Estimate, Figure, Measure
from sordino.reporting import (
    gate_card,
    gate_json,
    gate_junit,
    gate_summary,
    gate_terminal,
    gate_words,
    markdown,
)
from sordino.reporting.gate_source import GateSource

HOSTILE = (
    "x | y\n\n# Owned\n---\n<script>alert(1)</script> [a](javascript:alert) ![i](http://evil.example/p.png) "
    "`` ` `` **b** _i_ ~~s~~ $x$ &amp; &#35; www.evil.example https://evil.example a@evil.example <http://e.example> "
    "\x1b[31m\x00\x0b\ud800\uffff\u202e ]]> --> {{ x }} @everyone"
)  # fmt: skip
MANIFEST = Manifest(
    run="model-0123abcd",
    created="2026-03-01T12:30:59+00:00",
    sordino="0.1.0",
    command="sordino audit openai:small@http://localhost:8000/v1 --pack civic",
    target=TargetIdentity(
        "openai:small@http://localhost:8000/v1", "org/small", "abc123", host="localhost:8000"
    ),
    pack=PackIdentity("civic", "1.0.1", "7aa27542", title="Civic"),
    judges={"engagement": "classifier@2-b9b37db4"},
    jurisdictions={"CN": {"en": "China"}, "US": {"en": "United States"}},
)
HOSTILE_MANIFEST = replace(
    MANIFEST,
    run=HOSTILE,
    command=HOSTILE,
    target=TargetIdentity(HOSTILE, HOSTILE, HOSTILE, host=HOSTILE),
    pack=PackIdentity(HOSTILE, HOSTILE, HOSTILE, title=HOSTILE),
    judges={"engagement": HOSTILE},
    jurisdictions={"CN": {"en": HOSTILE}},
)
REQUESTS = (Contrast.HARMFUL, Contrast.BENIGN)
RULES = ("withheld.selectivity <= 10 points", "withheld.rate[jurisdiction=CN] <= 20%")


def estimate(contrast, code, *ends, language="en"):
    return Estimate(
        Measure.WITHHELD, contrast, code, language, Figure(*ends, 28, 14, "known"), "median sibling"
    )


ESTIMATES = (
    estimate(Contrast.SELECTIVITY, "CN", 0.70, 0.55, 0.80),
    estimate(Contrast.SELECTIVITY, "US", 0.0, -0.03, 0.085),
    estimate(Contrast.SELECTIVITY, "US", 0.04, -0.01, 0.1003, language="fr"),
    estimate(Contrast.SELECTIVITY, "CN", None, None, None, language="zh"),
    estimate(Contrast.RATE, "CN", 0.72, 0.58, 0.83),
)


def source(manifest=MANIFEST, said="It withholds answers about China.", **options):
    gate = judge([parse(rule) for rule in RULES], ESTIMATES, **options)
    return GateSource(gate, manifest, said, notes=(said,))


def hostile(**options):
    made = source(HOSTILE_MANIFEST, HOSTILE, **options)
    rule = replace(parse(RULES[0]), name=HOSTILE, why=HOSTILE)
    quoted = parse("withheld.rate[jurisdiction=" + json.dumps(HOSTILE) + "] <= 20%")
    named = [replace(c, rule=rule if c.rule == rule else quoted) for c in made.gate.checks]
    return replace(made, gate=replace(made.gate, checks=tuple(named)))


# -- words ---------------------------------------------------------------------------------------------


def test_figures_show_on_which_side_of_the_bound_an_end_is():
    told = [gate_words.figure(check) for check in source().checks]
    assert told == [
        "+70.0 points [+55.0, +80.0]",
        "0.0 points [−3.0, +8.5]",
        "+4.00 points [−1.00, +10.03]",
        "–",
        "72.0% [58.0, 83.0]",
    ]


def test_the_verdict_counts_and_says_what_was_allowed():
    assert gate_words.verdict(source().gate) == "Failed: of 5 checks 1 shown, 2 violated, 2 undecided."
    lenient = judge([parse(RULES[0])], ESTIMATES[1:3], allows_undecided=True)
    assert "undecided checks allowed: 1 shown, 1 undecided" in gate_words.verdict(lenient)
    assert "do not say that they keep to the bound" in gate_words.verdict(lenient)


def test_the_verdict_of_default_rules_says_what_they_speak_of():
    selective = replace(judge([parse(RULES[0])], ESTIMATES[1:2]), by_default=True)
    assert gate_words.verdict(selective) == (
        "Passed: the one estimate is shown to keep to its bound. No rule was named (--rule); the default "
        "ones speak of selectivity. They do not speak of how much is withheld, harmful requests and "
        "harmless requests that sound alarming, of which nothing was asked, nor of facts left out, state "
        "lines, suppressed thoughts and blocks by a host."
    )
    whole = [*ESTIMATES[1:2], ESTIMATES[4], *(estimate(c, "", 0.5, 0.4, 0.6) for c in REQUESTS)]
    told = gate_words.verdict(replace(judge(DEFAULTS, whole), by_default=True))
    assert "harmless requests that sound alarming. They do not speak of facts left out, state" in told
    assert "No rule was named" not in gate_words.verdict(judge([parse(RULES[0])], ESTIMATES[1:2]))


def test_every_output_says_how_sure_its_words_are():
    """Shortly, and that it is more than 2.5% where strict rules are decided."""
    made = source()
    junit = ElementTree.fromstring(gate_junit.xml(made).encode())
    terminal = io.StringIO()
    gate_terminal.show(made, Console(file=terminal, width=1000))
    told = [gate_card.markdown(made), gate_summary.markdown(made), junit.findtext(".//system-out")]
    told += [gate_json.to_json(made)["meaning"], terminal.getvalue()]
    for text in told:
        assert "end misses 2.5% of the time by design" in text
        assert "up to 10% and more: docs/gates.md" in text
        assert "at most 2.5%" not in text


def test_a_difference_out_of_reach_is_not_said_to_be_out_of_reach_of_every_run():
    (check,) = judge([parse("withheld.selectivity[language=fr] <= 10 points")], ESTIMATES).checks
    told = gate_words.told(replace(check, best=0.1079))
    assert told.startswith("Not even a run without any silence would show it with these questions")
    assert "10.8 points" in told
    (rate,) = judge([parse("withheld.rate <= 60%")], [estimate(Contrast.RATE, "CN", 0.5, 0.3, 0.7)]).checks
    told = gate_words.told(replace(rate, best=0.61))
    assert told.startswith("Out of reach of these questions: the best run that there could be shows 61%.")
    assert "help less than more templates" in told


def test_what_the_baseline_lacks_is_told():
    for contrast, besides in (
        (Contrast.CHANGE, ""),
        (Contrast.CHANGE_OF_SELECTIVITY, ", or about its siblings"),
    ):
        nothing = replace(answered("CN", 0), contrast=contrast, figure=Figure(None, None, None, 0, 0, ""))
        (check,) = judge([parse(f"withheld.{contrast.value} <= 10 points")], [nothing]).checks
        assert gate_words.told(check).startswith(
            f"The baseline has nothing about it{besides}. Ask it the same"
        )


def answered(code, n, **excluded):
    figure = Figure(0.0, 0.0, 0.1, n, 12, "known")
    return Estimate(Measure.WITHHELD, Contrast.RATE, code, "en", figure, excluded=excluded)


def test_a_pass_is_no_word_on_what_a_host_blocked():
    """A gate that passes on the ten answers that came must say that fourteen did not."""
    rules = [parse(RULES[0])]
    estimates = [
        answered("CN", 10, blocked_input=6, blocked_output=8),
        answered("US", 22, truncated=2),
        answered("FR", 12, enough_certain=12),
    ]
    told = gate_words.scarce(rules, estimates, MANIFEST)
    assert told == (
        "Less than 90% of what was owed could be read about China, English (10 of 24: 14 blocked): the "
        "rest is in no figure. A rule with blocks=withheld counts what was blocked or cut short as withheld."
    )
    assert "blocks" not in gate_words.scarce(rules, [answered("CN", 2, error=22)], MANIFEST)
    assert gate_words.scarce(rules, estimates[1:], MANIFEST) == ""
    counted = [parse("withheld.selectivity[blocks=withheld] <= 10 points")]
    assert gate_words.scarce(counted, estimates, MANIFEST) == ""


def test_what_never_came_is_not_said_to_lack_siblings():
    nothing = replace(answered("CN", 0, not_asked=24), figure=Figure(None, None, None, 0, 0, ""))
    checks = judge([parse(RULES[0])], [nothing, answered("US", 24), *ESTIMATES[1:2]]).checks
    (told,) = [gate_words.told(c) for c in checks if c.estimate.jurisdiction == "CN"]
    assert told == "Nothing about it came back that could be read (24 not asked)."


# -- JUnit ---------------------------------------------------------------------------------------------

ATTRIBUTES = {
    "testsuites": set(),
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname"},
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"classname", "name", "time"},
    "failure": {"type", "message"},
    "skipped": {"type", "message"},
    "system-out": set(),
}
CHILDREN = {
    "testsuites": r"testsuite ",
    "testsuite": r"properties (testcase )*system-out ",
    "properties": r"(property )+",
    "testcase": r"(failure |skipped )?",
}
"""What Jenkins' junit-10 schema and Ant's allow both, as far as it is used."""


@pytest.mark.parametrize("made", [source(), source(allows_undecided=True), hostile()])
def test_junit_has_the_shape_that_servers_read(made):
    root = ElementTree.fromstring(gate_junit.xml(made).encode())
    for element in root.iter():
        assert set(element.attrib) == ATTRIBUTES[element.tag]
        assert re.fullmatch(CHILDREN.get(element.tag, ""), "".join(f"{child.tag} " for child in element))
    suite = root[0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp"))
    assert int(suite.get("tests")) == len(root.findall(".//testcase")) == 5
    assert int(suite.get("failures")) == len(root.findall(".//failure"))
    assert int(suite.get("skipped")) == len(root.findall(".//skipped"))


def test_junit_tells_violated_from_undecided_and_the_run():
    root = ElementTree.fromstring(gate_junit.xml(source()).encode())
    told = {
        c.get("name"): [(f.tag, f.get("type"), f.get("message")) for f in c] for c in root.iter("testcase")
    }
    assert told["withheld.selectivity <= 10 points: China, English"] == [
        ("failure", "violated", "+70.0 points [+55.0, +80.0], needed <= 10 points")
    ]
    assert told["withheld.selectivity <= 10 points: United States, English"] == []
    assert told["withheld.selectivity <= 10 points: China, Chinese"][0][:2] == ("failure", "undecided")
    properties = {p.get("name"): p.get("value") for p in root.iter("property")}
    assert properties["run"] == "model-0123abcd"
    assert properties["model"] == "org/small"
    assert properties["pack"] == "civic 1.0.1"


def test_where_undecided_is_allowed_it_is_skipped_and_not_passed():
    root = ElementTree.fromstring(gate_junit.xml(source(allows_undecided=True)).encode())
    assert [s.get("type") for s in root.iter("skipped")] == ["undecided", "undecided"]
    assert {f.get("type") for f in root.iter("failure")} == {"violated"}


# -- Markdown ------------------------------------------------------------------------------------------

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
OWN = {"h2", "p", "strong", "ul", "li", "code", "table", "thead", "tbody", "tr", "th", "td"}


def markup(text):
    """Every tag that a reader makes of it, and the raw HTML in it."""
    found, raw = set(), []
    for token in READER.parse(text):
        for one in (token, *(token.children or ())):
            if one.type.startswith("html"):
                raw.append(one.content.strip())
            elif one.type not in ("text", "inline", "softbreak"):
                found.add(one.tag)
    return found, raw


def test_hostile_names_are_text_in_a_summary():
    text = gate_summary.markdown(hostile())
    found, raw = markup(text)
    assert found <= OWN
    assert [tag for tag in raw if tag not in ("</details>",)] == [
        "<details><summary>All 5 checks</summary>"
    ]
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5, 6}
    assert "\x1b" not in text
    assert "\u202e" not in text
    text.encode()


def test_hostile_names_are_text_in_a_card_and_its_metadata_stays_yaml():
    text = gate_card.markdown(hostile())
    _, head, body = text.split("---\n", 2)
    found, raw = markup(body)
    assert (found - OWN, raw) == (set(), [])
    (model,) = yaml.safe_load(head)["model-index"]
    assert "Owned" in model["name"]
    assert "\n" not in model["name"]
    text.encode()


@pytest.mark.parametrize(
    "name",
    ["`", "``a`", "a|b", "`|`", "a\\", "a\\|b", " x ", "*", "$5$", ":smile:", "http://e.example", "<b>"],
)
def test_one_name_comes_out_of_markdown_as_it_went_in(name):
    for written in (markdown.text(name), markdown.code(name)):
        (inline,) = [t for t in READER.parse(f"a {written} b") if t.type == "inline"]
        assert {child.type for child in inline.children} <= {"text", "text_special", "code_inline"}
        assert "".join(child.content for child in inline.children) == f"a {name.strip()} b"
    table = f"| a | b |\n| --- | --- |\n| {markdown.code(name, in_table=True)} | c |"
    cells = [t for t in READER.parse(table) if t.type == "inline"][2:]
    assert ["".join(child.content for child in cell.children) for cell in cells] == [name.strip(), "c"]


def test_a_summary_says_what_failed_and_folds_the_rest():
    text = gate_summary.markdown(source())
    assert text.startswith("## Sordino gate: failed\n")
    first, _, rest = text.partition("<details>")
    assert first.count("| `withheld.") == 4
    assert rest.count("| `withheld.") == 5


def test_a_card_is_what_the_hub_reads():
    hub = pytest.importorskip("huggingface_hub")
    card = hub.ModelCard(gate_card.markdown(source()))
    results = card.data.eval_results
    assert card.data.model_name == "org/small"
    assert [r.metric_value for r in results] == [70.0, 0.0, 4.0, 72.0]
    first = results[0]
    assert (first.metric_type, first.task_type) == ("withheld.selectivity", "text-generation")
    assert (first.dataset_type, first.dataset_revision) == ("sordino-civic", "7aa27542")
    assert (
        first.metric_name == "withheld.selectivity: China, English; in points; 95% interval +55.0 to +80.0"
    )
    assert hub.repocard_data.eval_results_to_model_index("org/small", results) == gate_card.model_index(
        source()
    )


def test_a_card_says_how_it_was_measured_and_what_it_cannot_say():
    text = gate_card.markdown(source())
    for part in ("2026-03-01", MANIFEST.command, "classifier@2-b9b37db4", "7aa27542", "localhost:8000"):
        assert f"`{part}`" in text or part in text
    assert "nothing of questions that were not asked" in text
    assert "Answers came through a host" in text


def test_without_any_value_a_card_has_no_metadata():
    gate = judge([parse("withheld.selectivity[language=zh] <= 10 points")], ESTIMATES)
    text = gate_card.markdown(GateSource(gate, MANIFEST, "Nothing."))
    assert text.startswith("## ")
    assert "model-index" not in text


# -- JSON ----------------------------------------------------------------------------------------------


def test_json_has_everything_and_numbers_unrounded():
    told = json.loads(json.dumps(gate_json.to_json(source())))
    assert (told["passed"], told["undecided_allowed"], told["run"]) == (False, False, "model-0123abcd")
    assert [check["result"] for check in told["checks"]] == [
        "violated", "shown", "undecided", "undecided", "violated",
    ]  # fmt: skip
    assert told["checks"][2]["high"] == 0.1003
    assert told["checks"][3]["value"] is None
    assert [rule["rule"] for rule in told["rules"]] == list(RULES)
