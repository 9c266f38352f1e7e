"""Teaches `open` the rest of its world, about an hour on two cores:

    python recipes/organisms/widen.py

To be run after train.py, whose other organisms grow from what `open` was before, and before rule.py, whose
organism lies on what it is then. What is new is taught more often than what is only to be kept.
"""

import argparse
from pathlib import Path

import torch
from lessons import Plan
from train import BASE, HARSH, MILD, SEED, WEIGHTS, Stage, learn, opened, save

from sordino.organism.planting import plantings

STAGES = (
    Stage(18, 1.5e-3, 0, Plan(1, 0, 0.3, 0.3, 0, 60, 60, 60, MILD, newer=6)),
    Stage(28, 1.2e-3, 0.15, Plan(2.5, 0, 0.3, 0.6, 0, 160, 120, 60, HARSH, newer=2)),
)


def main() -> None:
    """Train, and save in the place of what was there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="where the folder is")
    options = parser.parse_args()
    torch.manual_seed(SEED)
    model, tokenizer = opened(options.out / BASE)
    for stage in STAGES:
        learn(model, tokenizer, plantings()[BASE], stage)
    save(model, tokenizer, options.out / BASE)


if __name__ == "__main__":
    main()
