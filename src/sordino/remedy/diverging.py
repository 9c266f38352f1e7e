# mypy: allow-untyped-calls
"""How far an edited model has gone from the original, in nats a token, where it should have stayed.

Both models answer the same prompts, and are read at the tokens of what the original said (teacher forcing).
Importing it brings torch.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from sordino.modeling.hooks import run
from sordino.modeling.likelihood import continuations, divergence
from sordino.remedy.sets import Item
from sordino.remedy.subject import Subject

FORCED = 64
"""Tokens of an answer on which models are held against each other."""
ROWS = 16


@torch.no_grad()
def diverging(
    subject: Subject, edited: Any, prompts: Mapping[str, Sequence[Item]]
) -> tuple[dict[str, float], dict[str, float]]:
    """By group of prompts: KL of the edited model from the original at the first token of an answer, and
    over its first 64; means over prompts, and over tokens.
    """
    first, longer = {}, {}
    for name, items in prompts.items():
        pairs = subject.pairs([(item.question, item.own) for item in items])
        at_first, at_all = [], []
        for some in continuations(pairs, most=FORCED, rows=ROWS):
            logits = [
                run(model, some.batch, logits_to_keep=some.keep + 1) for model in (subject.model, edited)
            ]
            before, after = (torch.log_softmax(one.float(), -1) for one in logits)
            apart = divergence(before, after).cpu()
            at_first.append(apart[torch.arange(len(apart)), some.keep - some.lengths])
            # The column before an answer's token is where it is foretold.
            at_all.append(apart[:, :-1][some.is_answer])
        if at_first:
            first[name] = float(torch.cat(at_first).mean())
            longer[name] = float(torch.cat(at_all).mean())
    return first, longer
