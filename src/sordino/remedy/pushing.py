"""Sending an accepted remedy to the Hugging Face Hub, by the user's own token.

Above sums.py and record.py: nothing goes out that a gate has stopped, or that was changed since. The Hub
itself was not reached here: a server in the tests plays it, over its older protocol for large files (LFS)
and not its present one (Xet).
"""

import json
import os
import shlex
from pathlib import Path
from typing import Any

from sordino.core.errors import SpecError, TargetError
from sordino.modeling import adapter
from sordino.remedy import record, sums

TOKEN = "HF_TOKEN"  # noqa: S105 - the variable's name
RECORD = "remedy.json"
_FRESH = {".gitattributes"}
"""What the Hub itself puts into a new repository."""


def push(folder: Path, repository: str, *, private: bool = True) -> str:
    """Upload every file that the folder's sums list, in one commit; returns its address.

    repository: ORG/NAME, made where it is not there. The token is that of the environment variable
    HF_TOKEN alone, and is in no message. Raises SpecError without a token, for a remedy that was not
    accepted or whose command names folders of this machine, and for a repository that holds something or
    is open to all against `private`; TargetError for a folder that differs from its sums, an adapter whose
    base nobody else has, and what the Hub refuses.
    """
    names = _accepted(folder)
    _require_findable_base(folder, repository)
    token = _token()
    from huggingface_hub import HfApi  # noqa: PLC0415 - of the extra `local`

    api = HfApi(token=token, library_name="sordino")
    try:
        _require_own(api, repository, private=private)
        done = api.upload_folder(
            repo_id=repository,
            folder_path=folder,
            allow_patterns=[*names, sums.NAME],
            commit_message="Remedy",
        )
    except SpecError:
        raise
    except Exception as error:
        # From None: what the Hub answered may hold the token, and so may the request that it keeps.
        raise TargetError(_refused(repository, error, token)) from None
    return str(done.commit_url)


def check(repository: str, command: str) -> None:
    """What can be known before there is anything to push: raises SpecError for a name that is none, for a
    command that names folders of this machine, and without a token.
    """
    from huggingface_hub.errors import HFValidationError  # noqa: PLC0415
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]  # noqa: PLC0415

    try:
        validate_repo_id(repository)
    except HFValidationError:
        sound = False
    else:
        sound = repository.count("/") == 1
    if not sound:
        raise SpecError(f"{repository!r}: write ORG/NAME, as the Hub names repositories.")
    _require_no_folders(command)
    _token()


def _require_no_folders(command: str) -> None:
    """The pages, the record and the audits all hold the command, or paths beside what it names."""
    for word in shlex.split(command):
        place = word.removeprefix("hf:")
        if place.startswith("~") or Path(place).is_absolute():
            raise SpecError(
                f"What is pushed would publish the path {place}. Go to its folder, or to one above, and "
                "write it from there (./NAME)."
            )


def _token() -> str:
    token = os.environ.get(TOKEN, "").strip()
    if not token:
        raise SpecError(
            f"Set {TOKEN} to a token that may write (https://huggingface.co/settings/tokens); no other "
            "place is looked at."
        )
    return token


def _accepted(folder: Path) -> list[str]:
    try:
        told = record.from_json((folder / RECORD).read_text(encoding="utf-8"))
        _require_no_folders(told.command)
    except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise SpecError(f"{folder} holds no {RECORD} of a remedy, and nothing else is pushed.") from error
    if told.accepted is None:
        raise SpecError(f"The remedy in {folder} was not accepted, and nothing rejected is pushed.")
    names = sums.verified(folder)
    if RECORD not in names:
        raise SpecError(f"{folder / sums.NAME} does not list {RECORD}. Make the folder again.")
    return names


def _require_findable_base(folder: Path, repository: str) -> None:
    if (path := folder / adapter.CONFIG).is_file():
        # Seen from the Hub, which has no folders of ours.
        adapter.base_of(json.loads(path.read_text(encoding="utf-8")), folder, repository)


def _require_own(api: Any, repository: str, *, private: bool) -> None:
    """Makes the repository, or finds it as it must be."""
    api.create_repo(repository, private=private, exist_ok=True)
    there = api.model_info(repository)
    if private and not there.private:
        raise SpecError(f"{repository} is open to all on the Hub. Name a private or a new one, or say so.")
    if held := {file.rfilename for file in there.siblings or ()} - _FRESH:
        raise SpecError(
            f"{repository} holds {len(held)} files already, and nothing is overwritten. Name a new one."
        )


def _refused(repository: str, error: Exception, token: str) -> str:
    """The first line of what the Hub or its client says, without the token."""
    lines = str(error).replace(token, "(token)").strip().splitlines()
    why = (lines or [type(error).__name__])[0][:300]
    return (
        f"{repository} could not be pushed ({why}). Check its name, the network, and that the token in "
        f"{TOKEN} may write there."
    )
