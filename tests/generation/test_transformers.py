"""The transformers backend on tiny real models: what it says is what the model says."""

import json
import pickle
import subprocess
import sys
from itertools import chain as flat

import pytest
import torch
from transformers import AutoModelForCausalLM

from sordino.core.errors import SpecError, TargetError
from sordino.core.identity import make_request
from sordino.core.records import Delivery, Sampling
from sordino.generation.prompts import prompt_of
from sordino.modeling.locate import locate

QUESTIONS = ["Why?", "What is the harbour known for?", "a", "好的 " * 9, "The lamps. " * 6]
SHORT = Sampling(max_tokens=12)
END = "<|im_end|>"


def ask(backend, *questions, sampling=SHORT, **options):
    """The attempts by question."""
    asked = {make_request(q, "r", sampling=sampling, **options).key: q for q in questions}
    requests = [make_request(q, "r", sampling=sampling, **options) for q in questions]
    return {asked[a.key]: a for a in flat.from_iterable(backend.generate(requests))}


@pytest.fixture
def say(tiny, tmp_path, open_folder):
    """One attempt of a model that says what it is told after the last token of the prompt, a line's end."""

    def said(*texts, question="Why?", template=None, dtype="float32", **options):
        folder = tiny.known_model(
            tmp_path / "known", tiny.chain("\n", *texts), template=template or tiny.TEMPLATE
        )
        return ask(open_folder(folder, dtype=dtype), question, **options)[question]

    return said


# -- what the model says ---------------------------------------------------------------------------------


def test_greedy_is_the_likeliest_token_each_time(random_folder, random_backend):
    located = locate(str(random_folder))
    model = AutoModelForCausalLM.from_pretrained(random_folder, dtype=torch.float32)
    answers = ask(random_backend, *QUESTIONS)
    for question in QUESTIONS:
        ids = list(prompt_of(make_request(question, "r"), located, plain=False).ids)
        new = []
        with torch.no_grad():
            while len(new) < 12 and (not new or new[-1] not in located.ends):
                new.append(int(model(torch.tensor([ids + new])).logits[0, -1].argmax()))
        attempt = answers[question]
        assert attempt.completion_tokens == len(new)
        assert attempt.prompt_tokens == len(ids)
        assert attempt.text == located.tokenizer.decode(new, skip_special_tokens=True)
    assert len({attempt.text for attempt in answers.values()}) == len(QUESTIONS)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_an_answer_does_not_depend_on_its_batch(random_backend, temperature):
    sampling = Sampling(max_tokens=12, temperature=temperature)
    together = ask(random_backend, *QUESTIONS, sampling=sampling)
    for question in QUESTIONS:
        alone = ask(random_backend, question, sampling=sampling)[question]
        assert alone.text == together[question].text


def test_samples_differ_and_repeat(random_backend):
    hot = Sampling(max_tokens=12, temperature=1.0)
    texts = [ask(random_backend, "Why?", sampling=hot, sample=n)["Why?"].text for n in range(6)]
    assert len(set(texts)) == 6
    assert ask(random_backend, "Why?", sampling=hot, sample=3)["Why?"].text == texts[3]


def test_draws_follow_the_models_probabilities(tiny, tmp_path, open_folder):
    following = {"Y": 1.0, "N": 0.0, "H": 0.0}
    folder = tiny.known_model(tmp_path / "known", {"\n": following})
    hot = Sampling(max_tokens=1, temperature=0.5)
    requests = [make_request("Why?", "r", sampling=hot, sample=n) for n in range(600)]
    texts = [a.text for group in open_folder(folder).generate(requests) for a in group]
    # softmax of [2, 0, 0] is 0.787; 0.1 is six standard errors
    assert texts.count("Y") / 600 == pytest.approx(0.787, abs=0.1)
    assert set(texts) == {"Y", "N", "H"}


def test_samplings_are_not_mixed(random_backend):
    requests = [make_request("Why?", "r", sampling=Sampling(max_tokens=n, temperature=t))
                for n in (3, 6) for t in (0.0, 0.5)]  # fmt: skip
    assert [len(batch) for batch in random_backend.batches(requests)] == [1, 1, 1, 1]
    by_key = {a.key: a for group in random_backend.generate(requests) for a in group}
    assert [by_key[r.key].completion_tokens for r in requests] == [3, 3, 6, 6]


