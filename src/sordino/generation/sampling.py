"""Drawing tokens so that an answer depends on its own request alone, whatever shares its batch.

Importing it brings torch and transformers.
"""

from collections.abc import Sequence

import torch
from transformers import LogitsProcessor, LogitsProcessorList, TemperatureLogitsWarper, TopPLogitsWarper

from sordino.core.errors import SpecError
from sordino.core.identity import seed_of
from sordino.core.records import Sampling


class Soundness(LogitsProcessor):
    """Notes the rows whose logits are not numbers: a token would be chosen from them, and mean nothing."""

    def __init__(self, rows: int) -> None:
        self._unsound = torch.zeros(rows, dtype=torch.bool)

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        self._unsound = self._unsound.to(scores.device) | scores.amax(dim=-1).isnan()
        return scores

    def sound(self) -> list[bool]:
        """For each row, whether all that it was given were numbers."""
        return [not unsound for unsound in self._unsound.tolist()]


class GumbelNoise(LogitsProcessor):
    """Adds Gumbel noise, each row from its own generator: the largest sum is then a draw from the softmax.

    Gumbel, Statistical Theory of Extreme Values (1954); Maddison, Tarlow, Minka, "A* Sampling" (2014).
    scores: (rows, vocabulary). A filtered token's minus infinity stays so.
    """

    def __init__(self, seeds: Sequence[int], device: str) -> None:
        self._generators = [torch.Generator(device).manual_seed(seed) for seed in seeds]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        waits = torch.empty_like(scores)
        for row, generator in zip(waits, self._generators, strict=True):
            row.exponential_(generator=generator)
        return scores - waits.clamp_min_(torch.finfo(scores.dtype).tiny).log_()


def processors(sampling: Sampling, keys: Sequence[str], device: str) -> LogitsProcessorList:
    """What turns logits into scores of which the largest is the next token; `Soundness` comes first.

    keys: of the rows' requests, which seed their draws. Greedy where the temperature is 0 or left open.
    Raises SpecError for a sampling that means nothing.
    """
    _check(sampling)
    chain: list[LogitsProcessor] = [Soundness(len(keys))]
    if sampling.temperature:
        chain.append(TemperatureLogitsWarper(float(sampling.temperature)))
        if sampling.top_p is not None and sampling.top_p < 1:
            chain.append(TopPLogitsWarper(float(sampling.top_p)))
        chain.append(GumbelNoise([seed_of(key) for key in keys], device))
    return LogitsProcessorList(chain)


def _check(sampling: Sampling) -> None:
    if (sampling.temperature or 0.0) < 0:
        raise SpecError(
            f"The temperature {sampling.temperature} is below 0. Take 0 for the likeliest answer."
        )
    if sampling.top_p is not None and not 0 < sampling.top_p <= 1:
        raise SpecError(f"top_p is {sampling.top_p}; it must be above 0 and at most 1.")
