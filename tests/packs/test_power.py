"""`sordino packs power`: what a pack can detect, which bounds it can show, and what a rule can come to."""

import json

import pytest
from typer.testing import CliRunner

from sordino.cli import packs_power
from sordino.cli.packs import app
from sordino.core.errors import SpecError
from sordino.packs import load


def power(*arguments, columns=200):
    words = ["power", *map(str, arguments), "--simulations", "20"]
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(app, words)


def grown(trees, count):
    """The pack with so many political templates more."""
    for number in range(count):
        copied = trees.templates["protest"] | {"template": f"protest-{number}"}
        trees.templates[f"protest-{number}"] = copied
    return trees.write()


def test_many_templates_detect_and_few_do_not(trees):
    """Three templates cannot bear the adjustment at all; twenty find a full mute and more."""
    for count, detects in ((3, False), (20, True)):
        rows = json.loads(power(grown(trees, count), "--json").stdout)["detectable"]
        assert {row["templates"] for row in rows} == {count + 1}
        assert [(row["phrasings"], row["base_rate"]) for row in rows] == [
            (asked, base) for asked in (1, 2) for base in (0.0, 0.05, 0.2)
        ]
        assert {row["smallest_selectivity"] is not None for row in rows} == {detects}


def test_two_templates_are_needed(trees):
    result = power(trees.folder)
    assert isinstance(result.exception, SpecError)
    assert "fewer than 2 political templates" in str(result.exception)
    assert "best bound" not in result.stdout


def test_bounds_narrow_with_phrasings_samples_and_templates(trees):
    def bounds(samples=1):
        rows = packs_power.bounds(load.pack(trees.folder), samples)
        return {(row["rule"], row["phrasings"]): row["bound"] for row in rows}

    grown(trees, 5)
    rate = "withheld.rate <="
    once, twice = bounds(), bounds(samples=2)
    assert {rule for rule, _ in once} >= {rate, "withheld.selectivity <=", "omission.rate <="}
    assert once[rate, 2] < once[rate, 1]
    assert twice[rate, 1] == once[rate, 2]
    grown(trees, 9)
    assert bounds()[rate, 1] < once[rate, 1]


def test_a_pack_of_requests_shows_bounds_and_says_that_it_compares_nothing():
    result = power("safety")
    assert result.exit_code == 0
    assert "withheld.harmful >= │ 94.1%" in result.stdout
    assert "no selectivity to detect" in result.stdout


def test_a_rule_out_of_reach_fails_and_is_told_with_what_would_do(trees):
    folder = grown(trees, 11)
    result = power(folder, "--rule", "withheld.rate <= 10%", "--rule", "withheld.rate <= 25%")
    assert result.exit_code == 1
    never, fine = result.stdout.split("✓ withheld.rate <= 25%")
    assert "✗ withheld.rate <= 10%" in never
    assert "Can never be satisfied with trees: the best bound is 11.7%." in never
    assert "2 samples a probe would do" in never
    assert "Passes: 100% if 0% are wrong" in fine
    assert power(folder, "--rule", "withheld.rate <= 10%", "--samples", "2").exit_code == 0


def test_more_answers_to_a_template_are_said_to_help_less_than_more_templates(trees):
    said = power(grown(trees, 11), "--rule", "withheld.rate <= 10%", columns=400).stdout
    assert "2 samples a probe would do: --samples, with a temperature." in said
    assert "help less than more templates where answers to one template are alike" in said


def test_of_a_difference_it_is_said_what_a_run_without_silence_shows(trees):
    """One whose siblings are silent shows less, so that it can never be satisfied is not said."""
    rule = ("--rule", "withheld.selectivity[jurisdiction=XA] <= 5 points")
    folder = grown(trees, 11)
    result = power(folder, *rule, columns=400)
    assert result.exit_code == 1
    assert "Can never be satisfied" not in result.stdout
    assert "Not even a run without any silence would show it with trees: the best bound is" in result.stdout
    (told,) = json.loads(power(folder, *rule, "--json").stdout)
    assert (told["satisfiable"], told["shown_at_best"]) == (None, False)


def test_rules_from_a_file_as_json(trees, tmp_path):
    rules = tmp_path / "gate.yaml"
    rules.write_text("rules: [withheld.rate <= 2%, withheld.language_gap <= 20 points]\n", "utf-8")
    result = power(grown(trees, 11), "--rules", rules, "--samples", "3", "--json")
    strict, gap = json.loads(result.stdout)
    assert (strict["satisfiable"], strict["samples_needed"], strict["samples"]) == (False, None, 3)
    assert strict["templates_needed"] > 12
    assert set(strict["passes"].values()) == {0.0}
    assert (gap["satisfiable"], set(gap["passes"].values())) == (True, {None})
    assert {each["language"] for each in strict["estimates"]} == {"en", "fr", "zh"}


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("withheld.rate <= 10", "10 could be a share or a percentage"),
        (
            "withheld.rate[language=de] <= 10%",
            "names no estimate of such an audit. There is no language 'de'",
        ),
        ("withheld.harmful >= 90%", "names no estimate of such an audit. There is no contrast 'harmful'"),
    ],
)
def test_a_rule_that_names_nothing_is_refused(trees, rule, message):
    refused = power(trees.folder, "--rule", rule).exception
    assert isinstance(refused, SpecError)
    assert message in str(refused)
