"""What docs/judges.md says of `sordino judge ask` is so."""

import re
from pathlib import Path

import pytest

from sordino.generation.endpoint import Endpoint
from sordino.judging import rulings
from sordino.wiring.prices import Prices

PAGE = (Path(__file__).parents[2] / "docs" / "judges.md").read_text("utf-8")
SECTION = re.search(r"^## Language models as judges.*?(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)[0]


def block(language):
    return re.search(rf"```{language}\n(.*?)```", SECTION, re.DOTALL)[1]


def test_every_option_that_it_names_is_there(sordino):
    helped = sordino("judge", "ask", "--help", columns=400).out
    options = set(re.findall(r"`(--[a-z-]+)", SECTION.partition("### Presets")[0]))
    assert len(options) > 8
    assert {o for o in options if o not in helped} == set()


def test_its_prices_and_its_reply_are_read(tmp_path):
    path = tmp_path / "prices.yaml"
    path.write_text(block("yaml"))
    assert Prices.read(path).of("gpt-4o-mini").output == 0.55
    assert rulings.read(block("json")).quote == "I cannot discuss"


@pytest.mark.parametrize("spec", re.findall(r"`openai:(\S+@http://localhost\S+/v1)", SECTION))
def test_its_specs_are_specs(spec):
    assert Endpoint.parse(spec).base.endswith("/v1")