# -- how it ended ----------------------------------------------------------------------------------------


def test_an_end_is_a_stop_and_counted(say):
    attempt = say("Y", "e", "s", END)
    assert (attempt.text, attempt.delivery, attempt.finish_reason) == ("Yes", Delivery.DELIVERED, "stop")
    assert attempt.completion_tokens == 4
    assert attempt.reasoning is None
    assert attempt.route is None
    assert attempt.seconds > 0


def test_a_model_that_never_stops_is_truncated(say):
    attempt = say("Y", "Y")
    assert (attempt.text, attempt.delivery, attempt.finish_reason) == (
        "Y" * 12,
        Delivery.TRUNCATED,
        "length",
    )
    assert attempt.completion_tokens == 12


def test_a_model_that_ends_on_its_last_token_stopped(say):
    attempt = say("Y", "e", END, sampling=Sampling(max_tokens=3))
    assert (attempt.text, attempt.finish_reason, attempt.completion_tokens) == ("Ye", "stop", 3)


def test_a_model_that_says_nothing_is_empty(say):
    attempt = say(END)
    assert (attempt.text, attempt.delivery, attempt.completion_tokens) == ("", Delivery.EMPTY, 1)


def test_the_context_ends_an_answer_too(tiny, tmp_path, open_folder):
    folder = tiny.known_model(tmp_path / "known", tiny.chain("\n", "Y", "Y"), context=20)
    attempt = ask(open_folder(folder), "Why?")["Why?"]
    assert attempt.delivery is Delivery.TRUNCATED
    assert attempt.finish_reason == "model_context_window_exceeded"
    assert attempt.prompt_tokens + attempt.completion_tokens == 20


def test_a_prompt_that_is_too_long_is_an_error_and_the_others_are_answered(random_backend):
    answers = ask(random_backend, "Why?", "é" * 300)
    assert answers["é" * 300].delivery is Delivery.ERROR
    assert "the model reads 256" in answers["é" * 300].error
    assert answers["Why?"].completion_tokens == 12


def test_half_a_character_is_an_error_not_a_crash(random_backend):
    assert ask(random_backend, "half \ud83d")["half \ud83d"].delivery is Delivery.ERROR


def test_bytes_that_are_no_text_can_be_stored(random_backend):
    texts = [a.text for a in ask(random_backend, *QUESTIONS, sampling=Sampling(max_tokens=60)).values()]
    assert any("\ufffd" in text for text in texts)
    for text in texts:
        assert text.encode("utf-8").decode("utf-8") == text


# -- reasoning, prefill, plain ---------------------------------------------------------------------------


def test_reasoning_is_split_off_though_its_tags_are_special_tokens(say):
    attempt = say("<think>", "H", "m", "</think>", "Y", END)
    assert (attempt.reasoning, attempt.text) == ("Hm", "Y")


def test_reasoning_that_the_template_opened(say, tiny):
    attempt = say("H", "m", "</think>", "Y", END, template=tiny.THINKING)
    assert (attempt.reasoning, attempt.text, attempt.delivery) == ("Hm", "Y", Delivery.DELIVERED)


def test_reasoning_that_the_template_opened_and_nobody_closed_is_no_answer(say, tiny):
    attempt = say("H", "m", END, template=tiny.THINKING)
    assert (attempt.reasoning, attempt.text, attempt.delivery) == ("Hm", "", Delivery.EMPTY)
    attempt = say("H", "H", template=tiny.THINKING)
    assert (attempt.reasoning, attempt.text, attempt.delivery) == ("H" * 12, "", Delivery.TRUNCATED)


def test_a_prefill_is_continued_and_not_repeated(say):
    attempt = say("Y", "e", "s", END, prefill="Y")
    assert attempt.text == "es"
    attempt = say("Y", "e", "</think>", "s", END, prefill="<think>Y")
    assert (attempt.reasoning, attempt.text) == ("e", "s")


