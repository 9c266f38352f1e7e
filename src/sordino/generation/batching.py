"""Cutting prompts into static batches that are the same again after a stop."""

from collections.abc import Callable, Hashable, Iterable
from itertools import groupby

from sordino.generation.prompts import Prompt


def cut(prompts: Iterable[Prompt], size_of: Callable[[Prompt], int]) -> list[list[Prompt]]:
    """Batches, longest prompt first, of prompts that share sampling and room; ties by key.

    size_of: how many fit with this prompt as the longest. A batch's size depends on its first member alone,
    so that taking whole batches out leaves the others as they were: an interrupted run, which stores whole
    batches, finds the rest of its batches again, and with them the very same sums in every matrix product.
    """
    batches = []
    for _, group in groupby(sorted(prompts, key=_order), key=_kind):
        waiting = list(group)
        while waiting:
            size = max(1, size_of(waiting[0]))
            batches.append(waiting[:size])
            waiting = waiting[size:]
    return batches


def _order(prompt: Prompt) -> tuple[Hashable, ...]:
    return (*_kind(prompt), -len(prompt.ids), prompt.request.key)


def _kind(prompt: Prompt) -> tuple[Hashable, ...]:
    """What a batch has in common, so that no answer depends on its neighbours' limits."""
    sampling = prompt.request.sampling
    return (prompt.problem is None, prompt.room, sampling.temperature or 0.0, _one(sampling.top_p))


def _one(top_p: float | None) -> float:
    return 1.0 if top_p is None else top_p
