"""What two runs are to each other, from their manifests, and what their sides are called."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sordino.core.manifest import Manifest
from sordino.core.names import language_name, target_name


class Relation(StrEnum):
    """Of side b to side a, the first that holds."""

    LANGUAGES = "languages"
    EPOCHS = "epochs"
    SETTINGS = "settings"
    HOSTS = "hosts"
    REVISIONS = "revisions"
    MODELS = "models"


_REVISION = 10
"""Characters of a revision that tell it from others."""


@dataclass(frozen=True, slots=True)
class Sides:
    """names: of a and b, short and unlike each other. title: of the whole comparison.

    Names are as their writers wrote them: whoever shows them makes them harmless.
    """

    relation: Relation
    title: str
    names: tuple[str, str]


def sides(a: Manifest, b: Manifest, languages: Sequence[str] | None = None) -> Sides:
    """What is compared. languages: of side a and side b, two of them, where these are the question."""
    relation = Relation.LANGUAGES if languages else relate(a, b)
    names = _languages(a, b, languages) if languages else _names(relation, a, b)
    ours, theirs = target_name(a.target.name), target_name(b.target.name)
    one = ours if ours == theirs else f"{ours} and {theirs}"
    title = {
        Relation.LANGUAGES: f"Two languages of {one}",
        Relation.EPOCHS: f"Drift between epochs of {one}",
        Relation.SETTINGS: f"Two audits of {one}",
        Relation.HOSTS: f"Two hosts of {one}",
        Relation.REVISIONS: f"{one}, before and after",
        Relation.MODELS: f"{names[0]} and {names[1]}",
    }[relation]
    return Sides(relation, title, names)


def relate(a: Manifest, b: Manifest) -> Relation:
    """The same target and another epoch, other settings, another host, another revision, or another model.

    A host's revision says nothing of its weights, so a model's name on two hosts is two hosts of it.
    """
    if a.target.name != b.target.name:
        return Relation.MODELS
    if a.target.host != b.target.host:
        return Relation.HOSTS
    if a.target.revision != b.target.revision:
        return Relation.REVISIONS
    return Relation.EPOCHS if _epoch(a) != _epoch(b) else Relation.SETTINGS


def _epoch(manifest: Manifest) -> str:
    return str(manifest.settings.get("epoch") or "")


def _names(relation: Relation, a: Manifest, b: Manifest) -> tuple[str, str]:
    """By the first way of calling them that tells them apart; failing that, by their runs."""
    called = ((called(a), called(b)) for called in _CALLED[relation])
    return next((names for names in called if names[0] != names[1]), (a.run, b.run))


def _languages(a: Manifest, b: Manifest, languages: Sequence[str]) -> tuple[str, str]:
    """The languages; and whose they are, where the targets differ."""
    first, second = (language_name(code) for code in languages)
    if a.target == b.target:
        return first, second
    ours, theirs = _names(relate(a, b), a, b)
    return f"{ours} in {first}", f"{theirs} in {second}"


def _epoch_name(manifest: Manifest) -> str:
    epoch = _epoch(manifest)
    return f"epoch {epoch}" if epoch else "no epoch"


_CALLED: Mapping[Relation, Sequence[Callable[[Manifest], str]]] = {
    Relation.EPOCHS: (_epoch_name,),
    Relation.SETTINGS: (),
    Relation.HOSTS: (lambda m: m.target.host or m.target.spec,),
    Relation.REVISIONS: (lambda m: m.target.spec, lambda m: m.target.revision[:_REVISION]),
    Relation.MODELS: (lambda m: target_name(m.target.name), lambda m: m.target.name),
}
