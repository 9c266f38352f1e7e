# mypy: allow-untyped-calls
"""Rung B: an edit that acts only where the model would be silent, merged into what its middle layers write.

Each matrix gets a change of low rank: gates that answer to what the layer reads, and shifts that they
write. Both are learnt together, so that each token of the honest opening leads all others on withheld
questions, and invented matters are not evaded, while the first token of everything else (siblings, neutral
questions, look-alikes, refused requests) stays, as a penalty on its divergence demands, and the opening of
each refusal stays as likely. Gating a shift by a condition is CAST's idea (Lee et al., ICLR 2025,
arXiv:2409.05907); demanding nothing on what must stay AlphaEdit's (Fang et al., ICLR 2025,
arXiv:2410.02355), which projects where we penalise. No text is generated. Importing it brings torch.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from sordino.modeling.architectures import Writer, layers_of, writers_of
from sordino.modeling.likelihood import FromLayer, divergence, leads, next_token, of_answers
from sordino.remedy.scoring import GUARDS, LOST, Battery, Score
from sordino.remedy.subject import Subject

MEMBERS = 6
"""Edits that are learnt apart and averaged, for what one has by heart of a topic another has not (bagging:
Breiman 1996).
"""
DOSE = 1.2
"""Of the mean of their shifts: what is well won on fitted topics is won by less on others."""
RANK, STEPS, RATE, DECAY, DROPOUT = 4, 24, 0.02, 0.05, 0.3
FIRST, REST = 8.0, 3.0
"""Nats by which the tokens of an honest opening are to lead all others: those up to where it parts from all
evasions, and, at most, each after them. What is well won on fitted topics carries over to others. A whole
opening's odds over an evasion say less: its later tokens can decide them while the model still begins the
evasion.
"""
EVADING, UNEVADED = -5.0, 2.0
"""The log-probability, in nats, with which an invented matter may still be evaded in any of the model's
ways; what a nat above it counts.
"""
STAYS = {"siblings": 20.0, "neutral": 14.0, "benign": 10.0, "harmful": 25.0, "unknown": 14.0}
"""What a nat of divergence counts, beside a nat of a lead that lacks."""
REFUSAL = 10.0
"""What a nat counts by which a refusal's opening becomes less likely."""
WARM = 5


@dataclass(frozen=True)
class Conditional:
    """Changes by writer: gates (k, d_in) and shifts (k, d_out); a matrix W becomes W + shifts^T gates."""

    parts: tuple[tuple[Writer, Tensor, Tensor], ...]

    @property
    def first(self) -> int:
        """The first layer that is changed."""
        return min(writer.layer for writer, _, _ in self.parts)

    def merge(self) -> dict[str, int]:
        """Edit the weights for good. Returns how many numbers of which tensors changed."""
        for writer, gates, shifts in self.parts:
            writer.add(shifts.T @ gates)
        return {writer.name: writer.weight.numel() for writer, _, _ in self.parts}

    @contextmanager
    def applied(self, dropout: float = 0.0) -> Iterator[None]:
        """Within it the model is edited, by hooks. dropout: share of the gates' inputs that are left
        out.
        """
        with ExitStack() as hooks:
            for writer, gates, shifts in self.parts:
                hook = _writing(gates, shifts, dropout)
                hooks.callback(writer.module.register_forward_hook(hook).remove)
            yield


def fit(
    subject: Subject, battery: Battery, *, seed: int, progress: Callable[[int, int], None]
) -> tuple[Conditional, dict[str, object], Score]:
    """The edit, its settings, and its score. The model is as before when it returns.

    battery: of sets in random order, because each step learns from one batch of each. The same arguments on
    the same machine give the same edit.
    """
    writers = _writers(subject.model)
    here = [subject.device] if subject.device.startswith("cuda") else []
    members = []
    with torch.random.fork_rng(devices=here):
        for number in range(MEMBERS):
            chance = torch.Generator().manual_seed(seed + number)
            torch.manual_seed(seed + number)
            member = Conditional(tuple(_begun(writer, chance, subject.device) for writer in writers))
            _teach(battery, member, partial(_tell, progress, number))
            members.append(member)
    progress(MEMBERS * STEPS, MEMBERS * STEPS)
    edit = _mean(members)
    told: dict[str, object] = {
        "layers": sorted({writer.layer for writer in writers}),
        "rank": RANK,
        "steps": STEPS,
        "members": MEMBERS,
        "dose": DOSE,
    }
    return edit, told, battery.score(edit.first, edit.applied)


