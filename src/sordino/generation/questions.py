"""The probes that a recording brings along: its own questions, matched as far as it says how."""

from collections.abc import Iterable

from sordino.core.errors import RecordingError
from sordino.core.identity import digest
from sordino.core.records import Cell, Matching, Probe
from sordino.generation.answers import Answer
from sordino.generation.siblings import Group, are_shared, templates

LONGEST_TEMPLATE = 80
"""Characters of a question that stands for its own template."""


def probes(stem: str, answers: Iterable[Answer], matching: Matching, *, derive: bool) -> list[Probe]:
    """One probe a question, in order.

    stem: the recording's name, which stands for the pack's. answers: one a question, with their language.
    derive: templates come from sibling ids, otherwise they are the recording's own.
    Raises RecordingError where siblings are asked for and there are none.
    """
    asked = list(answers)
    derived = _derived(asked, stem) if derive else {}
    found: dict[str, Probe] = {}
    for answer in asked:
        template = derived.get((_group(answer), answer.sibling_id or "")) or _own_template(answer)
        probe = _probe(stem, answer, template, matching, taken=found)
        found[probe.id] = probe
    return list(found.values())


def _derived(asked: list[Answer], name: str) -> dict[tuple[Group, str], str]:
    ids = ((_group(a), a.sibling_id) for a in asked if a.jurisdiction is not None)
    found = templates((group, id_) for group, id_ in ids if id_)
    if not are_shared(found):
        raise RecordingError(
            f"{name}: --siblings finds no two requests alike about two jurisdictions. It needs ids that "
            "end alike (china_07, us_07) and a jurisdiction in each row; name the columns, or leave it out."
        )
    return found


def _group(answer: Answer) -> Group:
    return answer.jurisdiction or "", answer.language or ""


def _own_template(answer: Answer) -> str:
    given = answer.template or answer.question_id
    if given or len(answer.question) <= LONGEST_TEMPLATE:
        return given or answer.question
    return f"{answer.question[:LONGEST_TEMPLATE]}… {digest(answer.question)[:8]}"


def _probe(stem: str, answer: Answer, template: str, matching: Matching, taken: dict[str, Probe]) -> Probe:
    """Questions that nothing else tells apart are numbered phrasings of one cell."""
    given, number = answer.phrasing or "1", 1
    phrasing, language = given, answer.language or "und"
    head = f"{stem}/{template}/{answer.jurisdiction or '-'}/{language}"
    while f"{head}/{phrasing}" in taken:
        number += 1
        phrasing = f"{given}.{number}" if answer.phrasing else str(number)
    cell = Cell(template=template, jurisdiction=answer.jurisdiction)
    return Probe(f"{head}/{phrasing}", stem, cell, language, phrasing, answer.question, matching)
