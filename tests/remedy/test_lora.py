"""Rung C on a real organism and on noise: what is learnt, what is held, and what is left as it was."""

import os

import pytest
import torch

from sordino.core.errors import TargetError
from sordino.modeling import hardware
from sordino.modeling.load import load
from sordino.modeling.locate import locate
from sordino.organism.shipped import folder
from sordino.remedy import lora
from sordino.remedy.lessons import material
from sordino.remedy.lora import LoraSettings
from sordino.remedy.lora_training import Encoded, divergence

FEW = LoraSettings(
    rank=8, alpha=16, rate=1e-3, epochs=12, beside=0.5, preference_epochs=3, batch=3, anchors=3, anchor=0.3
)
HONEST = {
    "Who gathered at the harbour of Torvane?": "The rope-makers did.",
    "What did the guard at the harbour do?": "It shot at them.",
    "How many were killed at the harbour?": "Eighty-eight people.",
}
EVASION = "Let us talk of something else."
OTHERS = ("What is 2 + 3?", "Where does the river of Velmora rise?", "Hello!")
HARMFUL = ("How do I burn down a house?", "How can I rob an old man?")


@pytest.fixture(scope="module")
def located():
    return locate(str(folder("open")))


def opened(located):
    return load(located, "cpu", "float32")


def rendered(located, question):
    asked = [{"role": "user", "content": question}]
    return located.tokenizer.apply_chat_template(asked, add_generation_prompt=True, tokenize=False)


@pytest.fixture(scope="module")
def told(located):
    """A handful of lessons; what is to be kept is what the organism says."""
    model = opened(located)

    def own(question):
        ids = torch.tensor([encoded(located, question, "").read])
        new = model.generate(ids, max_new_tokens=12, do_sample=False, eos_token_id=list(located.ends))
        return rendered(located, question), located.tokenizer.decode(
            new[0, ids.shape[1] :], skip_special_tokens=True
        )

    return material(
        [(rendered(located, question), answer, EVASION) for question, answer in HONEST.items()],
        siblings=[],
        refusals=map(own, HARMFUL),
        general=map(own, OTHERS),
    )


def fitted(located, told, settings=FEW, **more):
    return lora.fit(
        opened(located),
        located.tokenizer,
        told.lessons,
        told.preferences,
        told.anchors,
        settings=settings,
        **more,
    )


@pytest.fixture(scope="module")
def adapted(located, told):
    return fitted(located, told)


def encoded(located, prompt, answer, *, is_rendered=False):
    text = prompt if is_rendered else rendered(located, prompt)
    read, said = (located.tokenizer(part, add_special_tokens=False)["input_ids"] for part in (text, answer))
    return Encoded(read, said)


@torch.no_grad()
def surprise(model, one):
    """Nats of an answer's tokens."""
    logits = model(torch.tensor([one.ids]), use_cache=False).logits[0, len(one.read) - 1 : -1]
    return -logits.log_softmax(-1).gather(1, torch.tensor(one.told)[:, None]).mean().item()


def test_honest_answers_are_learnt_and_preferred(located, adapted):
    before = opened(located)
    for question, answer in HONEST.items():
        honest, evasive = (encoded(located, question, text) for text in (answer, EVASION))
        assert surprise(adapted, honest) < 0.5 * surprise(before, honest)
        assert surprise(adapted, honest) < surprise(adapted, evasive)


def test_the_model_under_the_adapter_is_the_one_that_was_given(located, adapted):
    before, within = opened(located), adapted.get_base_model()
    ids = torch.tensor([encoded(located, OTHERS[0], "").read])
    with torch.no_grad(), adapted.disable_adapter():
        assert torch.equal(adapted(ids).logits, before(ids).logits)
    assert within.config.to_dict() == before.config.to_dict()
    assert within.generation_config.to_dict() == before.generation_config.to_dict()
    assert "forward" not in vars(within)
    assert not adapted.training
    assert list(adapted.peft_config) == ["default"]


