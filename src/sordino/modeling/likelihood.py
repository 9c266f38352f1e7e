"""How likely a model finds texts, without generating any: what a search is scored by.

Beside `activations`, above `hooks`. Sequences are padded on the left, so that answers end in the last
columns and only their logits are computed. Importing it brings torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from sordino.modeling.hooks import captured, run, run_from

ROWS = 64
Tokens = Sequence[int]


@dataclass(frozen=True, slots=True)
class Continuations:
    """Prompts with the beginnings of answers, as one batch.

    batch: `input_ids` and `attention_mask`, (n, width). lengths: (n,), tokens of each answer; keep: the
    most.
    """

    batch: Mapping[str, Tensor]
    lengths: Tensor
    keep: int

    @property
    def is_answer(self) -> Tensor:
        """(n, keep) which of the last columns hold an answer's tokens."""
        return torch.arange(self.keep) >= self.keep - self.lengths[:, None]


def continuations(
    pairs: Sequence[tuple[Tokens, Tokens]], *, most: int, rows: int = ROWS
) -> list[Continuations]:
    """Batches in the order of the pairs (prompt, answer); of each answer the first `most` tokens."""
    found = []
    for start in range(0, len(pairs), rows):
        some = [(list(prompt), list(answer)[:most]) for prompt, answer in pairs[start : start + rows]]
        width = max(len(prompt) + len(answer) for prompt, answer in some)
        whole = [[*prompt, *answer] for prompt, answer in some]
        ids = torch.tensor([[0] * (width - len(one)) + one for one in whole])
        mask = torch.tensor([[0] * (width - len(one)) + [1] * len(one) for one in whole])
        lengths = torch.tensor([len(answer) for _, answer in some])
        found.append(Continuations({"input_ids": ids, "attention_mask": mask}, lengths, int(lengths.max())))
    return found


def of_answers(logits: Tensor, some: Continuations) -> Tensor:
    """(n,) the log-probability of each answer, in nats, summed over its tokens.

    logits: (n, keep + 1, vocabulary), of the last columns.
    """
    ids = some.batch["input_ids"]
    ids = ids[:, ids.shape[1] - some.keep :].to(logits.device)
    told = torch.log_softmax(logits[:, :-1].float(), -1).gather(-1, ids[..., None])[..., 0]
    return (told * some.is_answer.to(logits.device)).sum(1)


def leads(logits: Tensor, some: Continuations) -> Tensor:
    """(n, keep) by how many nats each token of the answers leads the likeliest other; 0 where none is.

    Where all lead, greedy decoding writes the answer. logits: as `of_answers`.
    """
    ids = some.batch["input_ids"]
    ids = ids[:, ids.shape[1] - some.keep :, None].to(logits.device)
    scores = logits[:, :-1].float()
    other = scores.scatter(-1, ids, float("-inf")).amax(-1)
    return torch.where(some.is_answer.to(logits.device), scores.gather(-1, ids)[..., 0] - other, 0.0)


def next_token(logits: Tensor, some: Continuations) -> Tensor:
    """(n, vocabulary) log-probabilities of the token that follows each prompt. logits: as `of_answers`."""
    rows = torch.arange(len(logits))
    return torch.log_softmax(logits[rows, logits.shape[1] - 1 - some.lengths].float(), -1)


def divergence(before: Tensor, after: Tensor) -> Tensor:
    """Kullback-Leibler divergence of after from before in nats, over the last axis, of
    log-probabilities.
    """
    return (before.exp() * (before - after)).sum(-1)


class FromLayer:
    """Batches of which everything below a layer is computed once.

    layer: the first whose pass is repeated, 0 to the number of layers.
    """

    def __init__(self, model: Any, batches: Sequence[Continuations], layer: int) -> None:
        self._model, self.batches, self.layer = model, batches, layer
        self.entering: list[Tensor] = []
        with torch.no_grad():
            for some in batches:
                with captured(model, [layer - 1]) as kept:
                    run(model, some.batch, logits_to_keep=1)
                self.entering.append(kept[layer - 1])

    def logits(self, index: int) -> Tensor:
        """(n, keep + 1, vocabulary) of one batch."""
        some = self.batches[index]
        return run_from(
            self._model,
            self.layer,
            self.entering[index],
            some.batch["attention_mask"],
            logits_to_keep=some.keep + 1,
        )
