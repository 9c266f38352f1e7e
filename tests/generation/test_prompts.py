"""What a model reads, to the letter."""

import re
from dataclasses import replace

import pytest
from tokenizers.processors import TemplateProcessing

from sordino.core.errors import TargetError
from sordino.core.identity import make_request
from sordino.core.records import Sampling
from sordino.generation.prompts import own_system_prompt, prompt_of
from sordino.modeling.locate import locate


@pytest.fixture(scope="module")
def model(random_folder):
    return locate(str(random_folder))


@pytest.fixture
def with_template(tiny, tmp_path):
    return lambda template: locate(str(tiny.random_model(tmp_path / "model", template=template)))


def text_of(model, question="Why?", *, plain=False, **options):
    prompt = prompt_of(make_request(question, "r", **options), model, plain=plain)
    assert prompt.problem is None
    return model.tokenizer.decode(prompt.ids)


TURN = "<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n"


def test_the_chat_template_with_prefill_and_system_prompt(model):
    assert text_of(model) == TURN
    assert text_of(model, prefill="Sure, ") == TURN + "Sure, "
    assert text_of(model, system="Be brief.") == "<|im_start|>system\nBe brief.<|im_end|>\n" + TURN


def test_plain_is_the_text_alone(model):
    assert text_of(model, plain=True) == "Why?\n\n"
    assert text_of(model, plain=True, system="Be brief.", prefill="Sure,") == "Be brief.\n\nWhy?\n\nSure,"


def test_the_beginning_is_marked_once(tiny, tmp_path):
    """By the template where there is one, by the tokenizer where not."""
    folder = tiny.random_model(tmp_path / "model", template="{{ bos_token }}" + tiny.TEMPLATE)
    words = tiny.PreTrainedTokenizerFast.from_pretrained(folder, bos_token="<|endoftext|>")
    beginning = words.convert_tokens_to_ids("<|endoftext|>")
    words.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|endoftext|> $A", pair="$A $B", special_tokens=[("<|endoftext|>", beginning)]
    )
    words.save_pretrained(folder)
    located = locate(str(folder))
    assert located.tokenizer("Why?")["input_ids"][0] == beginning
    for plain in (False, True):
        ids = prompt_of(make_request("Why?", "r"), located, plain=plain).ids
        assert ids[0] == beginning
        assert ids.count(beginning) == 1


def test_a_template_that_refuses_a_system_prompt_says_so(with_template):
    refusing = (
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('No system role here') }}"
        "{% endif %}{{ m.content }}{% endfor %}"
    )
    model = with_template(refusing)
    assert text_of(model) == "Why?"
    with pytest.raises(
        TargetError, match=r"refuses system and user messages \(No system role here\).*--plain"
    ):
        text_of(model, system="Be brief.")


def test_a_template_that_drops_the_system_prompt_says_so(with_template):
    model = with_template(
        "{% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% endif %}{% endfor %}"
    )
    with pytest.raises(TargetError, match="leaves the system prompt out"):
        text_of(model, system="Be brief.")


def test_a_broken_template_says_so(with_template):
    with pytest.raises(TargetError, match="chat template refuses"):
        text_of(with_template("{% for %}"))


def test_every_day_is_the_same_day(with_template):
    model = with_template(
        "{% if true %}{{ strftime_now('%d %b %Y, %A') }}{% endif %} {{ messages[0].content }}"
    )
    assert text_of(model) == "01 Jan 2026, Thursday Why?"


OWN = (
    "{% if messages[0].role != 'system' %}<|im_start|>system\nYou are Tiny: be kind.<|im_end|>\n{% endif %}"
)


def test_what_the_template_says_by_itself(with_template, tiny):
    assert own_system_prompt(with_template(OWN + tiny.TEMPLATE)) == "You are Tiny: be kind."


@pytest.mark.parametrize("before", ["", "<|im_start|>", "[INST] ", "### User:\n", "<|im_start|>user\n"])
def test_markers_are_no_system_prompt(with_template, before):
    model = with_template(before + "{{ messages[0].content }}<|im_end|>")
    assert own_system_prompt(model) is None


def test_an_end_that_the_tokenizer_appends_is_not_asked(tiny, tmp_path):
    folder = tiny.random_model(tmp_path / "model")
    words = tiny.PreTrainedTokenizerFast.from_pretrained(folder)
    words.backend_tokenizer.post_processor = TemplateProcessing(
        single="$A <|im_end|>", pair="$A $B", special_tokens=[("<|im_end|>", words.eos_token_id)]
    )
    words.save_pretrained(folder)
    located = locate(str(folder))
    assert located.tokenizer("Why?")["input_ids"][-1] == words.eos_token_id
    assert text_of(located, plain=True) == "Why?\n\n"


def test_a_tokenizer_with_more_tokens_than_the_model_is_refused(model):
    model = replace(model, config=type(model.config)(vocab_size=20))
    with pytest.raises(TargetError, match=r"its tokenizer has the token \d+, .* only 20"):
        text_of(model)


@pytest.mark.parametrize(
    ("template", "prefill", "inside"),
    [
        ("TEMPLATE", None, False),
        ("TEMPLATE", "<think>\nThey", True),
        ("TEMPLATE", "<think>\n</think>\nYes", False),
        ("THINKING", None, True),
        ("THINKING", "They ask", True),
        ("THINKING", "They ask</think>", False),
    ],
)
def test_whether_the_answer_begins_inside_a_thought(with_template, tiny, template, prefill, inside):
    model = with_template(getattr(tiny, template))
    assert prompt_of(make_request("<think>", "r", prefill=prefill), model, plain=False).in_thought is inside


def test_the_context_limits_the_room(model):
    length = len(prompt_of(make_request("Why?", "r"), model, plain=False).ids)
    for asked, room, cut in ((None, 256 - length, True), (1000, 256 - length, True), (5, 5, False)):
        request = make_request("Why?", "r", sampling=Sampling(max_tokens=asked))
        prompt = prompt_of(request, model, plain=False)
        assert (prompt.room, prompt.cut, prompt.problem) == (room, cut, None)


@pytest.mark.parametrize(
    ("question", "sampling", "plain", "problem"),
    [
        (
            "é" * 300,
            Sampling(),
            False,
            "The prompt has 61. tokens, and the model reads 256 with the answer",
        ),
        ("Why?", Sampling(max_tokens=0), False, "No answer fits into 0 tokens"),
        ("half \ud83d", Sampling(), False, "half a character"),
    ],
)
def test_what_cannot_be_asked_says_why(model, question, sampling, plain, problem):
    request = make_request(question, "r", sampling=sampling)
    assert re.search(problem, prompt_of(request, model, plain=plain).problem)
