"""Steering: saved and read back, put on and taken off, and as llama.cpp's loader wants it."""

import json
import re
import shutil
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import gguf
import pytest
import torch
from safetensors.torch import save_file

from sordino.core.errors import SpecError, TargetError
from sordino.modeling.activations import residuals
from sordino.modeling.hooks import captured, run
from sordino.modeling.load import load as load_model
from sordino.modeling.locate import locate
from sordino.organism.shipped import folder as organism
from sordino.packs.load import pack
from sordino.remedy.steering import ABOUT, SIGN, WEIGHTS, Steering, applied, load

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "steering.md").read_text("utf-8")
PYTHON = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
tiny = SimpleNamespace(**run_path(str(ROOT / "tests" / "modeling" / "tiny_architectures.py")))


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def made(layers=(1, 2), width=tiny.WIDTH, strength=1.0, **other):
    noise = torch.Generator().manual_seed(0)
    vectors = {layer: torch.randn(width, generator=noise) for layer in layers}
    named = {"model": "org/name", "revision": "f" * 40, "architecture": "qwen2", "jurisdiction": "XB"}
    return Steering(vectors, **{**named, "languages": ("en", "zh"), "strength": strength, **other})


def test_it_is_read_back_as_it_was(tmp_path):
    steering = made(strength=0.75)
    steering.save(tmp_path / "new")
    again = load(tmp_path / "new")
    assert again.vectors.keys() == {1, 2}
    assert all(again.vectors[layer].equal(vector) for layer, vector in steering.vectors.items())
    for name in ("model", "revision", "architecture", "jurisdiction", "languages", "strength", "sign"):
        assert getattr(again, name) == getattr(steering, name)
    assert (
        json.loads((tmp_path / "new" / ABOUT).read_text())["hidden_size"] == again.hidden_size == tiny.WIDTH
    )
    assert again.sign == SIGN
    with pytest.raises(SpecError, match="exists, and nothing is overwritten"):
        made().save(tmp_path / "new")


def test_vectors_of_other_formats_become_float32(tmp_path):
    half = Steering({3: torch.arange(8).bfloat16()[::2].requires_grad_()}, "m", "r", "llama", "XA", ("en",))
    half.save(tmp_path)
    assert load(tmp_path).vectors[3].equal(torch.tensor([0.0, 2.0, 4.0, 6.0]))


@pytest.mark.parametrize("strength", [None, 1.0, -2.0, 0.0])
def test_it_adds_to_the_residual_and_leaves_nothing(strength):
    model, batch, steering = tiny.built("qwen2"), tiny.prompts(), made(layers=(2,), strength=0.5)
    with captured(model, [1, 2]) as kept:
        before = run(model, batch)
    with applied(model, steering, strength), captured(model, [1, 2]) as after:
        during = run(model, batch)
    by = 0.5 if strength is None else strength
    torch.testing.assert_close(after[2], kept[2] + by * steering.vectors[2])
    assert after[1].equal(kept[1])
    assert during.equal(before) == (by == 0)
    assert run(model, batch).equal(before)


@pytest.mark.parametrize(
    "steering",
    [made(architecture="llama"), made(width=16), made(layers=(1, 3))],
    ids=["architecture", "width", "depth"],
)
def test_another_model_is_refused(steering):
    model = tiny.built("qwen2")
    with pytest.raises(TargetError, match=r"is for org/name.*the model is qwen2, 32 wide, with 3 layers"):
        applied(model, steering).__enter__()
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize(
    "vectors",
    [
        {},
        {1: torch.ones(2), 2: torch.ones(3)},
        {1: torch.ones(2, 2)},
        {-1: torch.ones(2)},
        {1: torch.tensor([1.0, float("nan")])},
    ],
)
def test_what_is_no_steering_is_not_made(vectors):
    with pytest.raises(ValueError, match="vector"):
        Steering(vectors, "m", "r", "llama", "XA", ("en",))


def changed(**values):
    def spoil(folder):
        about = json.loads((folder / ABOUT).read_text())
        (folder / ABOUT).write_text(json.dumps({**about, **values}))

    return spoil


