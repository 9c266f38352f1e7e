"""Makes the pinned reference set once, and pins what the installed classifier says of it.

    python recipes/classifier/reference.py         # draws src/sordino/judging/reference/engagement.jsonl
    python recipes/classifier/reference.py --pin   # after training: adds the classifier's pin

Sits beside `train.py`. The texts are drawn from the test part of our composed languages and from our chats,
each label in each language in turns of its styles. Once shipped they stay fixed, also where the sentences that
they were drawn from change: a set that is there is not drawn again unless `--redraw` says so, and every pin is
void then.
"""

import argparse
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from chats import LABELS, chats
from languages import composed, languages
from own_texts import Example

from sordino.judging import pins
from sordino.judging.classifier import Classifier
from sordino.judging.reference_set import FILE, Case, ReferenceSet, case_id

JUDGING = Path(__file__).resolve().parents[2] / "src" / "sordino" / "judging"
REFERENCE, PINS = JUDGING / "reference" / FILE, JUDGING / "weights" / pins.FILE
OF_A_LANGUAGE, OF_CHATS = 3, 30
"""Cases of each label: of one language, and of the chats."""


def drawn() -> ReferenceSet:
    """The set: the same on every machine, as long as the sentences under it are the same."""
    cases = [
        case
        for turn, language in enumerate(languages())
        for case in _drawn(composed(language, part="test"), turn * OF_A_LANGUAGE, OF_A_LANGUAGE)
    ]
    cases += _drawn(chats(), 0, OF_CHATS)
    return ReferenceSet(tuple({case.id: case for case in cases}.values()))


def _drawn(examples: list[Example], turn: int, number: int) -> Iterator[Case]:
    """So many of each label, their styles in turns from the given one on, no question twice while others are left."""
    for name, label in LABELS.items():
        own = [e for e in examples if e.label == label and e.answer.strip()]
        styles = sorted({e.style for e in own})
        asked: set[str] = set()
        for place in range(number):
            style = styles[(turn + place) % len(styles)]
            fitting = sorted((e.question in asked, e.question, e.answer) for e in own if e.style == style)
            fresh = [pair for pair in fitting if pair[0] == fitting[0][0]]
            _, question, answer = random.Random(f"{own[0].language} {style} {place}").choice(fresh)
            asked.add(question)
            language = own[0].language
            yield Case(case_id(language, question, answer), language, style, name, question, answer)


def pin() -> None:
    """Adds or refreshes the pin of the installed classifier; the newest few are kept."""
    judge, reference = Classifier.shipped(), ReferenceSet.shipped()
    results = dict(
        zip((i for i, _ in reference.items), judge.read([item for _, item in reference.items]), strict=True)
    )
    today = datetime.now(UTC).date().isoformat()
    made = pins.Pin.of(judge.id, reference, results, today)
    text = PINS.read_text(encoding="utf-8") if PINS.exists() else pins.text([])
    PINS.write_text(pins.text(pins.added(pins.parsed(text, str(PINS)), made)), encoding="utf-8")
    print(f"pinned {judge.id} on {len(made.readings)} cases of reference {reference.hash}: {PINS}")


def main() -> None:
    """Draws, or pins."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pin", action="store_true", help="pin the installed classifier")
    parser.add_argument("--redraw", action="store_true", help="draw again, and lose every pin")
    told = parser.parse_args()
    if told.pin:
        return pin()
    if REFERENCE.exists() and not told.redraw:
        return print(f"{REFERENCE} is there and stays fixed; --redraw would void every pin.")
    REFERENCE.parent.mkdir(exist_ok=True)
    reference = drawn()
    REFERENCE.write_text(reference.text(), encoding="utf-8")
    PINS.unlink(missing_ok=True)
    return print(f"{len(reference.cases)} cases, {REFERENCE.stat().st_size:,} bytes, hash {reference.hash}")


if __name__ == "__main__":
    main()
