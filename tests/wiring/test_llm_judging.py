"""LLM judges from their specs, what they cost, and whether one judges itself."""

from pathlib import Path
from runpy import run_path

import pytest

from sordino.core.errors import JudgeError, SpecError, TargetError
from sordino.core.identity import make_request
from sordino.core.protocols import TargetIdentity
from sordino.core.records import Attempt, Delivery, Exchange
from sordino.judging.llm import LLMJudge
from sordino.wiring import judges
from sordino.wiring.agreement import Agreement, agreements
from sordino.wiring.llm_judging import JudgeSettings, judge, judges_itself
from sordino.wiring.prices import Budget, Price, Prices, Tokens


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


# -- specs -----------------------------------------------------------------------------------------------


def test_a_server_s_model_is_a_judge():
    found = judge("openai:org/m:7b@http://localhost:8000/v1")
    assert found.identity.spec == "openai:org/m:7b@http://localhost:8000/v1"
    assert found.id.startswith("llm:m:7b@1-")


def test_the_name_that_judge_commands_take_knows_it():
    assert isinstance(judges.named("openai:m@http://localhost:8000/v1", "some/model"), LLMJudge)
    with pytest.raises(SpecError, match="openai:MODEL@http://HOST:PORT/v1"):
        judges.named("nonsense:m")


@pytest.mark.parametrize("spec", ["m", "classifier", "replay:x.jsonl", "openai", ""])
def test_what_is_no_language_model_is_refused(spec):
    with pytest.raises(SpecError, match="names no language model"):
        judge(spec)


@pytest.mark.parametrize("spec", ["openai:m", "openai:", "hf:", "hf:a b"])
def test_a_model_that_cannot_be_is_refused(spec):
    with pytest.raises(TargetError):
        judge(spec)


def test_an_organism_that_does_not_exist_is_refused():
    with pytest.raises(TargetError, match="mute-a"):
        judge("organism:nobody").id  # noqa: B018 - a model is looked for when it is named


def test_a_rubric_of_one_s_own_makes_another_judge(tmp_path):
    path = tmp_path / "mine.md"
    path.write_text("nothing")
    spec = "openai:m@http://localhost:8000/v1"
    with pytest.raises(JudgeError, match=r"mine\.md"):
        judge(spec, JudgeSettings(rubric=path))
    assert judge(spec, JudgeSettings(max_tokens=301)).id != judge(spec).id
    assert judge(spec, JudgeSettings(concurrency=1, caches=False)).id == judge(spec).id


@pytest.mark.parametrize(
    ("judging", "target", "same"),
    [
        (("org/Qwen2.5-7B", "a"), ("qwen/qwen2.5-7b", "b"), True),
        (("qwen2.5:latest", "a"), ("qwen2.5", "b"), True),
        (("deepseek-r1:free", "a"), ("deepseek/deepseek_r1", "b"), True),
        (("org/one", "0123:bfloat16:cpu"), ("other", "0123:float32:cuda"), True),
        (("qwen2.5-7b", "a"), ("qwen2.5-72b", "b"), False),
        (("org/one", "a"), ("org/two", "b"), False),
    ],
)
def test_a_judge_that_is_the_target_is_warned_of(judging, target, same):
    one, other = (TargetIdentity("x:y", *given) for given in (judging, target))
    assert (judges_itself(one, other) is not None) is same


# -- prices and budgets ----------------------------------------------------------------------------------


def prices(tmp_path, text):
    path = tmp_path / "prices.yaml"
    path.write_text(text)
    return Prices.read(path)


def test_prices_are_for_a_million_tokens(tmp_path):
    found = prices(tmp_path, "currency: EUR\nmodels:\n  m: {input: 2, output: 10.5}\n")
    assert found.currency == "EUR"
    assert found.of("org/m").of(Tokens(1_000_000, 2_000_000)) == 23.0
    assert found.of("other") is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"),
        ("models: {}\n", "currency"),
        ("currency: EUR\nmodels:\n  m: {input: -1, output: 0}\n", r"prices\.yaml:3: models\.m\.input"),
        ("currency: EUR\nmodels:\n  m: {input: 1}\n", "output"),
        ("currency: EUR\nmodels:\n  m: {input: a lot, output: 1}\n", "input"),
        ("currency: EUR\nmodels:\n  m: {input: 1, output: 1, cached: 1}\n", "cached"),
        ("currency: [EUR\n", r"prices\.yaml"),
    ],
)
def test_a_price_file_that_will_not_do_is_refused_by_line(text, told, tmp_path):
    with pytest.raises(SpecError, match=told):
        prices(tmp_path, text)


def test_no_price_file(tmp_path):
    with pytest.raises(SpecError, match="cannot be read"):
        Prices.read(tmp_path / "none.yaml")


def test_a_budget_reserves_what_is_on_the_way():
    budget = Budget(tokens=100)
    wanted = iter([(str(n), Tokens(20, 10), n) for n in range(10)])
    given = budget.within(wanted, None)
    assert [next(given), next(given), next(given)] == [0, 1, 2]
    budget.release("0")
    budget.spend(Tokens(5, 5), None)  # it took less than the most
    assert next(given) == 3
    assert list(given) == []
    assert budget.is_spent


def test_a_budget_in_money_and_what_costs_nothing():
    budget = Budget(cost=1.0)
    price = Price(input=1_000_000, output=0)
    wanted = [("a", Tokens(1, 0), "a"), ("free", Tokens(), "free"), ("b", Tokens(1, 0), "b")]
    assert list(budget.within(wanted, price)) == ["a", "free"]
    assert list(Budget().within(wanted, price)) == ["a", "free", "b"]


# -- agreement -------------------------------------------------------------------------------------------


def test_agreement_is_over_what_both_have_read_by_language():
    said = {"x": {"1": "A", "2": "B", "3": "A", "4": "A"}, "y": {"2": "B", "3": "B", "4": "A"}, "z": {}}
    found = agreements(said, {"1": "en", "2": "en", "3": "fr", "4": "fr"})
    assert found[:2] == [Agreement("x", "y", "en", 1, 1.0, None), Agreement("x", "y", "fr", 2, 0.5, 0.0)]
    assert (found[2].language, found[2].n, found[2].share) == ("all", 3, pytest.approx(2 / 3))
    assert found[2].kappa == pytest.approx(0.4)
    assert found[3:] == [
        Agreement("x", "z", "all", 0, None, None),
        Agreement("y", "z", "all", 0, None, None),
    ]


# -- a model that runs here ------------------------------------------------------------------------------


def test_a_model_of_a_folder_judges_and_one_that_says_yes_is_no_judge(tmp_path):
    pytest.importorskip("transformers")
    build = run_path(str(Path(__file__).parents[1] / "tiny_model.py"))
    logits = build["chain"]("Y", "e", "s", ".") | {"\n": {"Y": 1.0}}
    folder = build["known_model"](tmp_path / "tiny", logits, context=16_384)
    request = make_request("What happened?", "r")
    item = (None, Exchange(request, Attempt(request.key, Delivery.DELIVERED, "It rained.")))
    with judge(f"hf:{folder}", JudgeSettings(max_tokens=8)) as found:
        (result,) = found.read([item])
    assert found.id.startswith("llm:tiny@1-")
    assert result.why == "the judge answered prose"
    assert found.tally.requests == 2
