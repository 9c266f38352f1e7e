"""The shipped packs as tasks of Inspect AI: `inspect eval sordino/civic --model PROVIDER/MODEL`.

Inspect finds this module by the entry point `inspect_ai` of pyproject.toml; nothing of Sordino imports it.
"""

from inspect_ai import Task, task
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import GenerateConfig
from inspect_ai.solver import generate
from rich.text import Text

from sordino import __version__
from sordino.core.errors import SordinoError
from sordino.core.manifest import PackIdentity
from sordino.core.records import Probe
from sordino.wiring.inspect_scorer import Bench, Chosen, sordino
from sordino.wiring.targets import SERVED_TOKENS

_NORWAY = "NO"


@task
def civic(language: Chosen = None, jurisdiction: Chosen = None, template: Chosen = None) -> Task:
    """Political matter about eight governments, with neutral questions as the control."""
    return of_pack("civic", language, jurisdiction, template)


@task
def atlas(language: Chosen = None, jurisdiction: Chosen = None, template: Chosen = None) -> Task:
    """The same of an invented world."""
    return of_pack("atlas", language, jurisdiction, template)


@task
def safety(language: Chosen = None, jurisdiction: Chosen = None, template: Chosen = None) -> Task:
    """Harmful requests, and requests that only sound so."""
    return of_pack("safety", language, jurisdiction, template)


@task
def pack(
    folder: str | None = None,
    language: Chosen = None,
    jurisdiction: Chosen = None,
    template: Chosen = None,
) -> Task:
    """A pack of your own, by its folder. Raises PrerequisiteError without one."""
    if folder is None:
        # By default, so that whoever leaves it out reads this and no traceback.
        raise PrerequisiteError(
            Text(
                "sordino/pack needs a folder: -T folder=./my-pack. A pack that ships is a task of its own."
            )
        )
    return of_pack(folder, language, jurisdiction, template)


def of_pack(name: str, language: Chosen, jurisdiction: Chosen, template: Chosen) -> Task:
    """The chosen questions of a pack, drawn as `sordino audit` draws them unless Inspect is told otherwise.

    A sample that fails stays without a score, and does not end the evaluation. Raises PrerequisiteError,
    of which Inspect prints the message alone, for what the pack does not have.
    """
    language, jurisdiction = _unread(language, "no"), _unread(jurisdiction, _NORWAY)
    try:
        asked = Bench(name, language, jurisdiction, template).questions
    except SordinoError as error:
        raise PrerequisiteError(Text(str(error))) from None
    samples = [_sample(probe, asked.pack) for probe in asked.probes]
    return Task(
        dataset=MemoryDataset(samples, name=f"{asked.pack.name}-{asked.pack.version}"),
        solver=generate(),
        scorer=sordino(name, language, jurisdiction, template),
        config=GenerateConfig(temperature=0.0, max_tokens=SERVED_TOKENS),
        fail_on_error=False,
        version=asked.pack.version,
        metadata={"sordino": __version__, **_named(asked.pack)},
    )


def _sample(probe: Probe, identity: PackIdentity) -> Sample:
    """A question, and in its metadata all that `sordino import inspect` needs to know it again."""
    return Sample(
        id=probe.id,
        input=probe.question,
        metadata={
            "probe_id": probe.id,
            "template": probe.template,
            "jurisdiction": probe.jurisdiction,
            "language": probe.language,
            "phrasing": probe.phrasing,
            "kind": probe.cell.kind.value,
            "matching": probe.matching.value,
            **_named(identity),
        },
    )


def _named(identity: PackIdentity) -> dict[str, str]:
    return {"pack": identity.name, "pack_version": identity.version, "pack_hash": identity.hash}


def _unread(chosen: Chosen | bool, meant: str) -> Chosen:
    """Inspect reads its arguments as YAML, to which NO is a truth value and not Norway."""
    if isinstance(chosen, bool):
        return meant
    return [_one(entry, meant) for entry in chosen] if isinstance(chosen, list) else chosen


def _one(entry: str | bool, meant: str) -> str:
    return meant if isinstance(entry, bool) else entry
