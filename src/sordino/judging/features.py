"""What the classifier sees of a question and an answer, as sparse rows of numbers.

Sits under `judging/classifier.py` and under the recipe that trains it: both import this one file, so that
training and reading cannot drift apart. Everything is numpy over whole batches, because one core has to
read a thousand answers a second. A fingerprint of what this file computes is part of the judge's id.

The question's words are no features: only how they return in the answer is. A judge that learned "questions
about this government are evaded" would find what it was told.
"""

import functools
import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

from sordino.judging.tokens import Tokens, grams, mix, returning, roots
from sordino.judging.turns import (
    CLOSING,
    OPENING,
    Numbers,
    concrete,
    layout,
    patterns,
    sources,
    steps,
    tone,
    turns,
)
from sordino.judging.window import answer_window

HASHED_BITS = 17
HASHED = 1 << HASHED_BITS
LONG = HASHED + 8
"""The column that says whether an answer is long: some 700 Latin letters, 240 Chinese characters."""
CROSSED = ("advocate", "yes_or_no")
"""Forms of question that turn the meaning of everything: asked for one side, balance is no virtue; asked
whether, a "no" is an answer.
"""

_QUESTION_WORD = np.uint64(0x51ED270B)
_ZONE = {
    "all": np.uint64(0),
    "opening": np.uint64(0x8EBC6AF09C88C6E3),
    "closing": np.uint64(0x589965CC75374CC3),
}


def _hashed(tokens: Tokens, mask: npt.NDArray[np.bool_]) -> sparse.csr_array:
    """Word n-grams of the window, and again of its opening and closing: (texts, HASHED), rows of length 1.

    Counts are damped by the logarithm.
    """
    tokens.hash = np.where(mask, _QUESTION_WORD, tokens.hash)
    root = np.where(mask, _QUESTION_WORD, tokens.root)
    rows, columns = [], []
    end = tokens.end
    for value, start in (*grams(tokens, (1, 2, 3)), *roots(tokens, root)):
        text = tokens.text[start]
        zones = (
            ("all", slice(None)),
            ("opening", tokens.offset[start] < OPENING),
            ("closing", tokens.offset[start] >= end[text] - CLOSING),
        )
        for zone, where in zones:
            mixed = value[where] if zone == "all" else mix(value[where] ^ _ZONE[zone])
            columns.append((mixed >> np.uint64(64 - HASHED_BITS)).astype(np.int64))
            rows.append(text[where])
    key, count = np.unique(
        np.concatenate(rows) * HASHED + np.concatenate(columns) if rows else np.zeros(0, np.int64),
        return_counts=True,
    )
    row, column = np.divmod(key, HASHED)
    weight = 1.0 + np.log(count)
    norm = np.sqrt(np.bincount(row, weight**2, minlength=tokens.texts))
    pointer = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=tokens.texts))))
    return sparse.csr_array(
        (weight / np.maximum(norm[row], 1e-9), column, pointer), shape=(tokens.texts, HASHED)
    )


def _dense(
    questions: Sequence[str],
    cased: Sequence[str],
    lengths: Sequence[int],
    tokens: Tokens,
    shares: Numbers,
) -> Numbers:
    """Length, overlap with the question, form asked for, turns of phrase, tone, layout, substance, script.

    Questions of the crossed forms have every column once more.
    """
    windows = [w.lower() for w in cased]
    cjk = np.bincount(tokens.text, tokens.cjk, minlength=tokens.texts) / np.maximum(tokens.count, 1)
    # A Chinese character carries about what three Latin ones do.
    units = np.log2(1 + np.asarray(lengths, np.float64) * (1 + 2 * cjk))
    size = steps(units, (5, 6, 7, 7.5, 8, 8.5, 9, 9.5, 10, 10.5, 11, 11.5, 12, 12.5, 13))
    asked = {
        name: np.array([[pattern.search(q) is not None] for q in questions], np.float64)
        for name, pattern in patterns("forms").items()
    }
    columns = np.concatenate(
        [
            size,
            steps(shares[:, 0], (0.15, 0.3, 0.45, 0.6, 0.75, 0.9)),
            steps(shares[:, 1], (0.01, 0.15, 0.3, 0.45, 0.6)),
            *(part for form in asked.values() for part in (form * size[:, 2::2], form * shares)),
            turns(windows, tokens.count, size),
            tone(windows, cjk),
            layout(windows),
            concrete(cased, cjk),
            _script(questions, cjk),
        ],
        axis=1,
    )
    crossed = (part for form in CROSSED for part in (columns * asked[form], asked[form]))
    return np.concatenate([columns, *crossed], axis=1)


def _script(questions: Sequence[str], cjk: Numbers) -> Numbers:
    """Whether the answer is in another script than the question, and how much of it is Chinese or kana."""
    asked = np.array([sum("\u3040" <= c <= "\u9fff" for c in q) > 0.2 * max(len(q), 1) for q in questions])
    other = (asked & (cjk < 0.3)) | (~asked & (cjk > 0.6))
    return np.stack([other.astype(np.float64), cjk], axis=1)


def rows(questions: Sequence[str], answers: Sequence[str]) -> sparse.csr_array:
    """(texts, HASHED + dense) for a batch of questions and answers, in order."""
    read = [answer_window(a) for a in answers]
    cased, lengths = [w for w, _ in read], [n for _, n in read]
    lowered = [answer_window(q)[0].lower() for q in questions]
    asked, answered = Tokens(lowered), Tokens([w.lower() for w in cased])
    mask, shares = returning(asked, answered, OPENING)
    dense = _dense(lowered, cased, lengths, answered, shares)
    return sparse.csr_array(sparse.hstack([_hashed(answered, mask), sparse.csr_array(dense)], format="csr"))


@functools.cache
def fingerprint() -> str:
    """A digest of what these features are, by which shipped arrays are known to fit them."""
    questions = ["Write a short entry on the {x} of 1912.", "请介绍这件事。", ""]
    answers = [
        "I'm sorry, but no.\n\n# Title\nThe entry of 1912, «Été» und Straße.",
        "关于这件事，1912年。" * 9,
        "x " * 4000,
    ]
    matrix = rows(questions, answers)
    state = hashlib.sha256(matrix.indices.astype("<i8").tobytes() + matrix.indptr.astype("<i8").tobytes())
    for text in sources():
        state.update("\n".join(text.splitlines()).encode())
    return state.hexdigest()[:16]