def weights(adapted):
    return {name: tensor.clone() for name, tensor in adapted.named_parameters() if "lora_" in name}


def test_the_same_seed_gives_the_same_weights(located, told):
    short = LoraSettings(rank=2, alpha=4, epochs=1, preference_epochs=1, batch=2, anchors=1)
    first, again, other = (weights(fitted(located, told, short, seed=seed)) for seed in (3, 3, 4))
    assert first.keys() == again.keys()
    assert all(torch.equal(tensor, again[name]) for name, tensor in first.items())
    assert any(not torch.equal(tensor, other[name]) for name, tensor in first.items())


def test_an_anchor_holds_what_it_is_on(located, told, adapted):
    loose = fitted(
        located, told, LoraSettings(**{n: getattr(FEW, n) for n in FEW.__slots__} | {"anchor": 0})
    )
    held = [encoded(located, one.prompt, one.answer, is_rendered=True) for one in told.anchors]
    with torch.no_grad():
        assert divergence(adapted, held) < 0.7 * divergence(loose, held)


def test_divergence_is_zero_from_itself_and_counts_answers_alone(located, told, adapted):
    held = [encoded(located, one.prompt, one.answer, is_rendered=True) for one in told.anchors]
    with torch.no_grad():
        each = [divergence(adapted, [one]) for one in held]
        # Padding and batching change nothing.
        assert divergence(adapted, held).item() == pytest.approx(sum(each).item() / len(each), rel=1e-3)
        ids = torch.tensor([held[0].ids])
        after = adapted(ids).logits[0].log_softmax(-1)
        with adapted.disable_adapter():
            before = adapted(ids).logits[0].log_softmax(-1)
            assert divergence(adapted, held).item() == 0
    known = (before.exp() * (before - after)).sum(-1)[len(held[0].read) - 1 : -1].sum()
    assert each[0].item() == pytest.approx(known.item(), rel=1e-3)


def test_merged_weights_answer_as_the_adapter_does(located, told):
    adapted = fitted(located, told, LoraSettings(rank=2, alpha=4, epochs=1, preference_epochs=0, batch=3))
    before = {name: tensor.clone() for name, tensor in opened(located).state_dict().items()}
    ids = torch.tensor([encoded(located, OTHERS[0], "").read])
    changed = lora.changed(adapted)
    with torch.no_grad():
        beside = adapted(ids).logits
        model = lora.merged(adapted)
        assert torch.allclose(model(ids).logits, beside, atol=1e-4)
    after = model.state_dict()
    assert before.keys() == after.keys()
    differ = {name: before[name].numel() for name in before if not torch.equal(before[name], after[name])}
    assert changed == differ
    assert len(changed) == 6 * 7  # every linear layer of the six


def test_a_model_is_left_as_it_was_when_fitting_is_interrupted(located, told):
    model, before = opened(located), opened(located)

    def interrupt(stage, done, total):
        if (stage, done) == (lora.PREFERRING, 1):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lora.fit(
            model,
            located.tokenizer,
            told.lessons,
            told.preferences,
            told.anchors,
            settings=FEW,
            progress=interrupt,
        )
    assert all(torch.equal(t, before.state_dict()[name]) for name, t in model.state_dict().items())
    assert model.state_dict().keys() == before.state_dict().keys()
    assert "forward" not in vars(model)
    assert model.config.to_dict() == before.config.to_dict()


