"""Fetching a model's files from the Hugging Face Hub, or from its cache on this machine.

The one place that goes to the network for weights. Its cache answers without one, where it holds the files.
"""

from collections.abc import Sequence
from pathlib import Path

from sordino.core.errors import TargetError


def fetch(repository: str, revision: str | None, patterns: Sequence[str]) -> Path:
    """The folder that holds the files matching the patterns; its name is the commit.

    revision: branch, tag or commit; None for the main branch. Raises TargetError.
    """
    from huggingface_hub import errors, snapshot_download  # noqa: PLC0415 - of the extra `local`

    try:
        folder = snapshot_download(repository, revision=revision, allow_patterns=list(patterns))
    except errors.HFValidationError as error:
        raise TargetError(
            f"{repository!r} is neither a folder here nor a model's name on the Hub (ORG/NAME). "
            "Write a folder's path with a slash, as in ./model."
        ) from error
    except errors.GatedRepoError as error:
        raise TargetError(
            f"The model {repository} is gated. Accept its terms at https://huggingface.co/{repository}, "
            "then log in with `hf auth login` or set HF_TOKEN."
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise TargetError(
            f"The Hub has no model {repository}, or keeps it private. Check its name; for a private one "
            "log in with `hf auth login` or set HF_TOKEN. Write a folder's path so: ./model."
        ) from error
    except errors.RevisionNotFoundError as error:
        raise TargetError(
            f"The model {repository} has no revision {revision!r}. Name a branch, a tag or a whole commit "
            f"that https://huggingface.co/{repository}/commits/main lists."
        ) from error
    except Exception as error:
        raise TargetError(_unreachable(repository, revision, error)) from error
    return Path(folder)


def tables(dataset: str) -> list[Path]:
    """The Parquet files that the Hub makes of every dataset, fetched. Raises TargetError."""
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - of the extra `local`

    revision = "refs/convert/parquet"
    try:
        folder = snapshot_download(
            dataset, repo_type="dataset", revision=revision, allow_patterns=["*.parquet"]
        )
    except Exception as error:
        why = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise TargetError(
            f"The dataset {dataset} could not be fetched from the Hub ({why}). Check its name and the "
            "network, or name a file."
        ) from error
    return sorted(Path(folder).rglob("*.parquet"))


def require_whole(folder: Path, repository: str, commit: str, names: Sequence[str]) -> None:
    """Raises TargetError where files that the Hub has did not arrive: without a network, its client hands
    out a folder that holds some of what was asked for as if it were all."""
    missing = [name for name in names if not (folder / name).is_file()]
    if not missing:
        return
    from huggingface_hub import HfApi  # noqa: PLC0415

    try:
        there = HfApi().file_exists(repository, missing[0], revision=commit)
    except Exception as error:
        raise TargetError(_unreachable(repository, commit, error)) from error
    if there:
        raise TargetError(_unreachable(repository, commit, FileNotFoundError(f"{missing[0]} is missing")))


def _unreachable(repository: str, revision: str | None, error: Exception) -> str:
    from huggingface_hub import constants  # noqa: PLC0415

    wanted = f"{repository} at {revision}" if revision else repository
    if constants.HF_HUB_OFFLINE:
        return (
            f"The model {wanted} is not whole in the cache {constants.HF_HUB_CACHE}, and HF_HUB_OFFLINE "
            "forbids to fetch it. Unset HF_HUB_OFFLINE once, or name a folder that holds the model."
        )
    why = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return (
        f"The model {wanted} could not be fetched from {constants.ENDPOINT}, nor is it in the cache "
        f"{constants.HF_HUB_CACHE} ({why}). Try again with a network, or name a folder that holds it."
    )
