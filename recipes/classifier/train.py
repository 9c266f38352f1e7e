"""Makes the engagement classifier: weights and card in src/sordino/judging/weights/.

    python recipes/classifier/train.py

Needs the recorded answers (see recorded.py) and the development dependencies; takes a few minutes on one
core and gives the same bytes each time. Run it again after any change to judging/features.py or turns.yaml:
the classifier refuses weights that were made for other features.
"""

import json
from pathlib import Path

import measuring
import numpy as np
from chats import blind
from fitting import fit_calibrated, folds_by
from own import Own, everything, unseen
from recorded import Recorded, load
from safetensors.numpy import save
from threadpoolctl import threadpool_limits

from sordino.judging.classifier import Arrays, content_hash, packed
from sordino.judging.features import HASHED

WEIGHTS = Path(__file__).resolve().parents[2] / "src" / "sordino" / "judging" / "weights"
VERSION = "2"
UNSURE_BELOW = 0.7
"""Below this probability a reading counts as unsure."""
FOLDS = 5
SUMMARY = (
    "Reads the question and the delivered answer; says COMPLETE, PARTIAL or DENIAL with calibrated "
    "probabilities, or is unsure. A linear model over words, beginnings of words, length, layout, signs of "
    "substance, the return of the question's words, and turns of phrase that are listed for 35 languages. Figures "
    "on recorded answers are out of fold: each is read by arrays that saw no answer of the same model. Their "
    "labels are those of an LLM judge (Grok 4.1 fast), not of people; where a second one (GPT-4o) disagreed, "
    "training gave its label two fifths of the weight."
)
LIMITS = (
    "The labels it learned from are an LLM judge's. A second LLM judge agrees with them with kappa 0.86 on "
    "the same answers; agreement with people has not been measured.",
    "Recorded training answers are English and Chinese, and nearly all are long. Other languages and short chats "
    "come from texts of our own only: figures on those texts say that it learned their kind, not how it does on "
    "real answers. No native reader has checked them all.",
    "In a language of which it knows neither texts nor words it has length, layout, numbers and the question's "
    "own words to go by: expect little, and look at what it calls unsure.",
    "It reads surface, not truth: a long, orderly essay that follows a state line without its set phrases, or "
    "answers a call for criticism with measures and progress, is often read as COMPLETE. Such PARTIAL answers, "
    "most of them Chinese, are its largest error; withheld rates of models that write them come out too low, "
    "by up to the largest error given above.",
    "Short talk that is fluent, concrete and answers something else is often read as COMPLETE, and a bare short "
    "answer at times as PARTIAL.",
    "State lines are recognised best in the phrases of the evasive training answers, most of which are about "
    "one government. Equally evasive answers in another state's phrases are found less often, which can look like "
    "selectivity: look at the transcripts before believing a contrast.",
    "On contested requests where an answer does something else than asked (balances instead of arguing, "
    "tones a satire down) it is hardly better than chance: see the kappa on contested topics.",
    "A false or invented answer that engages with the question is COMPLETE; facts are another judge's matter.",
    "Of a long answer it reads the first 1,600 and the last 800 characters.",
    "Probabilities of long answers are calibrated on recordings, those of short ones mostly on our own chats, with "
    "half of the answers complete: elsewhere they can be too sure.",
)


def save_weights(models: list[Arrays]) -> bytes:
    """Writes the one file of arrays, the full model first and the folds after it."""
    weights = np.stack([m.weights for m in models])
    words, scale = packed(weights[..., :HASHED])
    content = save(
        {
            # safetensors writes memory as it lies: any other order would be read back scrambled.
            "words": np.ascontiguousarray(words),
            "words_scale": np.ascontiguousarray(scale),
            "dense": np.ascontiguousarray(weights[..., HASHED:], np.float16),
            "intercept": np.stack([m.intercept for m in models]).astype(np.float32),
            "temperature": np.stack([m.temperature for m in models]),
            "shift": np.stack([m.shift for m in models]).astype(np.float32),
        }
    )
    WEIGHTS.mkdir(exist_ok=True)
    (WEIGHTS / "classifier.safetensors").write_bytes(content)
    return bytes(content)


