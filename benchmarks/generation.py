"""How fast the transformers backend and its worker processes are on a CPU.

python benchmarks/generation.py [FOLDER]; without a model's folder, the organism `open`.
Baseline of one process: a hand-written loop of `model.generate` at its own best batch size, with as many
threads; median of five warmed runs each, in turn. Aim: a ratio of at least 0.9.
Baseline of two workers with a thread each: one process with two threads. Aim: a ratio of at least 1.2.
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from _generating import model, one_process, owed, processes
from _measure import command

MAX_TOKENS = 64
SIZES = (16, 32, 64, 128, 256)


class ByHand:
    """What one would write to get the answers and nothing else: sort by length, pad on the left, decode."""

    def __init__(self, folder: Path, dtype: str) -> None:
        import torch  # noqa: PLC0415
        from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415

        self.tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype)).eval()

    def answer(self, questions: list[str], size: int) -> int:
        """Tokens in the answers to all questions, their ends included."""
        import torch  # noqa: PLC0415

        chats = [[{"role": "user", "content": question}] for question in questions]
        prompts = self.tokenizer.apply_chat_template(chats, add_generation_prompt=True, tokenize=False)
        tokenized = self.tokenizer(prompts, add_special_tokens=False).input_ids
        tokenized.sort(key=len, reverse=True)
        tokens = 0
        for start in range(0, len(tokenized), size):
            batch = self.tokenizer.pad({"input_ids": tokenized[start : start + size]}, return_tensors="pt")
            with torch.inference_mode():
                out = self.model.generate(**batch, max_new_tokens=MAX_TOKENS, do_sample=False)
            new = out[:, batch.input_ids.shape[1] :]
            self.tokenizer.batch_decode(new, skip_special_tokens=True)
            tokens += sum(self._length(row) for row in new.tolist())
        return tokens

    def _length(self, row: list[int]) -> int:
        """Up to and with the first end; what follows it is padding."""
        end = self.model.generation_config.eos_token_id
        ends = {end} if isinstance(end, int) else set(end or ())
        return next((i + 1 for i, token in enumerate(row) if token in ends), len(row))


def speed(job: Callable[[], int]) -> float:
    """Tokens a second."""
    started = time.perf_counter()
    return job() / (time.perf_counter() - started)


def against_by_hand(folder: Path) -> None:
    """One process with one thread, both in this process."""
    with one_process(folder, threads=1) as backend:
        requests = [o.request for o in owed(folder, MAX_TOKENS)]
        questions = [request.question for request in requests]

        def ours() -> int:
            return sum(a.completion_tokens or 0 for group in backend.generate(requests) for a in group)

        ours()
        by_hand = ByHand(folder, backend.dtype)
        by_hand.answer(questions[:64], 32)
        best = max(SIZES, key=lambda size: speed(lambda: by_hand.answer(questions, size)))
        runs = [(speed(ours), speed(lambda: by_hand.answer(questions, best))) for _ in range(5)]
    own, hand = (statistics.median(side) for side in zip(*runs, strict=True))
    print(
        f"one process, one thread: {own:,.0f} tokens/s, by hand at its best batch of {best} {hand:,.0f}, "
        f"ratio {own / hand:.2f} (aim: at least 0.9)"
    )


def answer_all(folder: Path, kind: str, samples: int) -> None:
    """What `in_a_fresh_process` runs."""
    opened = processes(folder, workers=2) if kind == "workers" else one_process(folder, threads=2)
    with opened as backend:
        requests = [o.request for o in owed(folder, MAX_TOKENS, samples)]
        print(sum(len(group) for group in backend.generate(requests)))


def in_a_fresh_process(folder: Path, kind: str, samples: int) -> float:
    """Seconds from nothing to the last answer, the middle of three."""
    words = (sys.executable, __file__, folder, kind, str(samples))
    return statistics.median(command(*words).seconds for _ in range(3))


def workers_against_threads(folder: Path) -> None:
    """Twice the work takes the work longer: the difference is free of any start."""
    few, many = 2, 4
    workers = [in_a_fresh_process(folder, "workers", samples) for samples in (few, many)]
    threads = [in_a_fresh_process(folder, "threads", samples) for samples in (few, many)]
    work = [twice - once for once, twice in (workers, threads)]
    print(
        f"two workers {work[0]:.1f} s, one process with two threads {work[1]:.1f} s, "
        f"ratio {work[1] / work[0]:.2f} (aim: at least 1.2); start-up included {workers[1]:.1f} s and "
        f"{threads[1]:.1f} s, ratio {threads[1] / workers[1]:.2f}"
    )


if __name__ == "__main__":
    if len(sys.argv) == 4:
        answer_all(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
    else:
        against_by_hand(model())
        workers_against_threads(model())
