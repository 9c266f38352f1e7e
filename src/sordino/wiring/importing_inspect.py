"""`sordino import inspect`: logs of Inspect AI as one recording."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from sordino.generation.inspect_logs import Log, Logs
from sordino.generation.recorded import Recorded
from sordino.wiring.importing import Imported, Place, Progress, write


def inspect(
    paths: Sequence[Path], place: Place, progress: Progress = lambda _stage, _done, _total: None
) -> Imported:
    """Write the recording. Raises RecordingError for a log, SpecError for the place."""
    for path in paths:
        place.check(path)
    logs, reading = [Log.open(path) for path in paths], Logs()
    named = ", ".join(path.name for path in paths)
    counts = write(_answers(logs, reading, progress), place, named)
    unfinished = [f"{log.path.name} ({log.head.status})" for log in logs if log.head.status != "success"]
    said = f"Not carried out to the end: {', '.join(unfinished)}. What is there was taken."
    notes = (said,) if unfinished else ()
    return Imported(named, place.output, counts, dict(reading.left_out), dict(reading.noted), notes)


def _answers(logs: Sequence[Log], reading: Logs, progress: Progress) -> Iterator[Recorded]:
    total, done = sum(log.samples for log in logs), 0
    for log in logs:
        for one in reading.read(log):
            yield one
            done += 1
            progress("reading samples", min(done, total), total)
