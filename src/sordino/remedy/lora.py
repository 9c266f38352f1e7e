# mypy: allow-untyped-calls
"""Rung C: an adapter that learns honest answers, to prefer them to evasions, and to stay as it was
elsewhere.

LoRA (Hu et al. 2022, ICLR) on every linear layer of the decoder, by peft and trl: answers first (SFT), then
preferences (DPO; Rafailov et al. 2023, NeurIPS), each with the token-wise KL divergence from the original
on what must not change. Above lessons.py, which holds the data. CUDA and MPS were not run here. Importing
it brings torch, transformers, peft, trl and datasets.
"""

import copy
import logging
import math
import random
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from datasets import Dataset
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import LoraLayer
from torch import nn
from transformers import PrinterCallback, set_seed
from trl import DPOConfig, SFTConfig

from sordino.core.errors import TargetError
from sordino.modeling import footprint, hardware
from sordino.modeling.architectures import architecture_of, hidden_size, layers_of
from sordino.modeling.load import quiet
from sordino.modeling.locate import _closing, first_line
from sordino.remedy.lessons import Lesson, Preference, curriculum, kept_in_turn
from sordino.remedy.lora_training import Anchor, Encoded, LessonTrainer, PreferenceTrainer, Steps

Progress = Callable[[str, int, int], None]
"""Takes a stage, the steps done, and the steps there are."""

LEARNING, PREFERRING = "learning answers", "learning preferences"
WIDTH, FALL = 2000, 0.78
"""The width for which rates are written, and the power with which they fall (Schulman et al. 2025)."""
HELD = 64
"""Tokens of an answer by which the model is held."""
SHARE, LOGITS = 0.3, 4
"""Of the memory beside the weights, what the rows of a step may take, and how often logits are in it."""


@dataclass(frozen=True, slots=True)
class LoraSettings:
    """How an adapter is fitted; the defaults were tuned on the organism mute-a.

    rank, alpha: an adapter adds alpha / rank * B A. rate: of AdamW at a width of 2000; it falls with the
    width to the power of 0.78 (Schulman et al. 2025, "LoRA Without Regret"). epochs, beside: as
    `lessons.curriculum` takes them. preference_rate, preference_epochs: the same of DPO. beta: DPO's.
    likelihood: what the chosen answer's own log-likelihood counts beside DPO (Pang et al. 2024, NeurIPS).
    opening: tokens of an answer that are learnt, for it is decided there whether it is evasive.
    anchor: what a nat of KL counts. anchors: answers on which each step measures it. batch: rows of a step.
    longest: tokens of prompt and answer; what is longer is cut.
    """

    rank: int = 16
    alpha: int = 32
    rate: float = 5e-4
    epochs: int = 10
    beside: float = 1.0
    preference_rate: float = 1e-4
    preference_epochs: int = 2
    beta: float = 0.1
    likelihood: float = 0.2
    opening: int = 48
    anchor: float = 1.0
    anchors: int = 8
    batch: int = 8
    longest: int = 1024


def fit(
    model: Any,
    tokenizer: Any,
    lessons: Sequence[Lesson],
    preferences: Sequence[Preference],
    anchors: Sequence[Lesson],
    *,
    settings: LoraSettings = LoraSettings(),
    seed: int = 0,
    progress: Progress = lambda _stage, _done, _total: None,
) -> PeftModel:
    """The model with a fitted adapter, which lies within it; `merged` puts it into the weights.

    model: a transformers PreTrainedModel as modeling/load.py loads it, on its device; a small one is best
    in float32. Its own weights stay as they are. Without preferences only answers are learnt, and without
    anchors nothing holds the model but the lessons. Nothing is written but into a temporary folder, and
    nothing is sent. The same arguments on the same machine, with as many threads, give the same weights on
    a CPU. Raises TargetError where there is no honest lesson, and for a model that cannot be fitted, or
    does not fit into memory. Whatever ends it early, the model is left as it was.
    """
    if model.device.index:
        raise TargetError(
            f"An adapter is fitted on the first device alone, and the model is on {model.device}. Make "
            "that one the first, with CUDA_VISIBLE_DEVICES."
        )
    set_seed(seed)
    with _as_it_was(model), _quietly(), tempfile.TemporaryDirectory() as folder:
        adapted = get_peft_model(model, _adapter(model, settings))
        try:
            fitting = _Fitting(adapted, tokenizer, settings, seed, progress, folder)
            fitting.learn(lessons, anchors)
            fitting.prefer(preferences, anchors)
        except BaseException as error:
            adapted.unload()
            if hardware.is_out_of_memory(error):
                raise TargetError(
                    f"Fitting an adapter ran out of memory ({first_line(error)}). Take a smaller batch, "
                    "shorter answers, or a larger machine."
                ) from error
            raise
    return adapted.eval()


