"""What the benchmarks of generation share: a model's folder, what asks it, and questions of the pack `atlas`."""

import sys
from pathlib import Path

from sordino.auditing.plan import plan
from sordino.core.manifest import Owed
from sordino.core.records import Sampling
from sordino.execution.local import Processes
from sordino.generation.transformers import TransformersBackend
from sordino.packs import load

OPEN = Path(__file__).parents[1] / "src" / "sordino" / "organism" / "weights" / "open"


def model() -> Path:
    """The folder that the command names, or the organism `open`; ends politely where there is none."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else OPEN
    if not (folder / "config.json").exists():
        print(f"skipped: no model in {folder} (name a folder)")
        sys.exit(0)
    return folder


def one_process(folder: Path, threads: int, batch_size: int | None = None) -> TransformersBackend:
    return TransformersBackend(
        f"hf:{folder}", folder.name, str(folder), threads=threads, batch_size=batch_size
    )


def processes(folder: Path, workers: int, batch_size: int | None = None) -> Processes:
    """Workers of one thread each."""
    opens = one_process(folder, 1, batch_size).again(threads=1, workers=workers)
    one = opens()
    return Processes(opens, one.batches, one.identity, one.capabilities, workers)


def owed(folder: Path, max_tokens: int, samples: int = 1, temperature: float = 0.0) -> list[Owed]:
    """All questions of the pack."""
    sampling = Sampling(temperature=temperature, max_tokens=max_tokens)
    target = one_process(folder, 1).identity
    return plan(load.pack("atlas").probes(), target, sampling=sampling, samples=samples)
