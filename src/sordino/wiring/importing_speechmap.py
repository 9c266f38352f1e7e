"""`sordino import speechmap`: a folder in SpeechMap's layout as one recording."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sordino.generation.recorded import Recorded
from sordino.generation.speechmap import ANALYSIS, Layout
from sordino.wiring.importing import Imported, Place, Progress, write


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a folder is taken; nothing named is everything. analysis: the folder of labels."""

    models: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    analysis: str = ANALYSIS


def speechmap(
    folder: Path, place: Place, wanted: Wanted, progress: Progress = lambda _stage, _done, _total: None
) -> Imported:
    """Write the recording. Raises RecordingError for the folder, SpecError for an option."""
    place.check(folder)
    layout = Layout.open(folder, analysis=wanted.analysis)
    layout = layout.chosen(models=wanted.models, sets=wanted.sets, languages=wanted.languages)
    counts = write(_answers(layout, progress), place, str(folder))
    unnamed = sorted({file.set.name for file in layout.files if file.set.jurisdiction is None})
    said = f"Of {', '.join(unnamed)} the name says neither language nor jurisdiction: they are missing."
    notes = (*layout.notes, *([said] if unnamed else []))
    return Imported(str(folder), place.output, counts, dict(layout.left_out), dict(layout.noted), notes)


def _answers(layout: Layout, progress: Progress) -> Iterator[Recorded]:
    for number, file in enumerate(layout.files, 1):
        yield from layout.read(file)
        progress("reading files", number, len(layout.files))
