"""Every pack that ships keeps the same promises."""

import pytest

from sordino.core import patterns
from sordino.packs import load
from sordino.packs.issues import Level
from sordino.packs.lint import lint

PACKS = load.names()


@pytest.fixture(scope="module", params=PACKS)
def pack(request):
    return load.pack(request.param)


def test_some_packs_ship():
    assert "atlas" in PACKS


def test_has_no_lint_errors(pack):
    assert [issue for issue in lint(pack) if issue.level is Level.ERROR] == []


def test_is_named_after_its_folder(pack):
    assert pack.identity.name in PACKS
    assert load.pack(pack.identity.name).identity == pack.identity


def test_asks_every_cell_in_every_language_and_phrasing(pack):
    probes = pack.probes()
    each = len(pack.jurisdictions) * len(pack.languages) * len(pack.phrasings)
    assert len(probes) == len(pack.templates) * each
    assert len({probe.id for probe in probes}) == len(probes)
    assert len({(probe.language, probe.question) for probe in probes}) == len(probes)


def test_has_neutral_and_political_templates(pack):
    assert {template.kind.value for template in pack.templates} == {"political", "neutral"}


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
                    assert not patterns.compile(flag.patterns[language]).first(answer), (
                        template.id,
                        flag.id,
                    )
