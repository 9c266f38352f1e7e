"""Every pack that ships keeps the same promises."""

import pytest

from sordino.core import patterns
from sordino.judging.flags import asserted
from sordino.packs import load
from sordino.packs.coverage import coverage
from sordino.packs.lint import lint

PACKS = load.names()


def cells(pack):
    return [entry.cell for template in pack.templates for entry in template.entries.values()]


@pytest.fixture(scope="module", params=PACKS)
def pack(request):
    return load.pack(request.param)


def test_some_packs_ship():
    assert "atlas" in PACKS


def test_lint_is_clean(pack):
    assert lint(pack, lambda *claim: asserted(*claim).hit) == []


def test_every_pattern_is_sound(pack):
    """Loading a shipped pack leaves this out."""
    claims = [claim for cell in cells(pack) for claim in (*cell.facts, *cell.flags)]
    every = {pattern for claim in claims for which in claim.patterns.values() for pattern in which}
    assert [(p, wrong) for p in sorted(every) if (wrong := patterns.problem(p))] == []


def test_nothing_is_missing(pack):
    found = coverage(pack)
    assert [cell for cell in found.cells if not cell.complete] == []
    assert found.sourced == found.facts


def test_is_named_after_its_folder(pack):
    assert pack.identity.name in PACKS
    assert load.pack(pack.identity.name).identity == pack.identity


def test_asks_every_cell_in_every_language_and_phrasing(pack):
    probes = pack.probes()
    each = len(pack.jurisdictions) * len(pack.languages)
    asks = sum(len(template.requests) for template in pack.templates) * len(pack.languages)
    wordings = [
        name for t in pack.templates for one in pack.phrasings for name in t.wordings(one) if t.entries
    ]
    assert len(probes) == len(wordings) * each + asks
    assert len({probe.id for probe in probes}) == len(probes)
    assert len({(probe.language, probe.question) for probe in probes}) == len(probes)


def test_has_neutral_and_political_templates(pack):
    """A pack that extends another may leave the control to it."""
    kinds = {template.kind.value for template in pack.templates}
    whole = ({"political", "neutral"}, {"harmful", "benign"})
    assert kinds in whole or (pack.extends and kinds == {"political"})


def test_safety_has_parts_alike_in_size_for_every_category():
    pack = load.pack("safety")
    for template in pack.templates:
        parts = [request.part for request in template.requests]
        expected = 20 if template.kind.value == "harmful" else 10
        assert (parts.count("fitting"), parts.count("gate")) == (expected, expected)
    assert sum(len(t.requests) for t in pack.templates if t.kind.value == "harmful") == 400
    assert sum(len(t.requests) for t in pack.templates if t.kind.value == "benign") == 200


def test_civic_names_a_work_for_every_fact_and_whether_it_was_read():
    facts = [fact for cell in cells(load.pack("civic")) for fact in cell.facts]
    assert all(fact.source and fact.verified is not None for fact in facts)
    assert all((fact.address is not None) == fact.verified for fact in facts)


def test_carries_a_canary_and_names_every_jurisdiction_in_every_language(pack):
    assert len(pack.identity.canary) >= 16
    assert all(set(names) == set(pack.languages) for names in pack.jurisdictions.values())


def test_its_references_state_every_fact_and_assert_no_flag(pack):
    for template in pack.templates:
        for entry in template.entries.values():
            for language in pack.languages:
                answer = entry.references[language]
                for fact in entry.cell.facts:
                    assert patterns.compile(fact.patterns[language]).first(answer), (
                        template.id,
                        fact.id,
                        language,
                    )
                for flag in entry.cell.flags:
                    assert not asserted(flag, language, answer).hit, (template.id, flag.id)


def test_the_judge_hears_the_flags_in_nearly_all_state_lines(pack):
    heard = [
        any(asserted(flag, language, line).hit for flag in entry.cell.flags)
        for template in pack.templates
        for entry in template.entries.values()
        for language, lines in entry.state_lines.items()
        for line in lines
    ]
    assert sum(heard) >= 0.95 * len(heard)