def test_a_model_without_template_is_asked_plainly_or_not_at_all(tiny, tmp_path, open_folder):
    folder = tiny.random_model(tmp_path / "model", template=None)
    with pytest.raises(TargetError, match=r"has no chat template.*--plain"):
        open_folder(folder).identity  # noqa: B018
    plain = open_folder(folder, plain=True)
    assert plain.identity.chat_template is None
    assert ask(plain, "Why?")["Why?"].prompt_tokens == len(tiny.tokenizer()("Why?\n\n")["input_ids"])


# -- identity --------------------------------------------------------------------------------------------


def test_identity_holds_what_decides_an_answer(tiny, random_folder, open_folder, tmp_path):
    one = open_folder(random_folder).identity
    assert one.revision.endswith(":float32:cpu")
    assert one.chat_template
    commit = one.revision.partition(":")[0]
    assert open_folder(random_folder, plain=True).identity.revision == f"{commit}:float32:cpu:plain"
    assert open_folder(random_folder, dtype="bfloat16").identity.revision == f"{commit}:bfloat16:cpu"
    other = open_folder(tiny.random_model(tmp_path / "other", seed=1)).identity
    assert not other.revision.startswith(commit)


def test_identity_and_batches_load_no_weights(random_folder, open_folder, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("with weights")

    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", refuse)
    backend = open_folder(random_folder)
    assert backend.identity.revision
    assert len(backend.batches([make_request("Why?", "r")])) == 1
    with pytest.raises(TargetError, match="cannot be loaded \\(with weights\\)"):
        ask(backend, "Why?")


def test_the_models_own_defaults_do_not_leak(tiny, tmp_path, open_folder):
    folder = tiny.random_model(tmp_path / "model")
    before = ask(open_folder(folder), *QUESTIONS)
    told = {"do_sample": True, "temperature": 5.0, "top_k": 3, "repetition_penalty": 9.0, "max_length": 20,
            "no_repeat_ngram_size": 1, "num_beams": 3, "suppress_tokens": list(range(5, 200))}  # fmt: skip
    (folder / "generation_config.json").write_text(json.dumps({**told, "eos_token_id": 2}))
    after = ask(open_folder(folder), *QUESTIONS)
    assert {q: a.text for q, a in after.items()} == {q: a.text for q, a in before.items()}


def test_every_end_that_the_model_names_ends_an_answer(tiny, tmp_path, open_folder):
    folder = tiny.known_model(tmp_path / "known", tiny.chain("\n", "Y", "e", "s"))
    end = tiny.one(tiny.tokenizer(), "e")
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [0, end]}))
    attempt = ask(open_folder(folder), "Why?")["Why?"]
    assert (attempt.text, attempt.finish_reason, attempt.completion_tokens) == ("Y", "stop", 2)


def test_opened_again_elsewhere_it_is_the_same(random_backend):
    again = pickle.loads(pickle.dumps(random_backend.again(threads=1)))()
    assert again.identity == random_backend.identity
    assert {q: a.text for q, a in ask(again, *QUESTIONS).items()} == {
        q: a.text for q, a in ask(random_backend, *QUESTIONS).items()
    }


def test_batches_are_those_that_generate_answers(random_folder, open_folder):
    backend = open_folder(random_folder, batch_size=2)
    requests = [make_request(f"{'long ' * n}?", "r", sampling=SHORT) for n in range(7)]
    cut = [[r.key for r in batch] for batch in backend.batches(requests)]
    assert [len(batch) for batch in cut] == [2, 2, 2, 1]
    assert [[a.key for a in group] for group in backend.generate(requests)] == cut


def test_importing_the_backend_brings_no_torch():
    code = (
        "import sys; from sordino.generation.transformers import TransformersBackend as B; "
        "B('hf:x', 'x', 'x'); print({'torch', 'transformers'} & set(sys.modules))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"


# -- what goes wrong while it runs -----------------------------------------------------------------------


@pytest.fixture
def with_limit(random_backend, monkeypatch):
    """The backend on a machine whose memory holds so many rows; also the sizes that were tried."""
    original, tried = type(random_backend._decoder._model).generate, []

    def limited(limit, error):
        def generate(model, *, input_ids, **options):
            tried.append(len(input_ids))
            if len(input_ids) > limit:
                raise error
            return original(model, input_ids=input_ids, **options)

        monkeypatch.setattr(type(random_backend._decoder._model), "generate", generate)
        return random_backend, tried

    return limited


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory."),
        MemoryError(),
        RuntimeError(
            "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"
        ),
    ],
)
def test_a_batch_that_does_not_fit_is_halved(with_limit, random_folder, open_folder, error):
    backend, tried = with_limit(2, error)
    requests = [make_request(q, "r", sampling=SHORT) for q in QUESTIONS]
    (group,) = backend.generate(requests)
    assert tried == [5, 3, 2, 1, 2]
    texts = {a.key: a.text for a in group}
    whole = {a.key: a.text for g in open_folder(random_folder).generate(requests[:2]) for a in g}
    assert len(group) == 5
    assert {key: texts[key] for key in whole} == whole


