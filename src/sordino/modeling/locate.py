"""Finding a model: its files, its commit, its tokenizer and its chat template, without loading its weights.

Everything that can be wrong with a model's files is said here, before anything is asked. Weights are
safetensors only: a pickle can run any code when it is opened, and so can code that comes with a model.
A LoRA adapter is found together with the base on which it lies.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sordino.core.errors import TargetError
from sordino.core.identity import digest
from sordino.modeling import adapter
from sordino.modeling.hub import fetch, require_whole

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
_TOKENIZERS = (
    "tokenizer.json",
    "tokenizer.model",
    "spiece.model",
    "vocab.json",
    "vocab.txt",
    "tekken.json",
)
_SMALL = ("*.json", "*.jinja", "*.model", "vocab.*", "merges.txt")
_TEMPLATE = "chat_template.jinja"
_SENTINEL = "What is said here."
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")


@dataclass(frozen=True)
class Located:
    """A model whose small files were read.

    source: as given. folder: where its files lie; the Hub's weights only once they are fetched.
    repository: its Hub id, or None for a folder.
    config, tokenizer: of the transformers library (PreTrainedConfig, PreTrainedTokenizerBase).
    chat_template: the Jinja text, or None. ends: ids of the tokens that end an answer.
    base: what an adapter lies on, whose configuration is then this one's too; None for a whole model.
    """

    source: str
    folder: Path
    repository: str | None
    config: Any
    tokenizer: Any
    chat_template: str | None
    ends: tuple[int, ...]
    base: "Located | None" = None

    @cached_property
    def commit(self) -> str:
        """The Hub's commit; for a folder a digest of every file that decides an answer; for an adapter a
        digest of its own and its base's.
        """
        own = self.pinned or digest({path.name: _sha256(path) for path in self._deciding()})
        return own if self.base is None else digest({"adapter": own, "base": self.base.commit})

    @property
    def pinned(self) -> str | None:
        """The revision by which the same is found again; None for a folder, which has none."""
        return None if self.repository is None else self.folder.name

    @property
    def context(self) -> int | None:
        """The most tokens of prompt and answer together; None where the architecture has no limit."""
        length = getattr(self.config.get_text_config(), "max_position_embeddings", None)
        return length if isinstance(length, int) and length > 0 else None

    @property
    def vocabulary(self) -> int | None:
        """How many tokens the model has embeddings for; None where its configuration does not say."""
        size = getattr(self.config.get_text_config(), "vocab_size", None)
        return size if isinstance(size, int) and size > 0 else None

    def weights(self) -> list[Path]:
        """The safetensors files, an adapter's after its base's, fetched where they are not yet here.

        Raises TargetError.
        """
        if self.base is not None:
            self._fetch([adapter.WEIGHTS])
            return [*self.base.weights(), adapter.require_weights(self.folder, self.source)]
        self._fetch(_shards(self.folder, self.source) or [WEIGHTS])
        return _weights(self.folder, self.source)

    def _fetch(self, names: Sequence[str]) -> None:
        if self.repository is None or all((self.folder / name).is_file() for name in names):
            return
        fetch(self.repository, self.pinned, names)
        require_whole(self.folder, self.repository, str(self.pinned), names)

    def _deciding(self) -> Iterator[Path]:
        """Its own configuration, weights and tokenizer; not the README."""
        yield from _weights(self.folder, str(self.folder)) if self.base is None else self.weights()[-1:]
        for path in sorted(self.folder.iterdir()):
            if path.is_file() and any(path.match(pattern) for pattern in _SMALL):
                yield path


def locate(source: str, revision: str | None = None) -> Located:
    """Find a model by Hub id or folder, and read all of it but the weights.

    A folder wins over a Hub id of the same name. Raises TargetError for whatever keeps it from being run.
    """
    require()
    folder, repository = _folder(source, revision)
    if (folder / adapter.CONFIG).is_file():
        return _on_its_base(source, folder, repository)
    return _whole(source, folder, repository)


def _whole(source: str, folder: Path, repository: str | None) -> Located:
    if (folder / adapter.CONFIG).is_file():
        raise TargetError(f"{source} is an adapter itself. Merge it with its base and name the result.")
    config = _config(folder, source)
    if repository is None:
        _weights(folder, source)
    tokenizer = _tokenizer(folder, source)
    template = _template(tokenizer, source)
    return Located(
        source,
        folder,
        repository,
        config,
        tokenizer,
        template,
        tuple(sorted({*_ends(folder, tokenizer), *_closing(tokenizer, template)})),
    )


def _on_its_base(source: str, folder: Path, repository: str | None) -> Located:
    """An adapter, with the tokenizer and the chat template that it has, or else its base's."""
    name, revision = adapter.base_of(_object(folder / adapter.CONFIG, source), folder, repository)
    if repository is None:
        adapter.require_weights(folder, source)
    try:
        base = _whole(name, *_folder(name, revision))
    except TargetError as error:
        raise TargetError(f"The base of the adapter {source}: {error}") from error
    own = any((folder / file).is_file() for file in _TOKENIZERS)
    tokenizer = _tokenizer(folder, source) if own else base.tokenizer
    if not own and (folder / _TEMPLATE).is_file():
        tokenizer.chat_template = _text(folder / _TEMPLATE, source)
    tokenizer.chat_template = tokenizer.chat_template or base.tokenizer.chat_template
    template = _template(tokenizer, source)
    ends = {*_ends(base.folder, tokenizer), *_closing(tokenizer, template)}
    return replace(
        base,
        source=source,
        folder=folder,
        repository=repository,
        tokenizer=tokenizer,
        chat_template=template,
        ends=tuple(sorted(ends)),
        base=base,
    )