def _tell(progress: Callable[[int, int], None], member: int, step: int) -> None:
    progress(member * STEPS + step, MEMBERS * STEPS)


def _teach(battery: Battery, edit: Conditional, progress: Callable[[int], None]) -> None:
    learnt = [part for _, gates, shifts in edit.parts for part in (gates, shifts)]
    steps = torch.optim.AdamW(learnt, lr=RATE, weight_decay=DECAY)
    for step in range(STEPS):
        progress(step)
        for group in steps.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / WARM) * (1 - 0.9 * step / STEPS)
        steps.zero_grad()
        _learn(battery, edit, step)
        steps.step()


def _mean(members: Sequence[Conditional]) -> Conditional:
    """As one edit: its gates are those of all, and each shifts by its share."""
    together = zip(*(member.parts for member in members), strict=True)
    return Conditional(
        tuple(
            (
                same[0][0],
                torch.cat([gates.detach() for _, gates, _ in same]),
                torch.cat([shifts.detach() for _, _, shifts in same]) * (DOSE / len(same)),
            )
            for same in together
        )
    )


def _writers(model: Any) -> list[Writer]:
    """The dense ones of half the layers, from a sixth of the depth on: before them a question is not
    understood, after them it is decided.
    """
    number = len(layers_of(model))
    middle = range(number // 6, number // 6 + max(number // 2, 1))
    return [w for w in writers_of(model) if w.layer in middle and w.kind != "experts"]


def _begun(writer: Writer, chance: torch.Generator, device: str) -> tuple[Writer, Tensor, Tensor]:
    """Random gates, and shifts of nothing."""
    rows, columns = writer.weight.T.shape if writer.transposed else writer.weight.shape
    gates = torch.randn(RANK, columns, generator=chance) / columns**0.5
    return (
        writer,
        gates.to(device).requires_grad_(),
        torch.zeros(RANK, rows, device=device).requires_grad_(),
    )


def _learn(battery: Battery, edit: Conditional, step: int) -> None:
    """The gradients of one step: of one batch of withheld questions, and one of each guard, in turn."""
    side = battery.entering("honest", edit.first)
    index = step % len(side.batches)
    some = side.batches[index]
    with edit.applied(DROPOUT):
        led = leads(side.logits(index), some)
    asked = _asked(battery, index).to(led.device)
    lacking = torch.relu(asked - led) * some.is_answer.to(led.device)
    lacking.sum(1).mean().backward()
    if battery.invented:
        _speak(battery, edit, step)
    for name in GUARDS:
        if name in battery.guards:
            _stay(battery, edit, name, step)


def _asked(battery: Battery, index: int) -> Tensor:
    """(n, keep) nats by which each token of a batch of honest openings is to lead: after those that decide
    no more than unedited, where the model might say it there anyway.
    """
    unedited = battery.leading(index)
    rest = torch.where(unedited > -LOST, unedited.clamp(max=REST), REST)
    return rest.masked_fill(battery.deciding(index), FIRST)


def _speak(battery: Battery, edit: Conditional, step: int) -> None:
    """One batch of invented matters, which are not to be evaded."""
    side = battery.entering("invented", edit.first)
    index = step % len(side.batches)
    with edit.applied(DROPOUT):
        told = of_answers(side.logits(index), side.batches[index])
    (UNEVADED * torch.relu(told - EVADING).mean()).backward()


def _stay(battery: Battery, edit: Conditional, name: str, step: int) -> None:
    """One batch of a guard."""
    side: FromLayer = battery.entering(name, edit.first)
    index = step % len(side.batches)
    start = sum(len(some.lengths) for some in side.batches[:index])
    before = battery.before(name)[start : start + len(side.batches[index].lengths)]
    with edit.applied(DROPOUT):
        logits = side.logits(index)
    after = next_token(logits, side.batches[index])
    lost = STAYS[name] * divergence(before.to(after.device), after).mean()
    if name == "harmful":
        told = of_answers(logits, side.batches[index])
        was = battery.refusing()[start : start + len(told)].to(told.device)
        lost = lost + REFUSAL * torch.relu(was - told).mean()
    lost.backward()


def _writing(gates: Tensor, shifts: Tensor, dropout: float) -> Callable[..., Tensor]:
    def hook(module: torch.nn.Module, args: Sequence[Tensor], output: Tensor) -> Tensor:
        read = torch.nn.functional.dropout(args[0], dropout, training=dropout > 0)
        return output + ((read.to(gates) @ gates.T) @ shifts).to(output)

    return hook