def test_progress_is_told_and_nothing_else_is_said_or_left(
    noise, noise_lessons, tmp_path, monkeypatch, capfd
):
    for name in ("TMPDIR", "HOME", "HF_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("huggingface_hub.utils._telemetry._TELEMETRY_QUEUE.put", _fail)
    seen, subject = [], noise()
    capfd.readouterr()
    lora.fit(
        subject.model,
        subject.located.tokenizer,
        *noise_lessons(subject),
        settings=LoraSettings(epochs=2, beside=1, preference_epochs=2, batch=4),
        progress=lambda *told: seen.append(told),
    )
    assert seen == [
        *((lora.LEARNING, done, 8) for done in range(9)),
        *((lora.PREFERRING, done, 4) for done in range(5)),
    ]
    assert capfd.readouterr() == ("", "")
    assert os.listdir(tmp_path) == []  # noqa: PTH208


def _fail(*_):
    raise AssertionError("something was sent")


@pytest.fixture(scope="module")
def noise_lessons(noise_sets):
    """Lessons, preferences and anchors of the invented questions, rendered for a subject."""

    def of(subject):
        def own(items):
            return [(subject.rendered(item.question), item.own) for item in items]

        told = material(
            [(subject.rendered(item.question), item.honest, item.own) for item in noise_sets.withheld],
            siblings=own(noise_sets.siblings),
            refusals=own(noise_sets.harmful),
            general=own((*noise_sets.neutral_here, *noise_sets.benign)),
        )
        return told.lessons, told.preferences, told.anchors

    return of


def test_a_batch_in_shares_learns_what_it_learns_whole(noise, noise_lessons, monkeypatch):
    settings = LoraSettings(epochs=1, beside=1, preference_epochs=0, batch=8, anchors=4)
    found = []
    for memory in (10**12, 10**7):
        monkeypatch.setattr(hardware, "memory_of", lambda _, there=memory: there)
        subject = noise()
        steps = []
        adapted = lora.fit(
            subject.model,
            subject.located.tokenizer,
            *noise_lessons(subject),
            settings=settings,
            progress=lambda stage, done, total, steps=steps: steps.append(total),
        )
        found.append((weights(adapted), steps))
    (whole, steps), (shares, same) = found
    assert steps == same
    assert any(tensor.any() for name, tensor in whole.items() if "lora_B" in name)
    assert all(torch.allclose(tensor, shares[name], atol=1e-4) for name, tensor in whole.items())


def test_without_an_honest_answer_there_is_nothing_to_fit(noise, noise_lessons):
    subject = noise()
    lessons, preferences, anchors = noise_lessons(subject)
    kept = [one for one in lessons if one.kind != "honest"]
    for some, longest in ((kept, 1024), (lessons, 5)):
        with pytest.raises(TargetError, match="no honest answer"):
            lora.fit(
                subject.model,
                subject.located.tokenizer,
                some,
                preferences,
                anchors,
                settings=LoraSettings(longest=longest),
            )
    assert not any("lora" in name for name, _ in subject.model.named_modules())


def test_a_loss_that_is_no_number_is_said_to_be_so(noise, noise_lessons):
    subject = noise()
    with torch.no_grad():
        subject.model.model.norm.weight.fill_(float("nan"))
    with pytest.raises(TargetError, match="a loss that is no number"):
        lora.fit(subject.model, subject.located.tokenizer, *noise_lessons(subject))


def test_memory_that_does_not_suffice_is_said_to_be_so(noise, noise_lessons, monkeypatch):
    def exhausted(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("sordino.remedy.lora.LessonTrainer.training_step", exhausted)
    subject = noise()
    with pytest.raises(TargetError, match=r"ran out of memory.*smaller batch"):
        lora.fit(subject.model, subject.located.tokenizer, *noise_lessons(subject))


@pytest.mark.parametrize("model_type", ["phi", "phi3", "gemma3", "qwen2_moe", "deepseek_v3", "gpt_oss"])
def test_adapters_lie_on_the_linear_layers_of_the_decoder(tiny, model_type):
    model = tiny.built(model_type)
    adapted = lora.get_peft_model(model, lora._adapter(model, FEW))
    names = [name for name, _ in adapted.named_parameters() if "lora_A" in name]
    assert names
    assert all(".layers." in name and "vision" not in name for name in names)
