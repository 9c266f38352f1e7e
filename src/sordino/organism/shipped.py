"""Where the shipped organisms lie: one folder each under `weights/`, as transformers saves a model or peft
an adapter on one of them.
"""

from pathlib import Path

from sordino.core.errors import TargetError, unknown

WEIGHTS = Path(__file__).with_name("weights")
CONFIGS = ("config.json", "adapter_config.json")


def names() -> list[str]:
    """The organisms that ship with Sordino."""
    return sorted({config.parent.name for kind in CONFIGS for config in WEIGHTS.glob(f"*/{kind}")})


def folder(name: str) -> Path:
    """The folder of an organism. Raises TargetError for one that is not shipped."""
    known = names()
    if name not in known:
        raise TargetError(unknown("organism", name, known, "A model of your own is hf:./FOLDER."))
    return WEIGHTS / name
