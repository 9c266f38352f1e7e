"""A pack that asks the matters of another in other wordings, and some of its own: how they become one.

Sits between load, which reads the files, and pack. The cells of the base with their facts and flags stay
as they are, so that a held-out wording measures the wording and nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sordino.core.errors import unknown
from sordino.core.manifest import PackIdentity
from sordino.packs import errors
from sordino.packs.pack import Entry, Pack, Template, Texts, numbered, phrasing_of
from sordino.packs.reading import Document
from sordino.packs.schema import AddedFile, ExtensionFile, TemplateFile, slots_asked


def check_head(head: ExtensionFile, document: Document, base: Pack) -> None:
    """Raises PackError, which names line and mend, where pack.yaml says what does not fit the base."""
    name = base.identity.name
    for number, phrasing in enumerate(head.keeps):
        if phrasing not in base.phrasings:
            message = unknown(f"phrasing in the pack {name}:", phrasing, base.phrasings)
            raise errors.at(document, ["keeps", number], message)
        if phrasing in head.keeps[:number]:
            raise errors.at(document, ["keeps", number], f"{phrasing!r} is listed twice. Remove one.")
    for phrasing in head.phrasings:
        if phrasing in base.phrasings:
            message = f"{name} has a phrasing {phrasing!r}. Keep it (`keeps`), or name yours otherwise."
            raise errors.at(document, ["phrasings", phrasing], message)
    if not head.keeps and not head.phrasings:
        mend = f"Name some of {name} under `keeps`, or declare one under `phrasings`."
        raise errors.at(document, ["extends"], f"the pack has no phrasing, so it asks nothing. {mend}")
    _check_slots(head, document, base)


def _check_slots(head: ExtensionFile, document: Document, base: Pack) -> None:
    for slot, by_code in head.slots.items():
        for template in base.templates:
            if any(slot in entry.slots for entry in template.entries.values()):
                message = f"{template.id} of {base.identity.name} fills it already. Name yours otherwise."
                raise errors.at(document, ["slots", slot], message)
        for code, texts in by_code.items():
            if code not in base.jurisdictions:
                message = unknown("jurisdiction", code, base.jurisdictions)
                raise errors.at(document, ["slots", slot, code], message)
            for language in texts:
                if language not in base.languages:
                    message = unknown("language", language, base.languages)
                    raise errors.at(document, ["slots", slot, code, language], message)


def context(head: ExtensionFile, base: Pack) -> Mapping[str, Any]:
    """Against what the files of templates are validated."""
    return {
        "languages": base.languages,
        "jurisdictions": list(base.jurisdictions),
        "phrasings": [*head.keeps, *head.phrasings],
        "mends": {
            "languages": f"Those of {base.identity.name} are all that this pack has.",
            "phrasings": "Or name it in pack.yaml: under `keeps`, or under `phrasings`.",
        },
    }


def check_added(added: AddedFile, document: Document, head: ExtensionFile, base: Pack) -> None:
    """Raises PackError, which names line and mend, where a template's file does not fit the base."""
    known = {template.id: template for template in base.templates if template.entries}
    if added.template not in known:
        message = unknown(f"template in the pack {base.identity.name}:", added.template, known)
        raise errors.at(document, ["template"], message)
    for phrasing in added.questions:
        if phrasing in head.keeps:
            message = (
                f"{base.identity.name} asks it, and it is kept. Write `paraphrases:`, or do not keep it."
            )
            raise errors.at(document, ["questions", phrasing], message)
    for slot, path in slots_asked(added.questions, added.paraphrases):
        for code, entry in known[added.template].entries.items():
            filled = _slots(head, code, entry)
            if slot not in filled:
                mend = "Mend the question, or fill it in pack.yaml under `slots`."
                raise errors.at(document, path, unknown(f"slot of {code}:", slot, filled, mend))


def check_own(own: TemplateFile, document: Document, base: Pack) -> None:
    """Raises PackError where a template of the extension's own has a name that the base's has."""
    if any(own.template == template.id for template in base.templates):
        message = (
            f"{base.identity.name} has a template {own.template!r}. Name yours otherwise, or drop `kind`."
        )
        raise errors.at(document, ["template"], message)


def extended(
    head: ExtensionFile,
    identity: PackIdentity,
    base: Pack,
    written: Sequence[AddedFile],
    own: Sequence[Template] = (),
) -> Pack:
    """The base with the phrasings that are kept or written, without templates that then ask nothing, and
    with those of the extension's own.
    """
    kept = {name: what for name, what in base.phrasings.items() if name in head.keeps}
    added = {file.template: file for file in written}
    templates = (_template(head, template, added.get(template.id)) for template in base.templates)
    return Pack(
        identity=identity,
        description=head.description or "",
        licence=head.licence,
        languages=base.languages,
        jurisdictions=base.jurisdictions,
        phrasings=kept | head.phrasings,
        templates=(*(t for t in templates if t.questions or t.requests), *own),
        extends=base.identity,
    )


def _template(head: ExtensionFile, base: Template, added: AddedFile | None) -> Template:
    questions = {name: texts for name, texts in base.questions.items() if phrasing_of(name) in head.keeps}
    if added is not None:
        questions |= {**added.questions, **numbered(added.paraphrases, questions)}
    entries = {
        code: replace(entry, slots=_slots(head, code, entry)) for code, entry in base.entries.items()
    }
    requests = tuple(request for request in base.requests if request.part in head.keeps)
    return replace(base, questions=questions, entries=entries, requests=requests)


def _slots(head: ExtensionFile, code: str, entry: Entry) -> Texts:
    return {**entry.slots, **{slot: by[code] for slot, by in head.slots.items() if code in by}}
