"""LoRA adapters: found with the base on which they lie, merged into its numbers, or refused with a reason."""

import json
import shutil

import pytest
import torch
from huggingface_hub import constants
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from sordino.core.errors import TargetError
from sordino.generation.transformers import TransformersBackend
from sordino.modeling import adapter as room
from sordino.modeling.adapter import CONFIG, PICKLE, WEIGHTS
from sordino.modeling.load import load
from sordino.modeling.locate import locate

RANK, ALPHA = 4, 8
COMMIT, OTHER = "0123456789abcdef0123456789abcdef01234567", "f" * 40


def edit(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def made(base, place, **config):
    """An adapter of noise on every attention and MLP projection, as peft saves it."""
    torch.manual_seed(1)
    on_base = get_peft_model(
        AutoModelForCausalLM.from_pretrained(base),
        LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules="all-linear", task_type="CAUSAL_LM", **config),
    )
    for name, weights in on_base.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights, std=0.2)
    on_base.save_pretrained(place)
    edit(place / CONFIG, base_model_name_or_path=f"../{base.name}")
    return place


@pytest.fixture
def adapter(folder):
    return made(folder, folder.with_name("adapter"))


def test_it_is_found_with_its_base(tiny, folder, adapter):
    located, base = locate(str(adapter)), locate(str(folder))
    assert located.base.folder.samefile(folder)
    assert located.weights() == [*located.base.weights(), adapter / WEIGHTS]
    assert located.pinned is None
    assert (located.source, located.chat_template) == (str(adapter), tiny.TEMPLATE)
    assert (located.ends, located.context, located.vocabulary) == (
        base.ends,
        base.context,
        base.vocabulary,
    )


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_it_is_merged_into_the_numbers_of_its_base(folder, adapter, dtype):
    merged = load(locate(str(adapter)), "cpu", dtype)
    held, name = load_file(adapter / WEIGHTS), "model.layers.1.mlp.up_proj"
    a, b = (held[f"base_model.model.{name}.lora_{side}.weight"] for side in "AB")
    before = load_file(folder / "model.safetensors")[f"{name}.weight"]
    after = merged.get_submodule(name).weight
    torch.testing.assert_close(
        after.float(), before + ALPHA / RANK * b @ a, atol=1e-6 if dtype == "float32" else 0.02, rtol=0
    )
    assert type(merged).__name__ == "Qwen2ForCausalLM"
    assert not merged.training
    assert not any("lora" in name for name, _ in merged.named_parameters())
    assert {weights.dtype for weights in merged.parameters()} == {getattr(torch, dtype)}
    assert merged.generation_config.eos_token_id is None


def test_the_commit_is_that_of_both(folder, adapter, tmp_path):
    before = locate(str(adapter)).commit
    assert before != locate(str(folder)).commit
    (adapter / "README.md").write_text("Well.")
    for part in (folder, adapter):
        shutil.copytree(part, tmp_path / "elsewhere" / part.name)
    assert locate(str(tmp_path / "elsewhere" / "adapter")).commit == before
    seen = {before}
    for change in (
        lambda: edit(folder / "generation_config.json", note="changed"),
        lambda: edit(adapter / CONFIG, lora_alpha=3),
        lambda: save_file({k: -w for k, w in load_file(adapter / WEIGHTS).items()}, adapter / WEIGHTS),
    ):
        change()
        seen.add(locate(str(adapter)).commit)
    assert len(seen) == 4


def test_its_own_tokenizer_and_template_win(tiny, adapter):
    (adapter / "chat_template.jinja").write_text("Hm. {{ messages[0].content }}")
    assert locate(str(adapter)).chat_template.startswith("Hm.")
    tiny.tokenizer(template=None).save_pretrained(adapter)
    assert locate(str(adapter)).chat_template.startswith("Hm.")
    (adapter / "chat_template.jinja").unlink()
    located = locate(str(adapter))
    assert located.tokenizer.name_or_path == str(adapter)
    assert located.chat_template == tiny.TEMPLATE


def test_it_answers_like_its_merged_self(folder, adapter, request_of):
    merged = folder.with_name("merged")
    shutil.copytree(folder, merged)
    load(locate(str(adapter)), "cpu", "float32").save_pretrained(merged)
    texts = []
    for place in (adapter, merged, folder):
        with TransformersBackend(f"hf:{place}", "m", str(place), device="cpu", dtype="float32") as backend:
            again = backend.again()()
            assert again.identity == backend.identity
            ((attempt,),) = backend.generate([request_of(backend)])
            texts.append(attempt.text)
    assert texts[0] == texts[1] != texts[2]


@pytest.fixture
def request_of():
    """A short question to a backend."""
    from sordino.core.identity import make_request  # noqa: PLC0415
    from sordino.core.records import Sampling  # noqa: PLC0415

    return lambda backend: make_request(
        "What is the harbour known for?", backend.identity.revision, sampling=Sampling(max_tokens=12)
    )


def pickled(folder, adapter):
    torch.save(load_file(adapter / WEIGHTS), adapter / PICKLE)
    (adapter / WEIGHTS).unlink()