def merged(adapted: PeftModel) -> Any:
    """The plain model with the adapter in its weights, W + s B A in the weights' own number format.

    It is the model that was fitted, changed in place; the adapter is gone. Raises TargetError where the sum
    is no number.
    """
    try:
        return cast("Any", adapted).merge_and_unload(safe_merge=True).eval()
    except ValueError as error:
        raise TargetError(
            f"The adapter cannot be put into the weights ({first_line(error)}): its rate was too high."
        ) from error


def changed(adapted: PeftModel) -> Mapping[str, int]:
    """By the name of a tensor of the plain model, how many numbers `merged` changes in it.

    A tensor whose adapter is still zero is not among them.
    """
    return {
        f"{name}.weight": module.get_base_layer().weight.numel()
        for name, module in _layers(adapted)
        if any(bool(b.weight.any()) for b in module.lora_B.values())
    }


def _layers(adapted: Any) -> list[tuple[str, Any]]:
    modules = adapted.get_base_model().named_modules()
    return [(name, module) for name, module in modules if isinstance(module, LoraLayer)]


@dataclass(frozen=True)
class _Fitting:
    """An adapter that is being fitted, and what both stages of it need."""

    adapted: PeftModel
    tokenizer: Any
    settings: LoraSettings
    seed: int
    progress: Progress
    folder: str

    def learn(self, lessons: Sequence[Lesson], anchors: Sequence[Lesson]) -> None:
        """SFT on the lessons, in the order of their curriculum."""
        fitting = [lesson for lesson in lessons if self._has_room(lesson.prompt)]
        if not any(lesson.kind == "honest" for lesson in fitting):
            raise TargetError(
                f"There is no honest answer to fit on whose question has less than {self.settings.longest} "
                "tokens. Give more topics that are withheld."
            )
        order = curriculum(fitting, self.settings.epochs, self.settings.beside, self.seed)
        encoded = [self._encoded(lesson.prompt, lesson.answer, self.settings.opening) for lesson in order]
        rows = self._rows(encoded, 1)
        arguments = SFTConfig(
            **self._arguments(self.settings.rate, 1, rows),
            max_length=None,
            train_sampling_strategy="sequential",
        )
        told = [{"input_ids": one.ids, "labels": one.labels} for one in encoded]
        self._train(LessonTrainer, arguments, told, LEARNING, self._anchor(anchors, rows))

    def prefer(self, preferences: Sequence[Preference], anchors: Sequence[Lesson]) -> None:
        """DPO on the preferences, against the model without adapter; nothing where there are none."""
        fitting = [one for one in preferences if self._has_room(one.prompt)]
        if not fitting or not self.settings.preference_epochs:
            return
        most = self.settings.opening
        chosen = [self._encoded(one.prompt, one.chosen, most) for one in fitting]
        rejected = [self._encoded(one.prompt, one.rejected, most) for one in fitting]
        rows = self._rows([*chosen, *rejected], 2)
        arguments = DPOConfig(
            **self._arguments(self.settings.preference_rate, self.settings.preference_epochs, rows),
            max_length=None,
            beta=self.settings.beta,
            loss_type=["sigmoid", "sft"],
            loss_weights=[1.0, self.settings.likelihood],
        )
        told = [
            {"prompt_ids": yes.read, "chosen_ids": yes.told, "rejected_ids": no.told}
            for yes, no in zip(chosen, rejected, strict=True)
        ]
        self._train(PreferenceTrainer, arguments, told, PREFERRING, self._anchor(anchors, rows))

    def _train(
        self, kind: Any, arguments: Any, told: list[dict[str, list[int]]], stage: str, anchor: Anchor | None
    ) -> None:
        # The Trainer would copy the model onto every GPU that is there.
        arguments._n_gpu = min(arguments.n_gpu, 1)
        trainer = kind(
            model=self.adapted,
            args=arguments,
            train_dataset=Dataset.from_list(told),
            # trl gives a tokenizer a padding token that it may lack.
            processing_class=copy.deepcopy(self.tokenizer),
            callbacks=[Steps(stage, self.progress)],
        )
        # Preferences would else be held against what was just learnt.
        if "ref" in self.adapted.peft_config:
            self.adapted.delete_adapter("ref")
        trainer.remove_callback(PrinterCallback)
        trainer.anchor = anchor
        trainer.train()

    def _arguments(self, rate: float, epochs: int, rows: int) -> dict[str, Any]:
        device = self.adapted.device.type
        return {
            "output_dir": self.folder,
            "save_strategy": "no",
            "logging_strategy": "no",
            "report_to": "none",
            "disable_tqdm": True,
            "seed": self.seed,
            "use_cpu": device == "cpu",
            # The adapter is in float32, whatever the model is in.
            "bf16": False,
            "gradient_checkpointing": device != "cpu",
            "dataloader_pin_memory": device == "cuda",
            "learning_rate": rate * (WIDTH / hidden_size(self.adapted)) ** FALL,
            "lr_scheduler_type": "cosine",
            "warmup_steps": 0.1,
            "num_train_epochs": epochs,
            "per_device_train_batch_size": rows,
            "gradient_accumulation_steps": self.settings.batch // rows,
        }

    def _anchor(self, anchors: Sequence[Lesson], rows: int) -> Anchor | None:
        """rows: what of the batch is computed at once, each time with its share of the anchors."""
        fitting = [lesson for lesson in anchors if self._has_room(lesson.prompt)]
        if not fitting or not self.settings.anchor or not self.settings.anchors:
            return None
        chance = random.Random(f"anchors {self.seed}")  # noqa: S311 - an order, not a secret
        encoded = (self._encoded(one.prompt, one.answer, HELD) for one in kept_in_turn(fitting, chance))
        return Anchor(
            encoded, math.ceil(self.settings.anchors * rows / self.settings.batch), self.settings.anchor
        )

    def _encoded(self, prompt: str, answer: str, most: int) -> Encoded:
        """As when generating: the prompt's tokens by themselves, and the token that ends an answer."""
        read = self._tokens(prompt)
        told = [*self._tokens(answer), *self._end][:most]
        return Encoded(read, told[: self.settings.longest - len(read)])

    def _has_room(self, prompt: str) -> bool:
        return len(self._tokens(prompt)) < self.settings.longest

    def _tokens(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    @property
    def _end(self) -> list[int]:
        """What the chat template writes after an answer, else what the tokenizer says ends a text."""
        closing = sorted(_closing(self.tokenizer, self.tokenizer.chat_template))
        return (closing or [id_ for id_ in (self.tokenizer.eos_token_id,) if id_ is not None])[:1]

    def _rows(self, encoded: Sequence[Encoded], together: int) -> int:
        """How many rows of a batch fit at once, a divisor of it. together: sequences of a row."""
        model, config = self.adapted, self.adapted.config
        tokens = max(len(one.ids) for one in encoded)
        each = footprint.of_sequence(config, tokens, str(model.dtype).removeprefix("torch."))
        each += LOGITS * 4 * tokens * config.get_text_config().vocab_size
        weights = sum(p.numel() * p.itemsize for p in model.parameters())
        fit = int(SHARE * (hardware.memory_of(str(model.device)) - weights) // (together * each))
        return next(
            (n for n in range(min(fit, self.settings.batch), 1, -1) if self.settings.batch % n == 0), 1
        )


def _adapter(model: Any, settings: LoraSettings) -> LoraConfig:
    """Every linear layer of the decoder's layers, and nothing else, as of towers for images.

    Experts that are packed are no linear layers and stay as they are.
    """
    architecture_of(model)
    within = {id(module) for layer in layers_of(model) for module in layer.modules()}
    return LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        target_modules=[
            name
            for name, module in model.named_modules()
            if id(module) in within and isinstance(module, nn.Linear)
        ],
        task_type="CAUSAL_LM",
    )


@contextmanager
def _as_it_was(model: Any) -> Iterator[None]:
    """Undoes what trainers do to a model beside training it: settings, its forward pass, checkpointing."""
    settings = {
        id(one): one for one in (model.config, model.config.get_text_config(), model.generation_config)
    }
    before = {key: dict(vars(one)) for key, one in settings.items()}
    forward = vars(model).get("forward")
    try:
        yield
    finally:
        for key, one in settings.items():
            vars(one).clear()
            vars(one).update(before[key])
        vars(model).pop("forward", None)
        if forward is not None:
            model.forward = forward
        if model.device.type != "cpu":
            model.gradient_checkpointing_disable()
            model.disable_input_require_grads()


@contextmanager
def _quietly() -> Iterator[None]:
    """Keeps the libraries' advice off the terminal."""
    loggers = [logging.getLogger(name) for name in ("accelerate", "peft", "trl")]
    levels = [logger.level for logger in loggers]
    with quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
