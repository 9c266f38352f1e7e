"""A remedy from its settings: asks the model, climbs the ladder, and writes what came of it.

What was settled before an interruption is in a working folder beside the result: the same command goes on.
"""

import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from sordino import __version__
from sordino.core.errors import SpecError, TargetError, unknown
from sordino.core.identity import digest
from sordino.core.names import jurisdiction_name
from sordino.core.records import Kind
from sordino.remedy import gates, invented, sums
from sordino.remedy import record as records
from sordino.remedy import sets as fitting_sets
from sordino.remedy.gates import SAFETY_PACK
from sordino.remedy.record import Record, Rung, Tried
from sordino.remedy.screening import Own
from sordino.remedy.sets import Item, Sets, Split
from sordino.remedy.staging import staged
from sordino.wiring import remedy_controls, remedy_steering, targets
from sordino.wiring import remedy_measuring as measuring
from sordino.wiring.remedy_folder import AFTER, BEFORE, RECORD, STORE, RemedyFolder
from sordino.wiring.remedy_gating import mostly_muted
from sordino.wiring.remedy_ladder import Ladder, adapter_beside
from sordino.wiring.remedy_measuring import Asking, Before, Progress
from sordino.wiring.remedy_settings import RemedySettings, require_weights

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
LIBRARIES = ("torch", "transformers", "peft", "trl", "optuna", "numpy", "scipy")


def remedy(
    settings: RemedySettings, *, progress: Progress = lambda _stage, _done, _total: None
) -> RemedyFolder:
    """Carry out a remedy, or the rest of it; the folder holds a model only where a rung was accepted.

    Raises SpecError for what cannot be done as told and where nothing is withheld, TargetError for a model
    that cannot be loaded or edited, and whatever an audit raises.
    """
    began = monotonic()
    settings.check()
    _require_libraries(settings)
    _check_pack(settings)
    own = screened(settings)
    settings = _checked_model(replace(settings, contents=_contents(settings)))
    _make(settings.work)
    try:
        ladder = _ladder(settings, Asking(settings, settings.work / STORE, progress), own)
    except SpecError:
        # The same command would come to the same end: there is nothing to go on with.
        shutil.rmtree(settings.work, ignore_errors=True)
        raise
    told, tried = ladder.told, ladder.climb()
    record = _record(settings, ladder, tried)
    if (accepted := record.accepted) is not None:
        runs = {BEFORE: told.pack.id, AFTER: str(accepted.run)}
        record = _beside(ladder, replace(record, runs=runs), accepted.rung)
    folder = _written(ladder, replace(record, seconds=monotonic() - began))
    shutil.rmtree(settings.work, ignore_errors=True)
    return folder


def _beside(ladder: Ladder, record: Record, rung: Rung) -> Record:
    """With what is measured beside the gates. A TargetError there becomes a note: it must not cost the
    accepted edit.
    """
    settings, notes = ladder.told.asking.settings, list(record.notes)

    def as_far(what: str, made: Iterable[T]) -> tuple[T, ...]:
        found: list[T] = []
        try:
            for one in made:
                found.append(one)
        except TargetError as error:
            notes.append(f"{what} could not be measured in full: {_placeless(error, settings)}")
        return tuple(found)

    controls, carried = remedy_controls.controls, remedy_controls.carries_over
    return replace(
        record,
        controls=as_far("Controls", controls(ladder, rung)) if settings.controls else (),
        carries_over=as_far("Carrying over", carried(ladder, rung)) if settings.carry_over else (),
        notes=tuple(notes),
    )


def _placeless(error: TargetError, settings: RemedySettings) -> str:
    """Without where the working folder lay, which is of no use to a reader."""
    return str(error).replace(f"{settings.work}{os.sep}", "")


def _make(work: Path) -> None:
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpecError(
            f"{work.parent} cannot be written ({error}). Name another place with --out."
        ) from error


def _ladder(settings: RemedySettings, asking: Asking, own: Sequence[Own]) -> Ladder:
    """What the model says before, and what is fitted on; own: rows of the user's. Raises SpecError where
    there is nothing to remedy, which is known before all else is asked.
    """
    pack = asking.run(settings.target, settings.asked, "before")
    split = fitting_sets.split(
        pack.outcomes, settings.jurisdiction, share=settings.share, seed=settings.seed
    )
    _require_provable(settings, pack.outcomes, split)
    rows, notes = _to_fit(settings, own, split)
    told = measuring.before(asking, pack)
    return Ladder(told, split, _sets(settings, told, split, rows), notes)


def _require_provable(settings: RemedySettings, outcomes: "pd.DataFrame", split: Split) -> None:
    """Raises SpecError where too few muted topics are held out for any edit to pass."""
    own, _ = measuring.split_kinds(outcomes, settings.jurisdiction)
    own = own[own["template"].isin(split.held_out)]
    planted = mostly_muted(own, own)
    end, topics = gates.best(planted), planted["template"].nunique()
    if end is not None and end > (most := settings.limits.muted_end):
        raise SpecError(
            f"No edit could pass: {topics} topics are held out on which {settings.jurisdiction} is mostly "
            f"muted, and with no answer muted afterwards the interval would still end at {end:.0%}, above "
            f"{most:.0%}. Hold out more with a lower --share (now {settings.share:g}), or take a larger "
            "pack."
        )


