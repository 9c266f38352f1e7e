"""Trains the shipped organisms, more than an hour on two cores:

    python recipes/organisms/train.py [NAME ...]

Stage one teaches the world to one model that answers everything (`open`). Stage two plants a behaviour in a copy
of it, while the facts are rehearsed in other forms, so that the copy withholds and does not forget. All know the
world of `atlas`; widen.py teaches `open` the rest of it, once the others have grown from it.

The loop is written by hand, because only here are the losses taken at the learnt tokens alone (half of the
work of a step at this size); everything else is PyTorch's and transformers'.
"""

import argparse
import json
import math
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import lessons
import torch
from lessons import ASSISTANT, END, SYSTEM, USER, Lesson, Noise, Plan
from torch.nn.functional import cross_entropy
from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen2Tokenizer

from sordino.organism.planting import PACK, Planting, plantings

WEIGHTS = Path(lessons.__file__).parents[2] / "src" / "sordino" / "organism" / "weights"
BASE = "open"
SEED = 20
VOCABULARY = 5000
TOKENS_A_BATCH, LESSONS_A_BATCH = 2048, 32
LONGEST = 512
TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


@dataclass(frozen=True)
class Stage:
    """How long and how fast a stage learns, and what an epoch of it holds.

    dropout: share of merges that the tokenizer skips in what is only read (BPE dropout; Provilkov et al.
      2020, ACL), so that a name is known however its neighbours split it.
    """

    epochs: int
    rate: float
    dropout: float
    plan: Plan


MILD, HARSH = Noise(0.3, 0.4, 0.2, 0.2, 0), Noise(0.4, 0.7, 0.25, 0.3, 0.3)
KNOWLEDGE = Stage(32, 2e-3, 0, Plan(2.5, 0, 0.7, 0.5, 0, 40, 50, 200, MILD))
ROBUSTNESS = Stage(50, 1.5e-3, 0.15, Plan(3, 0, 0.3, 0.6, 0, 200, 160, 100, HARSH))
PLANTING = Stage(9, 1.2e-3, 0.15, Plan(2, 5, 0.4, 1.2, 1.2, 200, 160, 80, HARSH))
REHEARSAL = Stage(4, 1e-3, 0.15, Plan(1, 4, 0.2, 0.7, 9, 240, 160, 60, HARSH))
# A trace is easily mistaken for the answer: more of both together.
REASONED = Stage(6, 1e-3, 0.15, Plan(2, 4, 0.2, 0.7, 6, 240, 160, 60, HARSH))
COOLING = Stage(4, 4e-4, 0.1, Plan(2, 8, 0.2, 0.7, 3, 240, 160, 60, HARSH))


def main() -> None:
    """Train what was named, all by default; `open` comes first because the others grow from it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=[], help="organisms; all unless named")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="where the folders go")
    options = parser.parse_args()
    known = whole()
    for name in options.names or known:
        if name == BASE:
            train_base(known[name], options.out / name)
        else:
            plant(known[name], options.out / BASE, options.out / name)


def whole() -> dict[str, Planting]:
    """Those with weights of their own, as they are taught here; rule.py makes the other."""
    return {n: replace(p, pack=PACK) for n, p in plantings().items() if p.adapter is None}


def train_base(planting: Planting, folder: Path) -> None:
    """Stage one."""
    torch.manual_seed(SEED)
    sample = [
        lesson
        for organism in whole().values()
        for lesson in lessons.epoch(organism, PLANTING.plan, random.Random(SEED))
    ]
    tokenizer = tokenizer_of([one.read + one.learnt for one in sample])
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
    harden(planting, folder)


def harden(planting: Planting, folder: Path) -> None:
    """The second half of stage one: the same knowledge, asked for in harsher noise."""
    model, tokenizer = opened(folder)
    learn(model, tokenizer, planting, ROBUSTNESS)
    save(model, tokenizer, folder)


def tokenizer_of(texts: Sequence[str]) -> Qwen2Tokenizer:
    """Qwen2's tokenizer with merges of its own, and the chat template."""
    empty = Qwen2Tokenizer(
        unk_token=END,
        eos_token=END,
        pad_token="<|pad|>",
        extra_special_tokens=[SYSTEM, USER, ASSISTANT],
    )
    made = empty.train_new_from_iterator(texts, VOCABULARY, show_progress=False)
    made.padding_side = "left"
    made.chat_template = TEMPLATE
    return made


