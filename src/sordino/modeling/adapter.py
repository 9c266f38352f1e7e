"""A LoRA adapter's own files: on which base it lies, and whether its weights may be read.

Beside locate.py, which finds the base, and load.py, which merges the two. Read without torch and peft.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sordino.core.errors import TargetError

CONFIG, WEIGHTS, PICKLE = "adapter_config.json", "adapter_model.safetensors", "adapter_model.bin"


def base_of(config: Mapping[str, Any], folder: Path, repository: str | None) -> tuple[str, str | None]:
    """The base's folder or Hub id, and the revision that the adapter records for it.

    config: what adapter_config.json holds. repository: the adapter's Hub id, or None for a folder. A path
    is seen from the adapter's folder. Raises TargetError for what is no LoRA, names no base, or needs code.
    """
    source = repository or str(folder)
    if find_spec("peft") is None:
        raise TargetError(
            f"{source} is an adapter. To put it on its base, peft must be installed: "
            "pip install 'sordino[remedy]'."
        )
    if (kind := config.get("peft_type")) != "LORA":
        raise TargetError(
            f"{source} is an adapter of the kind {str(kind)[:40]!r} (peft_type), and only LORA is merged "
            "here. Merge it with its base and name the result."
        )
    if config.get("megatron_config"):
        raise TargetError(
            f"{source}: {CONFIG} asks for a module by name (megatron_config), and code that a model brings "
            "is not run. Merge the adapter with its base where you trust its makers, and name the result."
        )
    base, revision = config.get("base_model_name_or_path"), config.get("revision")
    if not isinstance(base, str) or not base:
        raise TargetError(
            f"{source} is an adapter and names no base. Write base_model_name_or_path into its {CONFIG}: "
            "a folder, seen from the adapter's, or a Hub id."
        )
    revision = revision if isinstance(revision, str) else None
    if repository is None:
        beside = _beside(base, folder)
        return (beside, None) if beside else (base, revision)
    if _is_path(base):
        raise TargetError(
            f"{source} names a folder of its maker's machine as its base ({base[:100]!r}). Fetch the "
            f"adapter, and write where its base lies into base_model_name_or_path in its {CONFIG}."
        )
    return base, revision


def require_weights(folder: Path, source: str) -> Path:
    """Its safetensors. Raises TargetError where they are missing, or a pickle."""
    if (folder / WEIGHTS).is_file():
        return folder / WEIGHTS
    found = f", only {PICKLE}, a pickle, which could run any code" if (folder / PICKLE).is_file() else ""
    raise TargetError(
        f"The adapter {source} holds no {WEIGHTS}{found}. Save it as safetensors where you trust its "
        "makers, with peft's save_pretrained(...)."
    )


def _beside(base: str, folder: Path) -> str | None:
    """The folder that is meant; None where a Hub id is. Raises TargetError where no such folder is."""
    try:
        path = folder / Path(base).expanduser()
        if path.is_dir():
            return str(path.resolve())
    except (OSError, RuntimeError, ValueError):
        pass
    if not _is_path(base):
        return None
    raise TargetError(
        f"The base of the adapter {folder} is missing: there is no folder {base[:200]!r}, seen from "
        f"the adapter's. Put it there, or write where it lies into base_model_name_or_path in {CONFIG}."
    )


def _is_path(base: str) -> bool:
    """Whether it cannot be a Hub id."""
    return base.startswith((".", "/", "~")) or base.count("/") > 1