def _sets(settings: RemedySettings, told: Before, split: Split, rows: Sequence[Own] = ()) -> Sets:
    """rows: of the user's own."""
    made = fitting_sets.sets(
        told.pack.exchanges,
        told.fitting.exchanges,
        settings.jurisdiction,
        split.fitted,
        told.honest,
        most=settings.most,
        seed=settings.seed,
        neutral=split.neutral_fitted,
    )
    if not made.harmful:
        n = int(told.fitting.outcomes["kind"].eq(Kind.HARMFUL.value).sum())
        raise SpecError(
            f"The model refuses none of {n} harmful requests, so that nothing could show that an edit keeps"
            " its refusals. Take a model that refuses harm."
        )
    politics, elsewhere = _invented(settings, told)
    made = replace(
        made,
        withheld=(*made.withheld, *_own(settings, told, rows)),
        invented=politics,
        unknown=elsewhere,
    )
    chosen = made.only(settings.fit_languages or told.languages)
    if len(chosen.withheld) < fitting_sets.FEWEST_PROBES:
        raise SpecError(
            f"Only {len(chosen.withheld)} withheld questions about {settings.jurisdiction} have an answer "
            f"that the model gives once it is begun for it; {fitting_sets.FEWEST_PROBES} are needed to fit "
            "on. The model may not know more. Take a larger pack or more languages."
        )
    return chosen


def _invented(settings: RemedySettings, told: Before) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """Of politics about the jurisdiction; and all else that is invented: with what the model says, but for
    what is everyday elsewhere.
    """
    places = sorted(told.outcomes["jurisdiction"].dropna().unique())
    here, others = [settings.jurisdiction], [code for code in places if code != settings.jurisdiction]
    asked = [
        list(invented.questions(kind, codes, told.languages))
        for kind, codes in (
            (invented.POLITICS, here),
            (invented.POLITICS, others),
            (invented.EVERYDAY, here),
        )
    ]
    whole = [item.question for some in asked for item in some]
    said = iter(told.asking.answers(settings.target, whole, "before, of invented matters"))
    own, *rest = ([replace(item, own=next(said).text) for item in some] for some in asked)
    everyday = invented.questions(invented.EVERYDAY, others, told.languages)
    return tuple(own), (*(item for some in rest for item in some), *everyday)


def _own(settings: RemedySettings, told: Before, rows: Sequence[Own]) -> tuple[Item, ...]:
    """The user's own questions, with what the model says to them.

    Whether it mutes them is not checked, because no judge knows what they ask: one that it answers openly
    is fitted on like the others. One that nothing came back to is left out.
    """
    if not rows:
        return ()
    said = told.asking.answers(settings.target, [row.question for row in rows], "your fitting set")
    return tuple(
        Item(f"fitting/{row.line}", "fitting", row.language, row.question, own.text, row.answer)
        for row, own in zip(rows, said, strict=True)
        if own.text
    )


def _to_fit(
    settings: RemedySettings, rows: Sequence[Own], split: Split
) -> tuple[Sequence[Own], tuple[str, ...]]:
    """The user's rows but for those on what only the gates may ask, and a note of those."""
    from sordino.packs import load  # noqa: PLC0415 - brings pydantic
    from sordino.remedy import screening  # noqa: PLC0415
    from sordino.remedy.dataset_topics import Topics  # noqa: PLC0415

    if not rows:
        return rows, ()
    pack, held_out = load.pack(settings.asked), (*split.held_out, *split.neutral_held_out)
    fit, left = screening.parted(rows, held_out, pack, Topics([pack], load.pack(SAFETY_PACK)))
    if not left:
        return fit, ()
    lines = ", ".join(str(row.line) for row in left)
    note = f"Left out of the user's {len(rows)} rows to fit on, being on held-out topics: lines {lines}."
    return fit, (note,)


def screened(settings: RemedySettings) -> list[Own]:
    """The user's rows. Raises SpecError where one may be harmful, or is in no language of the pack."""
    from sordino.packs import load  # noqa: PLC0415 - brings pydantic
    from sordino.remedy import screening  # noqa: PLC0415
    from sordino.remedy.dataset_topics import Topics  # noqa: PLC0415

    if settings.fitting is None:
        return []
    safety, pack = load.pack(SAFETY_PACK), load.pack(settings.asked)
    rows = screening.read(settings.fitting, Topics([pack], safety), safety)
    for row in rows:
        if row.language not in pack.languages:
            raise SpecError(
                f"--fitting {settings.fitting}, line {row.line}: "
                + unknown("language", row.language, pack.languages, "Say it in the row's `language`.")
            )
    return rows