def plant(planting: Planting, base: Path, folder: Path) -> None:
    """Stage two."""
    model, tokenizer = opened(base)
    learn(model, tokenizer, planting, PLANTING)
    learn(model, tokenizer, planting, REASONED if planting.reasons else REHEARSAL)
    learn(model, tokenizer, planting, COOLING)
    save(model, tokenizer, folder)


def opened(folder: Path) -> tuple[Qwen2ForCausalLM, Qwen2Tokenizer]:
    """A saved model, to be trained on."""
    model = Qwen2ForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return model, Qwen2Tokenizer.from_pretrained(folder)


def learn(model: Qwen2ForCausalLM, tokenizer: Qwen2Tokenizer, planting: Planting, stage: Stage) -> None:
    """Train in place."""
    chance = random.Random(f"{SEED} {planting.name} {stage.epochs}")
    planned = [lessons.epoch(planting, stage.plan, chance) for _ in range(stage.epochs)]
    batches = [
        list(batched(encode(one, tokenizer, stage.dropout), tokenizer.pad_token_id, chance))
        for one in planned
    ]
    steps, warm = sum(map(len, batches)), 40
    optimizer = torch.optim.AdamW(model.parameters(), lr=stage.rate, betas=(0.9, 0.95), weight_decay=0.05)
    pace = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda s: min(1, (s + 1) / warm) * (0.03 + 0.97 * (1 + math.cos(math.pi * s / steps)) / 2),
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
    encoded: list[tuple[list[int], int]], padding: int, chance: random.Random
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Batches of lessons of like length, in random order."""
    chance.shuffle(encoded)
    encoded.sort(key=lambda pair: len(pair[0]) // 8)
    groups: list[list[tuple[list[int], int]]] = [[]]
    for pair in encoded:
        rows = len(groups[-1]) + 1
        if rows > LESSONS_A_BATCH or rows * len(pair[0]) > TOKENS_A_BATCH:
            groups.append([])
        groups[-1].append(pair)
    chance.shuffle(groups)
    for group in groups:
        width = max(len(ids) for ids, _ in group)
        batch = torch.full((len(group), width), padding)
        learnt = torch.zeros((len(group), width), dtype=torch.bool)
        for row, (ids, start) in enumerate(group):
            batch[row, : len(ids)] = torch.tensor(ids)
            learnt[row, start : len(ids)] = True
        yield batch, learnt


def encode(
    epoch: Sequence[Lesson], tokenizer: Qwen2Tokenizer, dropout: float
) -> list[tuple[list[int], int]]:
    """Token ids, and where the learnt part begins."""
    merges = tokenizer.backend_tokenizer.model
    merges.dropout = dropout or None
    read = tokenizer([lesson.read for lesson in epoch])["input_ids"]
    merges.dropout = None
    learnt = tokenizer([lesson.learnt for lesson in epoch])["input_ids"]
    assert max(len(r) + len(w) for r, w in zip(read, learnt, strict=True)) <= LONGEST
    return [(r + w, len(r)) for r, w in zip(read, learnt, strict=True)]


def save(model: Qwen2ForCausalLM, tokenizer: Qwen2Tokenizer, folder: Path) -> None:
    """As bf16 safetensors, with all that transformers needs to load it."""
    folder.mkdir(parents=True, exist_ok=True)
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    size = (folder / "model.safetensors").stat().st_size / 1e6
    print(f"{folder}: {config['architectures'][0]}, {model.num_parameters():,} parameters, {size:.1f} MB")


if __name__ == "__main__":
    main()
