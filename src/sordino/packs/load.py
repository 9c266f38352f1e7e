"""From a folder of YAML to a Pack: read, validate, build. Shipped packs live in `data/`."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from sordino.core.errors import PackError, unknown
from sordino.core.identity import digest
from sordino.core.manifest import PackIdentity
from sordino.core.records import Cell, Fact, Flag, Kind
from sordino.packs import errors, extension, reading
from sordino.packs.pack import Ask, Entry, Pack, Template, numbered
from sordino.packs.reading import Document
from sordino.packs.schema import (
    AddedFile,
    CellEntry,
    ExtensionFile,
    FactEntry,
    HeadFile,
    PackFile,
    TemplateFile,
)

_Model = TypeVar("_Model", bound=BaseModel)
_OfTemplate = TypeVar("_OfTemplate", TemplateFile, AddedFile)


def names() -> list[str]:
    """The packs that ship with Sordino."""
    return sorted(folder.name for folder in _shipped().iterdir() if folder.joinpath("pack.yaml").is_file())


def pack(name_or_path: str | Path) -> Pack:
    """A shipped pack by name, or a pack's folder by path.

    Raises PackError, which names file, line, field and mend, for anything that is not a sound pack.
    """
    given = str(name_or_path)
    return _of_name(given) if given in names() else _read(*_folder(given))


@cache
def _of_name(name: str) -> Pack:
    """A shipped pack: what extends it reads it too, and its files do not change."""
    return _read(_shipped().joinpath(name), name, proven=True)


def _read(folder: Traversable, label: str, below: tuple[str, ...] = (), *, proven: bool = False) -> Pack:
    """below: the folders of the packs that extend it."""
    documents = [reading.read(content, where) for where, content in _contents(folder, label).items()]
    value = documents[0].value
    if isinstance(value, dict) and "extends" in value:
        return _extension(folder, documents, below, proven=proven)
    head = _validated(PackFile, documents[0])
    context = {
        "proven": proven,
        "languages": head.languages,
        "jurisdictions": list(head.jurisdictions),
        "phrasings": list(head.phrasings),
    }
    written = _templates(TemplateFile, documents[1:], context)
    return Pack(
        identity=_identity(head, documents, invented=head.invented),
        description=head.description or "",
        licence=head.licence,
        languages=tuple(head.languages),
        jurisdictions=head.jurisdictions,
        phrasings=head.phrasings,
        templates=tuple(_template(template) for template in written),
    )


def _extension(
    folder: Traversable, documents: Sequence[Document], below: tuple[str, ...], *, proven: bool
) -> Pack:
    head = _validated(ExtensionFile, documents[0])
    base = _base(folder, head, documents[0], below)
    extension.check_head(head, documents[0], base)
    whole = [document for document in documents[1:] if _is_whole(document)]
    added = [document for document in documents[1:] if not _is_whole(document)]
    context = {**extension.context(head, base), "proven": proven}
    written = _templates(AddedFile, added, context)
    for file, document in zip(written, added, strict=True):
        extension.check_added(file, document, head, base)
    own = _templates(TemplateFile, whole, context)
    for template, document in zip(own, whole, strict=True):
        extension.check_own(template, document, base)
    identity = _identity(head, documents, invented=base.identity.invented, base=base.identity.hash)
    return extension.extended(head, identity, base, written, [_template(template) for template in own])


def _is_whole(document: Document) -> bool:
    """Whether the file of an extension is a template of its own."""
    return isinstance(document.value, dict) and "kind" in document.value


def _base(folder: Traversable, head: ExtensionFile, document: Document, below: tuple[str, ...]) -> Pack:
    """The pack that is extended: a shipped one, or that of a folder beside."""
    if head.extends in names():
        return _of_name(head.extends)
    here = Path(str(folder)).resolve()
    beside = here.parent / head.extends
    if str(beside) in (*below, str(here)):
        mend = "Name a pack that does not rest on this one."
        raise errors.at(document, ["extends"], f"{head.extends!r} in turn extends this pack. {mend}")
    if not beside.joinpath("pack.yaml").is_file():
        mend = "The name of a pack's folder beside this one will do too."
        raise errors.at(document, ["extends"], unknown("pack", head.extends, names(), mend))
    label = document.where.removesuffix("/pack.yaml") + f"/../{head.extends}"
    return _read(beside, label, (*below, str(here)))


def _shipped() -> Traversable:
    return files("sordino.packs").joinpath("data")


def _folder(given: str) -> tuple[Traversable, str]:
    known = names()
    try:
        folder = Path(given)
        is_pack, is_folder = folder.joinpath("pack.yaml").is_file(), folder.is_dir()
    except (OSError, ValueError):
        is_pack = is_folder = False
    if is_pack:
        return folder, given.rstrip("/\\")
    if is_folder and given:
        raise PackError(
            f"{given}: the folder holds no pack.yaml. Write one, or name one of: {', '.join(known)}."
        )
    raise PackError(unknown("pack", given, known, "The path of a pack's folder will do too."))


def _contents(folder: Traversable, label: str) -> Mapping[str, bytes]:
    """The pack's files by shown path, pack.yaml first, the templates by name."""
    templates = folder.joinpath("templates")
    inside = list(templates.iterdir()) if templates.is_dir() else []
    beside = [item for item in folder.iterdir() if item.name != "pack.yaml"]
    for item in inside + beside:
        if item.name.endswith((".yml", ".YAML", ".YML")) or (
            item in beside and item.name.endswith(".yaml")
        ):
            raise PackError(
                f"{label}: {item.name} would be ignored. Rename it to templates/<id>.yaml or remove it."
            )
    chosen = {f"{label}/pack.yaml": folder.joinpath("pack.yaml")}
    for item in sorted(inside, key=lambda item: item.name):
        if item.name.endswith(".yaml") and not item.name.startswith("."):
            chosen[f"{label}/templates/{item.name}"] = item
    if len(chosen) == 1:
        raise PackError(f"{label}/templates: there is no template. Add one as templates/<id>.yaml.")
    return {where: _bytes(item, where) for where, item in chosen.items()}


