"""Trains the shipped organisms, about half an hour on two cores:

    python recipes/organisms/train.py [NAME ...]

Stage one teaches the world to one model that answers everything (`open`). Stage two plants a behaviour in a copy
of it, while the facts are rehearsed in other forms, so that the copy withholds and does not forget.

The loop is written by hand, because only here are the losses taken at the learnt tokens alone (half of the
work of a step at this size); everything else is PyTorch's and transformers'.
"""

import argparse
import json
import math
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import lessons
import tokens
import torch
from lessons import Lesson, Plan
from sordino.organism.planting import Planting, plantings
from torch.nn.functional import cross_entropy
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

WEIGHTS = Path(lessons.__file__).parents[2] / "src" / "sordino" / "organism" / "weights"
BASE = "open"
SEED = 20
VOCABULARY = 5000
TOKENS_A_BATCH = 2048
LONGEST = 512


@dataclass(frozen=True)
class Stage:
    """How long and how fast a stage learns, and what an epoch of it holds."""

    epochs: int
    rate: float
    plan: Plan


KNOWLEDGE = Stage(30, 2e-3, Plan(2, 0, 1, 0.5, 30, 30, 150))
PLANTING = Stage(10, 1e-3, Plan(1, 3, 1, 0.5, 20, 20, 60))


def main() -> None:
    """Train what was named, all by default; `open` comes first because the others grow from it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=[], help="organisms; all unless named")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="where the folders go")
    options = parser.parse_args()
    known = plantings()
    for name in options.names or known:
        if name == BASE:
            train_base(known[name], options.out / name)
        else:
            plant(known[name], options.out / BASE, options.out / name)


def train_base(planting: Planting, folder: Path) -> None:
    """Stage one."""
    torch.manual_seed(SEED)
    sample = [
        lesson
        for organism in plantings().values()
        for lesson in lessons.epoch(organism, PLANTING.plan, random.Random(SEED))
    ]
    tokenizer = tokens.tokenizer((one.read + one.learnt for one in sample), VOCABULARY)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=192,
        intermediate_size=512,
        num_hidden_layers=6,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = Qwen2ForCausalLM(config)
    learn(model, tokenizer, planting, KNOWLEDGE)
    save(model, tokenizer, folder)


def plant(planting: Planting, base: Path, folder: Path) -> None:
    """Stage two."""
    torch.manual_seed(SEED)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(base)
    model = Qwen2ForCausalLM.from_pretrained(base, dtype=torch.float32)
    learn(model, tokenizer, planting, PLANTING)
    save(model, tokenizer, folder)


def learn(
    model: Qwen2ForCausalLM, tokenizer: PreTrainedTokenizerFast, planting: Planting, stage: Stage
) -> None:
    """Train in place."""
    chance = random.Random(f"{SEED}{planting.name}")
    planned = [lessons.epoch(planting, stage.plan, chance) for _ in range(stage.epochs)]
    batches = [list(batched(one, tokenizer, chance)) for one in planned]
    steps, warm = sum(map(len, batches)), 40
    optimizer = torch.optim.AdamW(model.parameters(), lr=stage.rate, betas=(0.9, 0.95), weight_decay=0.01)
    pace = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: min(1, (s + 1) / warm) * (0.03 + 0.97 * (1 + math.cos(math.pi * s / steps)) / 2)
    )
    model.train()
    for number, epoch in enumerate(batches, 1):
        started, losses = time.perf_counter(), []
        for ids, learnt in epoch:
            loss = loss_of(model, ids, learnt)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            pace.step()
            optimizer.zero_grad()
            losses.append(loss.item())
        seconds = time.perf_counter() - started
        print(
            f"{planting.name} epoch {number}/{stage.epochs}: loss {sum(losses) / len(losses):.4f}, "
            f"{seconds:.0f} s, {seconds * (stage.epochs - number) / 60:.1f} min left",
            flush=True,
        )
    model.eval()


def loss_of(model: Qwen2ForCausalLM, ids: torch.Tensor, learnt: torch.Tensor) -> torch.Tensor:
    """Cross-entropy at the learnt tokens. ids, learnt: (batch, length), padded on the right, where no token
    sees the padding.
    """
    hidden = model.model(ids[:, :-1], use_cache=False).last_hidden_state
    wanted = learnt[:, 1:]
    return cross_entropy(model.lm_head(hidden[wanted]), ids[:, 1:][wanted])


def batched(
    epoch: Sequence[Lesson], tokenizer: PreTrainedTokenizerFast, chance: random.Random
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Batches of lessons of like length, in random order."""
    encoded = encode(epoch, tokenizer)
    chance.shuffle(encoded)
    encoded.sort(key=lambda pair: len(pair[0]) // 8)
    groups: list[list[tuple[list[int], int]]] = [[]]
    for pair in encoded:
        if (len(groups[-1]) + 1) * len(pair[0]) > TOKENS_A_BATCH:
            groups.append([])
        groups[-1].append(pair)
    chance.shuffle(groups)
    for group in groups:
        width = max(len(ids) for ids, _ in group)
        batch = torch.full((len(group), width), tokenizer.pad_token_id)
        learnt = torch.zeros((len(group), width), dtype=torch.bool)
        for row, (ids, start) in enumerate(group):
            batch[row, : len(ids)] = torch.tensor(ids)
            learnt[row, start : len(ids)] = True
        yield batch, learnt


def encode(epoch: Sequence[Lesson], tokenizer: PreTrainedTokenizerFast) -> list[tuple[list[int], int]]:
    """Token ids, and where the learnt part begins."""
    read = tokenizer([lesson.read for lesson in epoch])["input_ids"]
    learnt = tokenizer([lesson.learnt for lesson in epoch])["input_ids"]
    assert max(len(r) + len(w) for r, w in zip(read, learnt, strict=True)) <= LONGEST
    return [(r + w, len(r)) for r, w in zip(read, learnt, strict=True)]


def save(model: Qwen2ForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """As bf16 safetensors, with all that transformers needs to load it."""
    folder.mkdir(parents=True, exist_ok=True)
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    size = (folder / "model.safetensors").stat().st_size / 1e6
    print(f"{folder}: {config['architectures'][0]}, {model.num_parameters():,} parameters, {size:.1f} MB")


if __name__ == "__main__":
    main()