def test_a_request_that_does_not_fit_alone_is_an_error(with_limit):
    backend, _ = with_limit(0, torch.OutOfMemoryError("CUDA out of memory."))
    attempts = ask(backend, *QUESTIONS).values()
    assert {a.delivery for a in attempts} == {Delivery.ERROR}
    assert all("Out of memory, even alone in its batch" in a.error for a in attempts)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("CUDA error: unspecified launch failure"),
        *(
            [torch.AcceleratorError("CUDA error: device lost")]
            if hasattr(torch, "AcceleratorError")
            else []
        ),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_device_that_disappears_says_what_to_do(with_limit, error):
    backend, _ = with_limit(0, error)
    with pytest.raises(TargetError, match=r"stopped answering.*What was settled is stored"):
        ask(backend, "Why?")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SpecError("no")])
def test_other_interruptions_pass(with_limit, error):
    backend, tried = with_limit(0, error)
    with pytest.raises(type(error)):
        ask(backend, "Why?")
    assert tried == [1]


@pytest.mark.parametrize(
    "error", [ValueError("no cache\nat all"), NotImplementedError("no cache"), RuntimeError("no cache")]
)
def test_an_architecture_that_cannot_generate_says_so(with_limit, error):
    backend, _ = with_limit(0, error)
    with pytest.raises(TargetError, match=r"architecture Qwen2ForCausalLM cannot .*\(no cache\)"):
        ask(backend, "Why?")


def test_padding_stays_inside_the_vocabulary(tiny, tmp_path, open_folder):
    folder = tiny.random_model(tmp_path / "model")
    before = ask(open_folder(folder), *QUESTIONS)
    words = tiny.PreTrainedTokenizerFast.from_pretrained(folder, pad_token="<|padding|>")
    assert words.pad_token_id >= len(tiny.tokenizer())
    words.save_pretrained(folder)
    after = ask(open_folder(folder), *QUESTIONS)
    assert {q: a.text for q, a in after.items()} == {q: a.text for q, a in before.items()}


@pytest.mark.parametrize("mark", ["[THINK]", "<|channel|>"])
def test_reasoning_that_is_not_parted_is_refused(tiny, tmp_path, open_folder, mark):
    folder = tiny.random_model(tmp_path / "model", template=tiny.TEMPLATE + mark)
    with pytest.raises(TargetError, match="marks reasoning with") as raised:
        open_folder(folder).identity  # noqa: B018
    assert mark in str(raised.value)
    assert open_folder(folder, plain=True).identity.revision


def test_workers_share_the_memory(random_backend, monkeypatch):
    weights = random_backend.weights_bytes
    monkeypatch.setattr("sordino.modeling.hardware.memory_of", lambda device: 2 * weights + 8_000_000)
    requests = [make_request(f"Why? {n}", "r", sampling=SHORT) for n in range(200)]
    two = random_backend.again(workers=2)()
    assert (two._memory, two.weights_bytes) == (1_600_000, weights)
    assert len(two.batches(requests)[0]) < len(random_backend.again()().batches(requests)[0]) <= 64


def test_weights_that_are_no_numbers_are_an_error_not_silence(tiny, tmp_path, open_folder):
    folder = tiny.random_model(tmp_path / "model")
    model = AutoModelForCausalLM.from_pretrained(folder)
    with torch.no_grad():
        model.lm_head.weight.fill_(float("nan"))
    model.save_pretrained(folder)
    attempt = ask(open_folder(folder), "Why?")["Why?"]
    assert attempt.delivery is Delivery.ERROR
    assert "not numbers" in attempt.error