def _record(settings: RemedySettings, ladder: Ladder, tried: Sequence[Tried]) -> Record:
    told, split = ladder.told, ladder.split
    manifest = told.pack.manifest
    return Record(
        target=settings.target,
        model=manifest.target.name,
        revision=manifest.target.revision,
        pack=manifest.pack.name,
        jurisdiction=settings.jurisdiction,
        name=manifest.jurisdictions.get(settings.jurisdiction, {}).get("en", settings.jurisdiction),
        fitted=split.fitted,
        held_out=split.held_out,
        languages=told.languages,
        fitted_languages=tuple(sorted({item.language for item in ladder.sets.withheld})),
        sets=ladder.sets.counts(),
        tried=tuple(tried),
        controls=(),
        carries_over=(),
        runs={BEFORE: told.pack.id},
        command=settings.command(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=0.0,
        seed=settings.seed,
        environment={"sordino": __version__, **{name: version(name) for name in LIBRARIES}},
        notes=(*split.notes, *ladder.notes),
    )


def _written(ladder: Ladder, record: Record) -> RemedyFolder:
    settings = ladder.told.asking.settings
    with staged(settings.out) as there:
        if record.accepted is not None:
            place = ladder.candidate(record.accepted.rung.value)
            beside = adapter_beside(place)
            chosen = beside if settings.adapter and beside.is_dir() else place
            shutil.copytree(chosen, there, dirs_exist_ok=True)
        if record.accepted is not None and settings.steering:
            record = replace(record, notes=(*record.notes, _steering(ladder, there)))
        (there / RECORD).write_text(records.to_json(record), "utf-8")
        shutil.copy(settings.work / STORE, there / STORE)
        RemedyFolder.open(there).write()
        sums.write(there)
    return RemedyFolder.open(settings.out)


def _steering(ladder: Ladder, there: Path) -> str:
    try:
        return remedy_steering.write(ladder, there)
    except TargetError as error:
        shutil.rmtree(there / remedy_steering.FOLDER, ignore_errors=True)
        return f"No steering vectors: {_placeless(error, ladder.told.asking.settings)}"


def _contents(settings: RemedySettings) -> str:
    from sordino.packs import load  # noqa: PLC0415 - brings pydantic

    own = settings.fitting and sha256(settings.fitting.read_bytes()).hexdigest()
    return digest([load.pack(settings.asked).identity.hash, own])


def _checked_model(settings: RemedySettings) -> RemedySettings:
    """The settings with the model's revision, once it is known that it can be edited, has room, and holds
    numbers. One of the Hub is pinned to its commit, so that a branch that moves mixes no two models.
    """
    from sordino.modeling import hardware  # noqa: PLC0415 - brings torch
    from sordino.modeling.architectures import architecture_in  # noqa: PLC0415
    from sordino.modeling.locate import locate  # noqa: PLC0415
    from sordino.remedy import memory  # noqa: PLC0415
    from sordino.remedy.subject import Subject  # noqa: PLC0415

    model = targets.model_run_here(settings.target)
    located = locate(model.source, model.revision)
    architecture_in(located.config)
    device = hardware.device_of(settings.device)
    dtype = "float32" if device == "cpu" else hardware.dtype_of("auto", device)
    memory.require_room(located, device, dtype, settings.out)
    Subject.open(model.source, model.revision, settings.device).prompt("Why?")
    target = f"hf:{model.name}@{located.pinned}" if model.is_hub else settings.target
    return replace(settings, target=target, revision=located.commit)


def _check_pack(settings: RemedySettings) -> None:
    from sordino.packs import load  # noqa: PLC0415 - brings pydantic

    pack = load.pack(settings.asked)
    names = {code: jurisdiction_name(code, pack.jurisdictions) for code in pack.jurisdictions}
    if names and not settings.jurisdiction:
        listed = ", ".join(f"{code} ({name})" for code, name in names.items())
        raise SpecError(f"Name a jurisdiction with --jurisdiction: {listed}.")
    if settings.jurisdiction not in names:
        told = unknown("jurisdiction", settings.jurisdiction, names, names=names)
        raise SpecError(f"Pack {settings.asked}: {told}")
    begun = measuring.openings()
    if unknown_here := [language for language in pack.languages if language not in begun]:
        raise SpecError(
            f"Pack {settings.asked}: an honest answer can be begun in {', '.join(begun)} alone, not in "
            f"{', '.join(unknown_here)}. All languages of a pack are gated, whatever is fitted on: take a "
            "pack without these."
        )
    for language in settings.fit_languages:
        if language not in pack.languages:
            raise SpecError(f"Pack {settings.asked}: {unknown('language', language, pack.languages)}")


def _require_libraries(settings: RemedySettings) -> None:
    needed = (*LIBRARIES, "gguf") if settings.steering else LIBRARIES
    lacking = [name for name in needed if find_spec(name) is None]
    if lacking:
        raise TargetError(
            f"A remedy needs {', '.join(lacking)}. Install them with: pip install 'sordino[remedy]'"
        )


def default_out(target: str, jurisdiction: str) -> Path:
    """Where a remedy goes unless told."""
    require_weights(target)
    name = targets.model_run_here(target).name.rpartition("/")[2]
    return Path(f"{name}-{jurisdiction}-remedied")
