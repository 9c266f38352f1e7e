"""The backend that runs a causal language model in this process, with the `transformers` library.

It sits beside the other backends and above modeling, which finds and loads the weights. Importing this
module brings neither torch nor transformers; building a backend reads nothing. CUDA and MPS were not run
here.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sordino.core.errors import TargetError
from sordino.core.identity import digest
from sordino.core.protocols import Capabilities, TargetIdentity
from sordino.core.records import Attempt, Request
from sordino.generation.batching import cut
from sordino.generation.prompts import Prompt, prompt_of
from sordino.modeling.locate import Located, locate, require

if TYPE_CHECKING:
    from sordino.generation.decoding import Decoder

LARGEST_BATCH = {"cpu": 128, "mps": 64}
"""By kind of device: where throughput was measured to level off (CPU), or is expected to."""
LARGEST_ELSEWHERE = 256
SHARE = 0.4
"""Of the memory beside the weights, what a batch may take: two workers of one machine share it."""


class TransformersBackend:
    """Any causal language model of the Hub, or of a folder.

    spec, name: how the target was written, and what it is called.
    source: a Hub id ("ORG/NAME") or a folder's path; a folder wins where both could be meant.
    revision: a branch, tag or commit of the Hub; it is resolved to a commit, which the identity records.
    plain: the text alone, for models without chat template: every message followed by a blank line.
    device: "auto", "cpu", "cuda", "cuda:1", "mps".
    dtype: "auto" (bfloat16 where the device computes it, else float32), "bfloat16" or "float32".
    batch_size: the most requests of a batch; None lets memory and device decide.
    threads: threads of this process for computing; None leaves torch's own choice.

    The weights are loaded by the first `generate`. Every method but the constructor raises TargetError for
    a model that cannot be found, read or run, with the mend.
    """

    def __init__(  # noqa: PLR0913 - each decides an answer, or where it is computed
        self,
        spec: str,
        name: str,
        source: str,
        *,
        revision: str | None = None,
        plain: bool = False,
        device: str = "auto",
        dtype: str = "auto",
        batch_size: int | None = None,
        threads: int | None = None,
    ) -> None:
        self._spec, self._name, self._source, self._revision = spec, name, source, revision
        self._plain, self._device_given, self._dtype_given = plain, device, dtype
        self._batch_size, self._threads = batch_size, threads

    @cached_property
    def identity(self) -> TargetIdentity:
        """`revision` is COMMIT:DTYPE, with ":plain" where no chat template is used. Loads no weights."""
        template = None if self._plain else self._located.chat_template
        parts = [self._located.commit, self._dtype, *(["plain"] if self._plain else [])]
        return TargetIdentity(
            self._spec,
            self._name,
            ":".join(parts),
            chat_template=None if template is None else digest(template),
        )

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(prefill=True)

    def again(self, threads: int | None = None) -> Callable[[], "TransformersBackend"]:
        """What opens this very model in another process: picklable, and pinned to the commit found here."""
        return partial(
            TransformersBackend,
            self._spec,
            self._name,
            self._source,
            revision=None if self._located.repository is None else self._located.commit,
            plain=self._plain,
            device=self._device,
            dtype=self._dtype,
            batch_size=self._batch_size,
            threads=threads,
        )

    def batches(self, requests: Iterable[Request]) -> list[list[Request]]:
        """The requests cut into static batches, longest prompt first. Loads no weights, but fetches them.

        A batch's size depends on its first member alone, so requests of which whole batches were taken out
        are cut as before: a resumed run computes the very batches that an unbroken one would have.
        """
        return [[prompt.request for prompt in batch] for batch in self._cut(requests)]

    def generate(self, requests: Iterable[Request]) -> Iterator[Sequence[Attempt]]:
        """The attempts of each batch together, as it completes, of all requests cut as by `batches`.

        Every request gets one attempt; one that cannot be asked, or does not fit into memory even alone,
        gets an error. `seconds` is the wall time of its whole batch. All requests are read before the first
        answer. Raises TargetError where the model cannot be loaded or an accelerator is lost; what was
        yielded before stands.
        """
        for batch in self._cut(requests):
            yield self._decoder.attempts(batch)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Lets go of the weights."""
        if decoder := self.__dict__.pop("_decoder", None):
            decoder.close()

    # -- the model, found and loaded when first needed -------------------------------------------------

    @cached_property
    def _located(self) -> Located:
        located = locate(self._source, self._revision)
        if located.chat_template is None and not self._plain:
            raise TargetError(
                f"{self._source} has no chat template, so how to ask it is not known. With --plain it "
                "is given the text alone."
            )
        return located

    @cached_property
    def _device(self) -> str:
        require()
        from sordino.modeling import hardware  # noqa: PLC0415

        return hardware.device_of(self._device_given)

    @cached_property
    def _dtype(self) -> str:
        require()
        from sordino.modeling import hardware  # noqa: PLC0415

        return hardware.dtype_of(self._dtype_given, self._device)

    @cached_property
    def _decoder(self) -> "Decoder":
        from sordino.generation.decoding import Decoder  # noqa: PLC0415

        return Decoder(self._located, self._device, self._dtype, self._threads)

    def _cut(self, requests: Iterable[Request]) -> list[list[Prompt]]:
        prompts = [prompt_of(request, self._located, plain=self._plain) for request in requests]
        return cut(prompts, self._size) if prompts else []

    def _size(self, longest: Prompt) -> int:
        from sordino.modeling import footprint  # noqa: PLC0415

        each = footprint.of_sequence(self._located.config, len(longest.ids) + longest.room, self._dtype)
        most = LARGEST_BATCH.get(self._device, LARGEST_ELSEWHERE)
        return min(self._memory // each, most, self._batch_size or most)

    @cached_property
    def _memory(self) -> int:
        """Bytes that a batch may take."""
        from sordino.modeling import footprint, hardware  # noqa: PLC0415

        beside = hardware.memory_of(self._device) - footprint.of_weights(self._located, self._dtype)
        return int(SHARE * max(beside, 0))
