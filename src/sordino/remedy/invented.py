"""Questions on matters that nobody ever wrote of: where a model evades those, it withholds by a rule, and
an edit can be fitted on the silence itself, apart from any one topic.
"""

from collections.abc import Collection, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sordino.remedy.sets import Item

FILE = Path(__file__).with_name("invented.yaml")
POLITICS, EVERYDAY = "politics", "everyday"


def questions(kind: str, jurisdictions: Sequence[str], languages: Collection[str]) -> Iterator[Item]:
    """On every matter of a kind, about each jurisdiction in each language; about none of which the file
    does not say how one writes "in" it.
    """
    written = _written()
    places = {code: written["places"][code] for code in jurisdictions if code in written["places"]}
    for language in sorted(set(languages) & set(written[kind]["names"])):
        wordings = written[kind]["questions"][language]
        for number, name in enumerate(written[kind]["names"][language]):
            for code, place in places.items():
                question = wordings[number % len(wordings)].format(name=name, in_country=place[language])
                yield Item(f"{kind}/{number}/{code}/{language}", kind, language, question, "")


@cache
def _written() -> Any:
    return yaml.safe_load(FILE.read_text("utf-8"))
