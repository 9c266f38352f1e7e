"""How soon `sordino --help` answers, against an interpreter that does nothing."""

import statistics
import sys

from _measure import command, sordino


def median(times: list[float]) -> float:
    """The middle of five, after one that warms the caches."""
    return statistics.median(times[1:])


helped = median([sordino("--help").seconds for _ in range(6)])
bare = median([command(sys.executable, "-c", "pass").seconds for _ in range(6)])
print(
    f"sordino --help {helped:.2f} s (aim: under 0.5), bare interpreter {bare:.2f} s, ratio {helped / bare:.1f}"
)