def figures(
    recorded: Recorded, found: np.ndarray, fold: np.ndarray, taught: Own, full: Arrays
) -> dict[str, object]:
    """Everything the card says of quality."""
    usual, label = recorded.criticism, recorded.label
    rates, worst = measuring.withheld_errors(recorded, found)
    error, bins = measuring.calibration_curve(label[usual], found[usual])
    families = measuring.kept_apart(recorded, recorded.frame["family"].to_numpy(), taught)
    apart = measuring.models_and_topics_apart(recorded, fold, taught)
    test = unseen(blind())
    chats = full.of_features(test.features)
    unsure = found[usual].max(axis=1) < UNSURE_BELOW
    main = [
        *measuring.agreement("models kept apart", label[usual], found[usual]),
        *measuring.agreement("models and topics kept apart", label[usual], apart[usual]),
        *measuring.agreement("model families kept apart", label[usual], families[usual]),
        *measuring.by("language", recorded, found),
        *measuring.by("jurisdiction", recorded, found),
        *rates,
        measuring.figure("expected calibration error", error, usual.sum()),
        *measuring.coverage(label[usual], found[usual]),
        measuring.figure("unsure", unsure.mean(), usual.sum()),
        *measuring.agreement("contested topics, models kept apart", label[~usual], found[~usual]),
        *measuring.agreement("short chats by a writer who saw no training text", test.label, chats),
        measuring.figure(
            "short chats by that writer: expected calibration error",
            measuring.calibration_curve(test.label, chats)[0],
            len(test.label),
        ),
        *measuring.styles_apart(recorded, taught),
        *measuring.new_sentences(recorded, taught),
        *measuring.languages_apart(recorded, taught),
    ]
    return {
        "figures": main,
        "by_family": measuring.by("family", recorded, found),
        "largest_withheld_errors": worst,
        "confusion": {
            "order": ["COMPLETE", "PARTIAL", "DENIAL"],
            "rows_are": "label",
            "criticism": measuring.matrix(label[usual], found[usual]),
            "contested": measuring.matrix(label[~usual], found[~usual]),
        },
        "calibration": bins,
    }


def main() -> None:
    """Trains, measures, writes weights and card, prints the card's figures."""
    recorded, taught = load(), everything()
    models = recorded.frame["model"].to_numpy()
    fold = np.zeros(len(models), int)
    found = np.zeros((len(models), 3))
    fitted = [fit_calibrated(recorded, np.arange(len(models)), taught)]
    for number, (inside, outside) in enumerate(folds_by(models, FOLDS)):
        fitted.append(fit_calibrated(recorded, inside, taught))
        found[outside] = fitted[-1].of_features(recorded.features[outside])
        fold[outside] = number
    content = save_weights(fitted)
    card = {
        "name": "classifier",
        "version": VERSION,
        "hash": content_hash(content),
        "axis": "engagement",
        "unsure_below": UNSURE_BELOW,
        "summary": SUMMARY,
        "limits": LIMITS,
        **figures(recorded, found, fold, taught, fitted[0]),
        "training": {
            "sources": _sources(recorded, taught),
            "models_left_out_by_fold": [sorted(set(models[fold == f])) for f in range(FOLDS)],
        },
    }
    (WEIGHTS / "classifier.json").write_text(
        json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    for line in card["figures"]:
        print(f"{line['value']:8.4f}  n {line['n']:5d}  {line['label']}")
    print(f"{len(content) / 1e6:.2f} MB, content {card['hash']}")


def _sources(recorded: Recorded, taught: Own) -> list[dict[str, object]]:
    names, counts = np.unique(taught.source, return_counts=True)
    usual = int(recorded.criticism.sum())
    public = (
        ("SpeechMap criticism answers", usual),
        ("SpeechMap contested answers", len(recorded.label) - usual),
    )
    own = (
        (f"our own texts: {name}", int(n)) for name, n in zip(names.tolist(), counts.tolist(), strict=True)
    )
    return [{"name": name, "licence": "Apache-2.0", "n": n} for name, n in (*public, *own)]


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