def _bytes(item: Traversable, where: str) -> bytes:
    try:
        return item.read_bytes()
    except OSError as error:
        raise PackError(
            f"{where}: it cannot be read ({error.strerror}). Check that it is a readable file."
        ) from None


def _validated(model: type[_Model], document: Document, context: object = None) -> _Model:
    try:
        return model.model_validate(document.value, context=context)
    except ValidationError as error:
        raise errors.from_validation(error, document) from None


def _templates(
    model: type[_OfTemplate], documents: Sequence[Document], context: Mapping[str, object]
) -> list[_OfTemplate]:
    written = []
    for document in documents:
        template = _validated(model, document, context)
        name = document.where.rsplit("/", 1)[-1].removesuffix(".yaml")
        if template.template != name:
            mend = f"Rename the file to {template.template}.yaml, or the template to {name}."
            raise errors.at(document, ["template"], f"the file is named {name}.yaml. {mend}")
        written.append(template)
    return written


def _identity(
    head: HeadFile, documents: Sequence[Document], *, invented: bool, base: str | None = None
) -> PackIdentity:
    """base: the hash of the pack that this one extends."""
    start = len(documents[0].where) - len("pack.yaml")
    content = {document.where[start:]: document.digest for document in documents}
    return PackIdentity(
        name=head.pack,
        version=head.version,
        hash=digest(content if base is None else content | {"extends": base}),
        title=head.title,
        invented=invented,
        canary=head.canary,
    )


def _template(written: TemplateFile) -> Template:
    entries = {code: _entry(written, code, cell) for code, cell in written.cells.items()}
    asks = tuple(Ask(request.id, request.part, request.text) for request in written.requests)
    questions = {**written.questions, **numbered(written.paraphrases)}
    return Template(written.template, Kind(written.kind), written.title, questions, entries, asks)


def _entry(written: TemplateFile, code: str, cell: CellEntry) -> Entry:
    return Entry(
        cell=Cell(
            template=written.template,
            jurisdiction=code,
            kind=Kind(written.kind),
            matter=cell.matter,
            gravity=cell.gravity,
            facts=tuple(_fact(fact) for fact in cell.facts),
            flags=tuple(Flag(f.id, f.text, _tuples(f.patterns)) for f in cell.flags),
        ),
        year=cell.year,
        contested=cell.contested or "",
        slots=cell.slots,
        references=cell.references,
        state_lines=_tuples(cell.state_lines),
    )


def _fact(written: FactEntry) -> Fact:
    source = None if written.source is None else str(written.source)
    verified = None if written.verified is None else written.verified == "page"
    return Fact(written.id, written.text, _tuples(written.patterns), source, verified, written.address)


def _tuples(by_language: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    return {language: tuple(texts) for language, texts in by_language.items()}