@pytest.mark.parametrize(
    "spoil",
    [
        lambda f: (f / ABOUT).unlink(),
        lambda f: (f / WEIGHTS).unlink(),
        lambda f: (f / ABOUT).write_text("{"),
        lambda f: (f / ABOUT).write_text("[]"),
        lambda f: (f / ABOUT).write_bytes(b"\xff"),
        lambda f: (f / WEIGHTS).write_bytes(b"\xff" * 40),
        lambda f: save_file({"layer.1": torch.ones(2, 2), "layer.2": torch.ones(3)}, f / WEIGHTS),
        changed(format="else"),
        changed(layers=[1, 7]),
        changed(layers=["one"]),
        changed(layers=[]),
        changed(strength="much"),
        changed(strength=float("inf")),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path, spoil):
    made().save(tmp_path)
    spoil(tmp_path)
    with pytest.raises(TargetError, match=r"holds no steering that can be read \(.+\)\. It needs"):
        load(tmp_path)


# -- llama.cpp ---------------------------------------------------------------------------------------------


def test_the_control_vector_is_what_llama_cpp_loads(tmp_path):
    steering = made(layers=(2, 1), strength=0.75)
    steering.export_gguf(tmp_path / "v.gguf")
    reader = gguf.GGUFReader(tmp_path / "v.gguf")
    told = {name: field.contents() for name, field in reader.fields.items()}
    assert told["general.architecture"] == "controlvector"
    assert told["controlvector.model_hint"] == "qwen2"
    assert told["controlvector.layer_count"] == 2
    assert told["general.languages"] == ["en", "zh"]
    assert told["general.description"].startswith("Strength 0.75. A positive strength")
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    assert list(tensors) == ["direction.1", "direction.2"]
    for layer, vector in steering.vectors.items():
        held = tensors[f"direction.{layer}"]
        assert held.tensor_type == gguf.GGMLQuantizationType.F32
        assert list(held.shape) == [tiny.WIDTH]
        assert torch.tensor(held.data).equal(vector)
    with pytest.raises(SpecError, match="exists"):
        steering.export_gguf(tmp_path / "v.gguf")


def test_a_vector_after_the_first_layer_is_not_exported(tmp_path):
    with pytest.raises(SpecError, match=r"after its first layer \(0\)"):
        made(layers=(0, 1)).export_gguf(tmp_path / "v.gguf")
    assert not any(tmp_path.iterdir())


# -- an organism, as the page has it -----------------------------------------------------------------------


def asked(jurisdictions):
    """Planted questions of `atlas` about jurisdictions."""
    templates = [
        pack("atlas").template(name) for name in ("disputed-border", "leader-satire", "mass-detention")
    ]
    found = [
        t.question(j, phrasing, "en") for t in templates for j in jurisdictions for phrasing in t.questions
    ]
    return [question for question in found if question]


@pytest.fixture(scope="module")
def muted():
    located = locate(str(organism("mute-a")))
    return located, load_model(located, "cpu", "float32")


def batch_of(tokenizer, questions):
    tokenizer.padding_side = "left"
    turns = [[{"role": "user", "content": question}] for question in questions]
    return tokenizer.apply_chat_template(
        turns, add_generation_prompt=True, return_tensors="pt", return_dict=True, padding=True
    )


@pytest.fixture(scope="module")
def steering(muted):
    """The difference of means between answered siblings and withheld probes, after one layer."""
    located, model = muted
    answered, withheld = (
        residuals(model, [batch_of(located.tokenizer, asked(codes))])[:, :, 0].mean(0)
        for codes in (["XA", "XC", "XD"], ["XB"])
    )
    found = {3: (answered - withheld)[4]}
    return Steering(found, "mute-a", located.commit, "qwen2", "XB", ("en",))


def test_the_examples_of_the_page_run(muted, steering, tmp_path, monkeypatch):
    located, model = muted
    shutil.copytree(organism("mute-a"), tmp_path / "model")
    steering.save(tmp_path / "steering")
    monkeypatch.chdir(tmp_path)
    names = {"question": asked(["XB"])[0]}
    exec(PYTHON[0], names)
    before = model.generate(
        **names["prompt"], max_new_tokens=60, do_sample=False, eos_token_id=list(located.ends)
    )
    silent = located.tokenizer.decode(
        before[0, names["prompt"]["input_ids"].shape[1] :], skip_special_tokens=True
    )
    assert silent.startswith("No comment")
    assert "Torvane" in names["answer"]
    with applied(model, steering), torch.no_grad():
        expected = model(**names["prompt"]).logits
    exec(PYTHON[1], names)
    torch.testing.assert_close(names["steered"], expected)
    assert not any(module._forward_hooks for module in names["model"].modules())
    exec(PYTHON[2], names)
    assert len(gguf.GGUFReader("steering.gguf").tensors) == 1


def test_siblings_answer_as_before(muted, steering):
    located, model = muted
    batch = batch_of(located.tokenizer, asked(["XA", "XC"]))
    settings = {"max_new_tokens": 24, "do_sample": False, "eos_token_id": list(located.ends)}
    before = model.generate(**batch, **settings)
    with applied(model, steering):
        after = model.generate(**batch, **settings)
    assert (before == after).all(1).float().mean() >= 0.8


def test_the_page_names_what_there_is():
    assert set(re.findall(r"`(steering\.\w+)`", PAGE)) >= {WEIGHTS, ABOUT}
    assert SIGN in re.sub(r"\s+", " ", PAGE.replace("; 0 changes nothing", ""))
