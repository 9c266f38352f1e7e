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
from sordino.generation.prompts import Prompt, own_system_prompt, prompt_of
from sordino.modeling.locate import Located, locate, require

if TYPE_CHECKING:
    from sordino.generation.decoding import Decoder

LARGEST_BATCH = {"cpu": 64, "mps": 64}
"""By kind of device. On the CPU no more, so that two workers can share a small pack evenly."""
CHANNELS = ("[THINK]", "<|channel|>")
"""Marks of reasoning traces that are not parted from the answer here."""
LARGEST_ELSEWHERE = 256
SHARE = 0.4
"""Of the memory beside the weights, what the batches of all workers together may take."""


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
    workers: how many processes share the memory, this one among them.

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
        workers: int = 1,
    ) -> None:
        self._spec, self._name, self._source, self._revision = spec, name, source, revision
        self._plain, self._device_given, self._dtype_given = plain, device, dtype
        self._batch_size, self._threads, self._workers = batch_size, threads, workers

    @cached_property
    def identity(self) -> TargetIdentity:
        """`revision` is COMMIT:DTYPE:DEVICE, and ":plain" without chat template. Loads no weights.

        The device's kind is in it because torch draws differently on each.
        """
        template = None if self._plain else self._located.chat_template
        kind = self.device.partition(":")[0]
        parts = [self._located.commit, self.dtype, kind, *(["plain"] if self._plain else [])]
        return TargetIdentity(
            self._spec,
            self._name,
            ":".join(parts),
            chat_template=None if template is None else digest(template),
        )

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(prefill=True)

    @property
    def own_system_prompt(self) -> str | None:
        """What the chat template tells the model by itself, where no system message is given."""
        return None if self._plain else own_system_prompt(self._located)

    def again(self, threads: int | None = None, workers: int = 1) -> Callable[[], "TransformersBackend"]:
        """What opens this very model in another process: picklable, and pinned to the commit found here."""
        return partial(
            TransformersBackend,
            self._spec,
            self._name,
            self._source,
            revision=self._located.pinned,
            plain=self._plain,
            device=self.device,
            dtype=self.dtype,
            batch_size=self._batch_size,
            threads=threads,
            workers=workers,
        )

    @property
    def weights_bytes(self) -> int:
        """About how many bytes of memory the weights take, in this number format.
        Fetches them where they are not here.
        """
        from sordino.modeling import footprint  # noqa: PLC0415

        return footprint.of_weights(self._located, self.dtype)

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
        template = located.chat_template or ""
        if located.chat_template is None and not self._plain:
            raise TargetError(
                f"{self._source} has no chat template, so how to ask it is not known. With --plain it "
                "is given the text alone."
            )
        if not self._plain and (found := next((m for m in CHANNELS if m in template), None)):
            raise TargetError(
                f"{self._source}: its chat template marks reasoning with {found}, which is not told "
                "apart from the answer here. Serve the model with a program that returns its reasoning "
                "apart, and record its answers."
            )
        return located

    @cached_property
    def device(self) -> str:
        """Where it is computed: "cpu", "cuda", "cuda:1" or "mps"."""
        require()
        from sordino.modeling import hardware  # noqa: PLC0415

        return hardware.device_of(self._device_given)

    @cached_property
    def dtype(self) -> str:
        """The number format: "bfloat16" or "float32"."""
        require()
        from sordino.modeling import hardware  # noqa: PLC0415

        return hardware.dtype_of(self._dtype_given, self.device)

    @cached_property
    def _decoder(self) -> "Decoder":
        from sordino.generation.decoding import Decoder  # noqa: PLC0415

        return Decoder(self._located, self.device, self.dtype, self._threads)

    def _cut(self, requests: Iterable[Request]) -> list[list[Prompt]]:
        prompts = [prompt_of(request, self._located, plain=self._plain) for request in requests]
        return cut(prompts, self._size) if prompts else []

    def _size(self, longest: Prompt) -> int:
        from sordino.modeling import footprint  # noqa: PLC0415

        each = footprint.of_sequence(self._located.config, len(longest.ids) + longest.room, self.dtype)
        most = LARGEST_BATCH.get(self.device.partition(":")[0], LARGEST_ELSEWHERE)
        return min(self._memory // each, most, self._batch_size or most)

    @cached_property
    def _memory(self) -> int:
        """Bytes that a batch may take."""
        from sordino.modeling import hardware  # noqa: PLC0415

        beside = hardware.memory_of(self.device) - self._workers * self.weights_bytes
        return int(SHARE * max(beside, 0)) // self._workers
