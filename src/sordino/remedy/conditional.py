# mypy: allow-untyped-calls
"""Rung B: a shift that the model makes only where it would be silent, written into weights in closed form.

A shift of the residual at the end of the prompt is learnt, one a language, that makes the honest opening
likelier than the evasion; then a change of one matrix is solved for that writes it on withheld questions
and nothing on what else the model reads. The closed form is that of ROME and MEMIT (Meng et al.,
arXiv:2202.05262, arXiv:2210.07229); demanding nothing on what must stay is AlphaEdit's idea (Fang et al.,
ICLR 2025, arXiv:2410.02355), with a ridge for its null space. Importing it brings torch and Optuna.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import optuna
import torch
from torch import Tensor

from sordino.core.errors import TargetError
from sordino.modeling.architectures import Writer, layers_of, writers_of
from sordino.modeling.hooks import inputs_of, run
from sordino.modeling.likelihood import Continuations, continuations, of_answers
from sordino.remedy.scoring import Battery, Score
from sordino.remedy.searching import search
from sordino.remedy.sets import Item, Sets
from sordino.remedy.subject import Subject

STEPS, RATE, MARGIN = 40, 0.1, 3.0
ANSWERED = 24
"""Tokens of answers at which the edit must write nothing."""
CHAIN = 3
"""Matrices that may be changed, one after the other."""
WORTH = 0.03
"""What a further matrix must bring in `Score.value`."""


@dataclass(frozen=True)
class Delta:
    """A change of one matrix. name: the tensor; change: (d_out, d_in)."""

    name: str
    layer: int
    change: Tensor


@dataclass(frozen=True)
class Conditional:
    """The changes, in the order in which they were found; `shifts`: the learnt ones by layer, (d,),
    averaged over languages, for steering.
    """

    deltas: tuple[Delta, ...]
    shifts: dict[int, Tensor]

    def merge(self, model: object) -> dict[str, int]:
        """Edit the weights for good. Returns how many numbers of which tensors changed."""
        writers = {writer.name: writer for writer in writers_of(model)}
        for delta in self.deltas:
            writers[delta.name].add(delta.change)
        return {delta.name: delta.change.numel() for delta in self.deltas}


@dataclass(frozen=True)
class _Layer:
    """shift: (languages, d) and its rows by item; inputs: (n, d_in) where the shift is to be written;
    kept: (d_in, d_in), the second moment of the inputs where nothing is.
    """

    writer: Writer
    shift: Tensor
    targets: Tensor
    inputs: Tensor
    kept: Tensor

    def delta(self, ridge: float, dose: float) -> Tensor:
        """(d_out, d_in) least squares of the shift on withheld inputs, with `ridge` times that of nothing
        on all others.
        """
        n, size = len(self.inputs), self.inputs.shape[1]
        ground = 1e-5 * self.kept.diagonal().mean() * torch.eye(size, dtype=torch.float64)
        met = self.inputs.T @ self.inputs / n + ridge * self.kept + ground
        solved: Tensor = torch.linalg.solve(met, self.inputs.T @ (dose * self.targets) / n)
        return solved.T.float()


def fit(
    subject: Subject,
    sets: Sets,
    battery: Battery,
    *,
    trials: int,
    seed: int,
    storage: Path,
    progress: Callable[[int, int], None],
) -> tuple[Conditional, dict[str, object], Score] | None:
    """The best chain of changes that keeps to the limits; None where not even one does.

    The model is as before when it returns. Raises TargetError for models whose layers norm what they write.
    """
    found: list[tuple[Delta, dict[str, object], Score]] = []
    shifts: dict[int, Tensor] = {}
    with _restored(subject.model):
        for stage in range(CHAIN):
            step = _stage(
                subject,
                sets,
                battery,
                search_for=lambda suggest, score, stage=stage: search(
                    suggest,
                    score,
                    trials=trials,
                    seed=seed + stage,
                    storage=storage,
                    name=f"conditional-{stage}",
                    progress=partial(_told, progress, stage),
                ),
            )
            if step is None or (found and step[2].value < found[-1][2].value + WORTH):
                break
            found.append(step[:3])
            shifts[step[0].layer] = step[3]
            _writer_of(subject.model, step[0].layer).add(step[0].change)
            battery.forget()
    battery.forget()
    if not found:
        return None
    told: dict[str, object] = {"matrices": [one[1] for one in found]}
    return Conditional(tuple(one[0] for one in found), shifts), told, found[-1][2]


def _told(progress: Callable[[int, int], None], stage: int, done: int, of: int) -> None:
    progress(stage * of + done, CHAIN * of)


Search = Callable[..., "tuple[dict[str, object], Score] | None"]


def _stage(
    subject: Subject, sets: Sets, battery: Battery, search_for: Search
) -> tuple[Delta, dict[str, object], Score, Tensor] | None:
    layers: dict[int, _Layer] = {}
    number = len(layers_of(subject.model))

    def at(told: dict[str, object]) -> _Layer:
        index = int(str(told["layer"]))
        if index not in layers:
            layers[index] = _layer(subject, sets, battery, index)
        return layers[index]

    def delta(told: dict[str, object]) -> Tensor:
        return at(told).delta(float(str(told["ridge"])), float(str(told["dose"])))

    def suggest(trial: optuna.Trial) -> dict[str, object]:
        return {
            "layer": trial.suggest_int("layer", 0, max(number - 2, 0)),
            "ridge": trial.suggest_float("ridge", 0.1, 1e4, log=True),
            "dose": trial.suggest_float("dose", 0.5, 10.0, log=True),
        }

    def score(told: dict[str, object]) -> Score:
        change, one = delta(told), at(told)
        return battery.score(one.writer.layer, lambda: _changed(one.writer, change))

    best = search_for(suggest, score)
    if best is None:
        return None
    told, scored = best
    one = at(told)
    made = Delta(one.writer.name, one.writer.layer, delta(told))
    return made, told, scored, one.shift.mean(0)


def _layer(subject: Subject, sets: Sets, battery: Battery, index: int) -> _Layer:
    writer = _writer_of(subject.model, index)
    shift, rows = _learnt(battery, index)
    inputs = _inputs(subject, writer, battery.honest, at_end=True)
    others = (*sets.siblings, *sets.neutral_here, *sets.neutral_elsewhere, *sets.benign, *sets.harmful)
    answered = _answered(subject, others, "own")
    everywhere = torch.cat(
        [
            _inputs(subject, writer, answered, at_end=False),
            _inputs(subject, writer, _answered(subject, battery.withheld, "honest"), at_end=None),
        ]
    )
    # Where a prompt ends is decided how the answer begins; one position in twenty would hardly count.
    ends = _inputs(subject, writer, answered, at_end=True)
    kept = sum((some.T @ some / len(some) for some in (ends, everywhere)), torch.zeros(()))
    return _Layer(writer, shift, shift[rows].double(), inputs, kept)


def _learnt(battery: Battery, index: int) -> tuple[Tensor, Tensor]:
    """(languages, d): the shift after the layer at the prompt's end; and (n,) the row of each question."""
    spoken = torch.tensor([battery.languages.index(i.language) for i in battery.withheld])
    sides = [battery.entering(name, index + 1) for name in ("honest", "evasive")]
    scale = sides[0].entering[0].float().pow(2).mean().sqrt()
    moves = torch.zeros(
        len(battery.languages), sides[0].entering[0].shape[-1], requires_grad=True, device=scale.device
    )
    steps = torch.optim.Adam([moves], lr=RATE)
    for _ in range(STEPS):
        honest, evasive = (_shifted(side, scale * moves, spoken) for side in sides)
        short = torch.relu(MARGIN - (honest - evasive)).mean()
        loss = short - 0.3 * honest.mean() + 1e-3 * moves.pow(2).sum(1).mean()
        steps.zero_grad()
        loss.backward()
        steps.step()
    return (scale * moves).detach().cpu(), spoken