def require() -> None:
    """Raises TargetError where the libraries that run models are not installed."""
    if missing := [name for name in ("torch", "transformers") if find_spec(name) is None]:
        raise TargetError(
            f"To run a model here, {' and '.join(missing)} must be installed: pip install 'sordino[local]'."
        )


def _folder(source: str, revision: str | None) -> tuple[Path, str | None]:
    if not source:
        raise TargetError("The target names no model. Write hf:ORG/NAME, or hf:./FOLDER.")
    try:
        path = Path(source).expanduser()
        is_folder, is_there = path.is_dir(), path.exists()
        for entry in path.iterdir() if is_folder else ():
            entry.exists()
    except (OSError, RuntimeError, ValueError) as error:
        raise TargetError(
            f"{source[:200]} cannot be opened ({first_line(error)}). Check the path."
        ) from error
    if is_folder:
        if revision is not None:
            raise TargetError(f"{source} is a folder and has no revision {revision!r}. Leave it out.")
        return path, None
    if is_there:
        raise TargetError(f"{source} is a file. Name the folder that holds config.json and the weights.")
    if source.startswith((".", "/", "~")) or path.is_absolute() or source.count("/") > 1:
        raise TargetError(f"There is no folder {source!r}. Check the path.")
    return fetch(source, revision, _SMALL), source


def _config(folder: Path, source: str) -> Any:
    from transformers import CONFIG_MAPPING, AutoConfig  # noqa: PLC0415 - seconds
    from transformers import __version__ as version  # noqa: PLC0415
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES  # noqa: PLC0415

    if not (folder / "config.json").is_file():
        raise TargetError(f"{source} has no config.json, so it is no model of the transformers library.")
    kind = _object(folder / "config.json", source).get("model_type")
    if kind not in CONFIG_MAPPING:
        raise TargetError(
            f"{source}: transformers {version} does not know the architecture {kind!r} (model_type in "
            "config.json), and code that comes with a model is not run. A newer transformers may know it."
        )
    if kind not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        raise TargetError(
            f"{source}: the architecture {kind!r} is no causal language model, and only those answer here."
        )
    try:
        return AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except Exception as error:
        raise TargetError(
            f"{source}: config.json cannot be used ({first_line(error)}). Mend it."
        ) from error