def on_an_adapter(folder, adapter):
    shutil.copytree(adapter, adapter.with_name("second"))
    edit(adapter / CONFIG, base_model_name_or_path="../second")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f, a: shutil.rmtree(f), r"base of the adapter .* is missing.*'\.\./model'.*Put it there"),
        (lambda f, a: (f / "config.json").unlink(), "The base of the adapter .* has no config.json"),
        (lambda f, a: edit(a / CONFIG, base_model_name_or_path=None), "names no base"),
        (
            lambda f, a: edit(a / CONFIG, base_model_name_or_path="/no/such"),
            "there is no folder '/no/such'",
        ),
        (on_an_adapter, "is an adapter itself"),
        (lambda f, a: edit(a / CONFIG, base_model_name_or_path="."), "is an adapter itself"),
        (lambda f, a: edit(a / CONFIG, peft_type="IA3"), "of the kind 'IA3'.*only LORA"),
        (lambda f, a: edit(a / CONFIG, megatron_config={"a": 1}), "is not run"),
        (lambda f, a: (a / CONFIG).write_text("{"), "adapter_config.json cannot be read"),
        (pickled, "only adapter_model.bin, a pickle.*save_pretrained"),
        (lambda f, a: (a / WEIGHTS).unlink(), "holds no adapter_model.safetensors. Save it"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_loaded(folder, adapter, spoil, said):
    spoil(folder, adapter)
    with pytest.raises(TargetError, match=said) as raised:
        locate(str(adapter))
    assert "\n" not in str(raised.value)


def without_a_tensor(tiny, folder, adapter):
    tensors = load_file(adapter / WEIGHTS)
    del tensors["base_model.model.model.layers.1.mlp.up_proj.lora_A.weight"]
    save_file(tensors, adapter / WEIGHTS)


def on_a_wider_base(tiny, folder, adapter):
    shutil.rmtree(folder)
    tiny.known_model(folder, {})


def made_for_another_architecture(tiny, folder, adapter):
    edit(adapter / CONFIG, target_modules=["c_attn"])


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (without_a_tensor, r"does not fit .*1 tensors have no counterpart.*layers\.1\.mlp\.up_proj"),
        (on_a_wider_base, "does not fit its base .*model"),
        (made_for_another_architecture, "does not fit its base .*c_attn"),
        (lambda t, f, a: (a / WEIGHTS).write_bytes(b"\xff" * 500), "is corrupt.*Fetch it again"),
    ],
)
def test_an_adapter_that_does_not_fit_is_refused(tiny, folder, adapter, spoil, said):
    spoil(tiny, folder, adapter)
    with pytest.raises(TargetError, match=said) as raised:
        load(locate(str(adapter)), "cpu", "float32")
    assert "\n" not in str(raised.value)


def test_one_made_for_more_layers_is_refused(tiny, folder, adapter):
    config = json.loads((folder / "config.json").read_text())
    config |= {"num_hidden_layers": 1, "layer_types": config["layer_types"][:1]}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(TargetError, match=r"does not fit .*14 tensors have no counterpart.*layers\.1\."):
        load(locate(str(adapter)), "cpu", "float32")


def test_without_peft_it_says_what_to_install(adapter, monkeypatch):
    monkeypatch.setattr(room, "find_spec", lambda name: None)
    with pytest.raises(TargetError, match=r"pip install 'sordino\[remedy\]'"):
        locate(str(adapter))


# -- on the Hub ------------------------------------------------------------------------------------------


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Puts folders into a cache of the Hub that has no network."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.chdir(tmp_path)

    def put(folder, name, commit, *, main=True):
        repository = tmp_path / "hub" / f"models--org--{name}"
        shutil.copytree(folder, repository / "snapshots" / commit)
        (repository / "refs").mkdir(exist_ok=True)
        if main:
            (repository / "refs" / "main").write_text(commit)
        return repository / "snapshots" / commit

    return put


def test_the_hub_s_adapter_lies_on_the_revision_that_it_records(folder, adapter, hub):
    old = hub(folder, "base", COMMIT, main=False)
    shutil.rmtree(hub(folder, "base", OTHER) / "tokenizer.json", ignore_errors=True)
    edit(adapter / CONFIG, base_model_name_or_path="org/base", revision=COMMIT)
    hub(adapter, "lora", OTHER)
    located = locate("org/lora")
    assert (located.pinned, located.base.commit, located.base.folder) == (OTHER, COMMIT, old)
    assert located.commit not in (OTHER, COMMIT)
    backend = TransformersBackend("hf:org/lora", "lora", "org/lora", device="cpu", dtype="float32")
    assert backend.again()().identity == backend.identity
    assert load(located, "cpu", "float32")
    edit(adapter / CONFIG, revision=None)
    here = locate(str(adapter))
    assert (here.base.repository, here.base.commit) == ("org/base", OTHER)


def test_the_hub_s_adapter_with_its_maker_s_path_is_refused(adapter, hub):
    edit(adapter / CONFIG, base_model_name_or_path="/home/maker/models/base")
    hub(adapter, "lora", COMMIT)
    with pytest.raises(TargetError, match="names a folder of its maker's machine"):
        locate("org/lora")


def test_the_hub_s_pickled_adapter_is_refused(folder, adapter, hub, monkeypatch):
    monkeypatch.setattr("huggingface_hub.HfApi.file_exists", lambda *_, **__: False)
    hub(folder, "base", COMMIT)
    edit(adapter / CONFIG, base_model_name_or_path="org/base")
    pickled(folder, adapter)
    hub(adapter, "lora", COMMIT)
    with pytest.raises(TargetError, match="a pickle"):
        locate("org/lora").weights()
