"""What makes a run repeatable: the manifest, and what a run owes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sordino.core.protocols import TargetIdentity
from sordino.core.records import Probe, Request


class RunStatus(StrEnum):
    RUNNING = "running"
    INTERRUPTED = "interrupted"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Owed:
    """A probe with the request that asks it; `request` is None when it was never asked and cannot be
    (a recording that does not hold it).
    """

    probe: Probe
    request: Request | None


@dataclass(frozen=True, slots=True)
class PackIdentity:
    """Which questions were asked. `source` is "pack", or "recording" when it brought its own."""

    name: str
    version: str
    hash: str
    source: str = "pack"
    title: str = ""
    invented: bool = False
    canary: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything needed to say what a run was, and to run it again.

    created: ISO 8601 in UTC. command: what repeats it. judges: ids by axis.
    settings: the audit's spec as plain JSON. environment: versions of what computed it.
    jurisdictions: display name by code and language, e.g. {"XB": {"en": "..."}}.
    templates: English title by template. notes: what a reader of the report must know.
    """

    run: str
    created: str
    sordino: str
    command: str
    target: TargetIdentity
    pack: PackIdentity
    settings: Mapping[str, object] = field(default_factory=dict)
    judges: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    jurisdictions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    templates: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