def _weights(folder: Path, source: str) -> list[Path]:
    shards = _shards(folder, source) or [WEIGHTS]
    missing = [name for name in shards if not (folder / name).is_file()]
    if not missing:
        return [folder / name for name in shards]
    if (folder / INDEX).is_file():
        raise TargetError(
            f"{source}: {len(missing)} of {len(shards)} files with weights that {INDEX} lists are missing, "
            f"the first being {missing[0]}. Fetch them again."
        )
    pickles = sorted(path.name for path in folder.iterdir() if path.suffix in _PICKLES)
    found = f", only {pickles[0]}, a pickle, which could run any code" if pickles else ""
    raise TargetError(
        f"{source} holds no safetensors ({WEIGHTS} or {INDEX}){found}. Convert it where you trust its "
        "makers, with AutoModelForCausalLM.from_pretrained(...).save_pretrained(...), or name a revision "
        "that has safetensors."
    )


def _shards(folder: Path, source: str) -> list[str]:
    """The files that the index lists; none where there is no index, or where transformers passes it by."""
    if (folder / WEIGHTS).is_file() or not (folder / INDEX).is_file():
        return []
    listed = _object(folder / INDEX, source).get("weight_map")
    names = sorted({str(name) for name in listed.values()}) if isinstance(listed, dict) else []
    if not names or any(Path(name).name != name for name in names):
        raise TargetError(f"{source}: {INDEX} must list files of its own folder. Fetch it again.")
    return names


def _tokenizer(folder: Path, source: str) -> Any:
    from transformers import AutoTokenizer  # noqa: PLC0415

    if not any((folder / name).is_file() for name in _TOKENIZERS):
        raise TargetError(
            f"{source} has no tokenizer (such as tokenizer.json). Copy that of the model it was made from."
        )
    try:
        return AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except Exception as error:
        raise TargetError(
            f"{source}: its tokenizer cannot be read ({first_line(error)}). Fetch its files again."
        ) from error


def _template(tokenizer: Any, source: str) -> str | None:
    if not tokenizer.chat_template:
        return None
    try:
        return str(tokenizer.get_chat_template())
    except ValueError as error:
        raise TargetError(
            f"{source} has several chat templates and none of them is 'default'. Name one so."
        ) from error


def _ends(folder: Path, tokenizer: Any) -> set[int]:
    """What ends an answer, by any of the three files that may say so."""
    said: list[object] = [tokenizer.eos_token_id]
    for name in ("config.json", "generation_config.json"):
        if (folder / name).is_file():
            value = _object(folder / name, str(folder)).get("eos_token_id")
            said.extend(value if isinstance(value, list) else [value])
    return {end for end in said if isinstance(end, int)}


def _closing(tokenizer: Any, template: str | None) -> set[int]:
    """The special token that the chat template writes after an answer, which some files do not list."""
    if template is None:
        return set()
    turns = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": _SENTINEL}]
    try:
        text = str(tokenizer.apply_chat_template(turns, tokenize=False))
        _, found, tail = text.rpartition(_SENTINEL)
        after = tokenizer(tail.lstrip(), add_special_tokens=False)["input_ids"] if found else []
    except Exception:  # a template that cannot render this says so when it is asked
        return set()
    return {int(after[0])} & special_tokens(tokenizer).keys() if after else set()


def special_tokens(tokenizer: Any) -> dict[int, str]:
    """The texts, by id, of the tokens that mark and are not said."""
    named = zip(tokenizer.all_special_ids, map(str, tokenizer.all_special_tokens), strict=True)
    added = tokenizer.added_tokens_decoder.items()
    return dict(named) | {i: str(token.content) for i, token in added if token.special}


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise TargetError(f"{path} cannot be read ({first_line(error)}). Let this user read it.") from error


def _object(path: Path, source: str) -> Mapping[str, Any]:
    try:
        value = json.loads(_text(path, source))
    except ValueError as error:
        raise TargetError(f"{source}: {path.name} cannot be read ({error}). Fetch it again.") from error
    if not isinstance(value, dict):
        raise TargetError(f"{source}: {path.name} holds no object. Fetch it again.")
    return value


def _text(path: Path, source: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (ValueError, OSError) as error:
        raise TargetError(f"{source}: {path.name} cannot be read ({error}). Fetch it again.") from error


def first_line(error: BaseException) -> str:
    """The first line of an error, or its kind where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