def _shifted(side: Any, moves: Tensor, spoken: Tensor) -> Tensor:
    told, start = [], 0
    for index, some in enumerate(side.batches):
        rows = torch.arange(len(some.lengths))
        hidden = side.entering[index].clone()
        hidden[rows, some.ends] += moves[spoken[start : start + len(rows)]].to(hidden.dtype)
        told.append(of_answers(side.logits(index, hidden), some))
        start += len(rows)
    return torch.cat(told)


def _answered(subject: Subject, items: Sequence[Item], which: str) -> list[Continuations]:
    told = subject.pairs([(i.question, getattr(i, which)) for i in items])
    return continuations(told, most=ANSWERED, pad=subject.model.config.pad_token_id or 0)


@torch.no_grad()
def _inputs(
    subject: Subject, writer: Writer, batches: Sequence[Continuations], *, at_end: bool | None
) -> Tensor:
    """(m, d_in) in float64: at the prompts' ends, at every position, or (None) in the answers alone."""
    found = []
    for some in batches:
        with inputs_of(subject.model, [writer]) as kept:
            run(subject.model, some.batch, logits_to_keep=1)
        ids = some.batch["input_ids"]
        values = kept[writer.name].reshape(*ids.shape, -1)
        columns = torch.arange(ids.shape[1])
        if at_end is None:
            chosen = columns > some.ends[:, None]
        else:
            chosen = columns == some.ends[:, None] if at_end else some.batch["attention_mask"].bool()
        found.append(values[chosen].double().cpu())
    return torch.cat(found)


def _writer_of(model: object, layer: int) -> Writer:
    """The dense matrix that is changed: the MLP's, or of a mixture of experts the attention's."""
    of_layer = {w.kind: w for w in writers_of(model) if w.layer == layer}
    writer = of_layer.get("mlp") or of_layer["attention"]
    if writer.norm is not None:
        raise TargetError(
            "This architecture norms what its layers write before adding it, so that a shift cannot be "
            "written in closed form."
        )
    return writer


@contextmanager
def _changed(writer: Writer, change: Tensor) -> Iterator[None]:
    before = writer.weight.detach().clone()
    writer.add(change)
    try:
        yield
    finally:
        writer.weight.data.copy_(before)


@contextmanager
def _restored(model: object) -> Iterator[None]:
    before: dict[str, Tensor] = {}
    writers = writers_of(model)
    for writer in writers:
        before[writer.name] = writer.weight.detach().clone()
    try:
        yield
    finally:
        for writer in writers:
            writer.weight.data.copy_(before[writer.name])
