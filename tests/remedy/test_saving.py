"""Saved models: their original but for what was edited, whole or not there, and what is read back of them."""

import json
import resource
import shutil
import subprocess
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest
import torch
from huggingface_hub import constants
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from sordino.core.errors import SpecError, TargetError
from sordino.generation.transformers import TransformersBackend
from sordino.modeling.architectures import writers_of
from sordino.modeling.hooks import run
from sordino.modeling.load import load
from sordino.modeling.locate import Located, locate
from sordino.remedy import memory, sums
from sordino.remedy.saving import on_disk, write_adapter, write_model
from sordino.remedy.staging import staged

TESTS = Path(__file__).parents[1]
tiny = SimpleNamespace(**run_path(str(TESTS / "tiny_model.py")))
architectures = SimpleNamespace(**run_path(str(TESTS / "modeling" / "tiny_architectures.py")))
EVERY = pytest.mark.parametrize("model_type", list(architectures.CONFIGS))
NAME = "model.layers.1.mlp.down_proj.weight"


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def source(tmp_path):
    return tiny.random_model(tmp_path / "source", dtype=torch.bfloat16)


def opened(folder, dtype="float32"):
    located = locate(str(folder))
    return load(located, "cpu", dtype), located


def edit(model, layer=1):
    """Takes directions out of what one layer writes; returns the names of its tensors."""
    found = [writer for writer in writers_of(model) if writer.layer == layer]
    for writer in found:
        writer.ablate(architectures.directions(), 1.0)
    return [writer.name for writer in found]


def save(model, located, folder):
    """A whole model in a new folder."""
    with staged(folder) as beside:
        return write_model(model, located, beside)


def save_adapter(model, located, folder):
    with staged(folder) as beside:
        write_adapter(model, located, beside, folder)


@torch.no_grad()
def apart(model, folder):
    """The largest difference of a logit from what is read back in the model's number format."""
    located = locate(str(folder))
    again = load(located, "cpu", str(model.dtype).removeprefix("torch."))
    batch = dict(located.tokenizer("What happened? 发生了什么？", return_tensors="pt"))
    return float((run(model, batch).float() - run(again, batch).float()).abs().max())


def numbers(folder):
    return {name: value for path in folder.glob("*.safetensors") for name, value in load_file(path).items()}


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_only_what_was_edited_differs(source, tmp_path, dtype):
    model, located = opened(source, dtype)
    names = edit(model)
    changed = save(model, located, tmp_path / "edited")
    before, after = numbers(source), numbers(tmp_path / "edited")
    assert set(changed) == set(names)
    assert before.keys() == after.keys()
    for name, value in after.items():
        assert value.dtype == torch.bfloat16
        assert value.equal(before[name]) == (name not in names)
    for path in source.iterdir():
        if path.suffix != ".safetensors":
            assert (tmp_path / "edited" / path.name).read_bytes() == path.read_bytes()
    assert torch.equal(after[NAME], model.state_dict()[NAME].bfloat16())
    assert changed[NAME] == (model.state_dict()[NAME] != before[NAME].to(model.dtype)).sum()


def test_it_is_read_back_as_it_was(source, tmp_path):
    model, located = opened(source, "bfloat16")
    save(model, located, tmp_path / "same")
    assert apart(model, tmp_path / "same") == 0
    edit(model)
    assert apart(model, tmp_path / "same") > 0.1
    save(model, located, tmp_path / "edited")
    assert apart(model, tmp_path / "edited") == 0
    longer, _ = opened(tmp_path / "same")
    edit(longer)
    rounding = apart(longer, tmp_path / "edited")
    assert 0 < rounding < apart(longer, tmp_path / "same") / 10


def test_the_edit_twice_gives_the_same_files(source, tmp_path):
    for place in ("one", "two"):
        model, located = opened(source)
        edit(model)
        save(model, located, tmp_path / place)
    one, two = (sums.write(tmp_path / place).read_text() for place in ("one", "two"))
    assert one == two


@EVERY
def test_every_architecture_keeps_the_names_it_is_stored_under(model_type, tmp_path):
    folder = tmp_path / "source"
    architectures.built(model_type, dtype=torch.bfloat16).save_pretrained(folder, max_shard_size="20KB")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    edit(model)
    (tmp_path / "edited").mkdir()
    located = Located(str(folder), folder, None, model.config, None, None, ())
    changed = write_model(model, located, tmp_path / "edited")
    assert sorted(p.name for p in tmp_path.joinpath("edited").iterdir()) == sorted(
        p.name for p in folder.iterdir()
    )
    assert len(list(folder.glob("*.safetensors"))) > 1
    before, after = numbers(folder), numbers(tmp_path / "edited")
    assert {name for name in before if not before[name].equal(after[name])} == set(changed)
    assert changed
    assert all(".1." in name for name in changed)
    again = AutoModelForCausalLM.from_pretrained(tmp_path / "edited", dtype=torch.float32).eval()
    batch = architectures.prompts()
    with torch.no_grad():
        for weights in model.parameters():
            weights.copy_(weights.bfloat16())
    assert run(again, batch).equal(run(model, batch))


def test_tied_matrices_are_stored_once(tmp_path):
    folder = tmp_path / "source"
    config = {**architectures.COMMON, "tie_word_embeddings": True}
    made = architectures.AutoModelForCausalLM.from_config(
        architectures.AutoConfig.for_model("qwen2", **config)
    )
    made.save_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder)
    with torch.no_grad():
        model.lm_head.weight[0] += 1
    (tmp_path / "edited").mkdir()
    located = Located(str(folder), folder, None, model.config, None, None, ())
    changed = write_model(model, located, tmp_path / "edited")
    assert changed == {"model.embed_tokens.weight": architectures.WIDTH}
    assert "lm_head.weight" not in numbers(tmp_path / "edited")


def test_the_sums_are_those_of_sha256sum(source, tmp_path):
    model, located = opened(source)
    save(model, located, tmp_path / "edited")
    sums.write(tmp_path / "edited")
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", sums.NAME],
        cwd=tmp_path / "edited",
        capture_output=True,
        text=True,
        check=True,
    )
    listed = sums.verified(tmp_path / "edited")
    assert len(done.stdout.splitlines()) == len(listed) == len(list((tmp_path / "edited").iterdir())) - 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("0" * 64 + "  config.json", "is not what SHA256SUMS says"),
        ("0" * 64 + "  gone.json", "is not what SHA256SUMS says"),
        ("0" * 64 + "  ../outside", "no file of its folder"),
        ("0" * 64 + "  /etc/hostname", "no file of its folder"),
        ("0" * 64 + "  linked", "no file of its folder"),
        ("nonsense", "no file of its folder"),
    ],
)
def test_what_differs_from_its_sum_is_named(tmp_path, line, said):
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "outside").write_text("secret")
    (folder / "config.json").write_text("{}")
    (folder / "linked").symlink_to(tmp_path / "outside")
    (folder / sums.NAME).write_text(line + "\n")
    with pytest.raises(TargetError, match=said):
        sums.verified(folder)


# -- what is refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_refused_by_name(source, tmp_path, value):
    model, located = opened(source)
    with torch.no_grad():
        model.get_parameter(NAME)[0, 0] = value
    with pytest.raises(TargetError, match=f"{NAME} holds NaN or infinity after the edit. Nothing"):
        save(model, located, tmp_path / "edited")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_numbers_too_large_for_the_stored_format_are_refused(tmp_path):
    folder = tiny.random_model(tmp_path / "source", dtype=torch.float16)
    model, located = opened(folder)
    with torch.no_grad():
        model.get_parameter(NAME)[0, 0] = 70_000
    with pytest.raises(TargetError, match="too large for float16"):
        save(model, located, tmp_path / "edited")


def test_another_model_is_refused(source, tmp_path):
    _, located = opened(source)
    wider = architectures.built("qwen2")
    with pytest.raises(TargetError, match=r"is stored as \(.*another model"):
        save(wider, located, tmp_path / "edited")
    model, _ = opened(source)
    model.extra = torch.nn.Linear(2, 2)
    with pytest.raises(TargetError, match=r"stores no extra\.bias"):
        save(model, located, tmp_path / "edited")


@pytest.mark.parametrize("there", ["folder", "file", "link"])
def test_what_exists_is_not_overwritten(tmp_path, there):
    place = tmp_path / "edited"
    if there == "folder":
        place.mkdir()
    elif there == "file":
        place.write_text("mine")
    else:
        place.symlink_to(tmp_path / "nowhere")
    with pytest.raises(SpecError, match="exists, and nothing is overwritten"), staged(place):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["edited"]


def test_a_folder_that_appears_meanwhile_is_kept(tmp_path):
    def both():
        with staged(tmp_path / "new") as beside:
            (beside / "ours").touch()
            (tmp_path / "new").mkdir()

    with pytest.raises(SpecError, match="exists"):
        both()
    assert not any((tmp_path / "new").iterdir())
    assert len(list(tmp_path.iterdir())) == 1


def test_an_interruption_leaves_nothing(tmp_path):
    def interrupted():
        with staged(tmp_path / "deep" / "new") as beside:
            (beside / "half").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not any((tmp_path / "deep").iterdir())


def test_a_place_where_nothing_can_be_made_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SpecError, match="cannot be written"), staged(tmp_path / "file" / "new"):
        pass


def test_a_disk_that_fills_up_meanwhile_leaves_nothing(source, tmp_path):
    model, located = opened(source)
    (tmp_path / "candidate").mkdir()

    def candidate():
        with on_disk(tmp_path / "candidate"):
            write_model(model, located, tmp_path / "candidate")

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(SpecError, match=r"edited cannot be written \(.*File too large.*Make room"):
            save(model, located, tmp_path / "edited")
        with pytest.raises(TargetError, match=r"candidate cannot be written \(.*File too large.*goes on"):
            candidate()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_a_folder_is_made_as_others_are(tmp_path):
    (tmp_path / "plain").mkdir()
    (tmp_path / "file").touch()
    model, located = opened(tiny.random_model(tmp_path / "source"))
    save(model, located, tmp_path / "new")
    save_adapter(on(model), located, tmp_path / "adapter")
    for place in ("new", "adapter"):
        assert (tmp_path / place).stat().st_mode == (tmp_path / "plain").stat().st_mode
        modes = {path.stat().st_mode for path in (tmp_path / place).iterdir()}
        assert modes == {(tmp_path / "file").stat().st_mode}


def test_a_disk_that_is_too_small_is_said_with_figures(source, tmp_path, monkeypatch):
    monkeypatch.setattr(memory.shutil, "disk_usage", lambda path: SimpleNamespace(free=3_000_000))
    _, located = opened(source)
    with pytest.raises(
        TargetError,
        match=r"does not fit here: it needs about 0\.1 GB on the disk of .*where 0\.0 GB are free",
    ) as raised:
        memory.require_room(located, "cpu", "float32", tmp_path / "a" / "b")
    assert str(tmp_path) in str(raised.value)


def test_a_machine_that_is_too_small_is_said_in_one_message(source, tmp_path, monkeypatch):
    _, located = opened(source)
    memory.require_room(located, "cpu", "float32", tmp_path / "edited")
    three = memory.BESIDE + 3 * (source / "model.safetensors").stat().st_size
    monkeypatch.setattr(memory.shutil, "disk_usage", lambda path: SimpleNamespace(free=three))
    memory.require_room(located, "cpu", "float32", tmp_path / "edited")
    monkeypatch.setattr(memory.shutil, "disk_usage", lambda path: SimpleNamespace(free=three - 1))
    with pytest.raises(TargetError, match="on the disk"):
        memory.require_room(located, "cpu", "float32", tmp_path / "edited")
    monkeypatch.setattr(memory.shutil, "disk_usage", lambda path: SimpleNamespace(free=three))
    whole = memory.footprint.of_weights(located, "float32")
    monkeypatch.setattr(memory.hardware, "memory_of", lambda device: 2 * whole)
    memory.require_room(located, "cpu", "float32", tmp_path / "edited")
    monkeypatch.setattr(memory.hardware, "memory_of", lambda device: 2 * whole - 1)
    with pytest.raises(TargetError, match=r"in float32, 2 times.*smaller model or number format"):
        memory.require_room(located, "cpu", "float32", tmp_path / "edited")
    monkeypatch.setattr(memory.shutil, "disk_usage", lambda path: SimpleNamespace(free=0))
    with pytest.raises(TargetError, match=r"of memory .*; it needs about .* on the disk") as raised:
        memory.require_room(located, "cpu", "float32", tmp_path / "edited")
    assert "\n" not in str(raised.value)


# -- adapters ----------------------------------------------------------------------------------------------


def on(model):
    torch.manual_seed(1)
    config = LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM")
    made = get_peft_model(model, config).eval()
    for name, weights in made.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights, std=0.2)
    return made


def test_an_adapter_opens_on_its_base(source, tmp_path):
    model, located = opened(source)
    made = on(model)
    save_adapter(made, located, tmp_path / "results" / "adapter")
    place = tmp_path / "results" / "adapter"
    assert sorted(p.name for p in place.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]
    assert (
        json.loads((place / "adapter_config.json").read_text())["base_model_name_or_path"] == "../../source"
    )
    assert 0 <= apart(made, place) < 1e-3
    shutil.copytree(tmp_path / "source", tmp_path / "elsewhere" / "source")
    shutil.copytree(tmp_path / "results", tmp_path / "elsewhere" / "results")
    assert locate(str(tmp_path / "elsewhere" / "results" / "adapter")).base.folder.is_relative_to(
        tmp_path / "elsewhere"
    )


def test_an_adapter_s_base_may_be_the_hub_s(source, tmp_path, monkeypatch):
    commit = "0123456789abcdef0123456789abcdef01234567"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    cached = tmp_path / "hub" / "models--org--base"
    shutil.copytree(source, cached / "snapshots" / commit)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(commit)
    located = locate("org/base")
    save_adapter(on(load(located, "cpu", "float32")), located, tmp_path / "adapter")
    config = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())
    assert (config["base_model_name_or_path"], config["revision"]) == ("org/base", commit)
    assert locate(str(tmp_path / "adapter")).base.commit == commit


def test_an_adapter_that_holds_no_numbers_is_refused(source, tmp_path):
    model, located = opened(source)
    made = on(model)
    name, weights = next((n, w) for n, w in made.named_parameters() if "lora_B" in n)
    weights.data[0, 0] = float("nan")
    with pytest.raises(TargetError, match=name.partition(".default")[0]):
        save_adapter(made, located, tmp_path / "adapter")
    assert not (tmp_path / "adapter").exists()


def test_on_an_adapter_the_whole_is_saved(source, tmp_path):
    model, located = opened(source)
    save_adapter(on(model), located, tmp_path / "first")
    (tmp_path / "first" / "chat_template.jinja").write_text(tiny.TEMPLATE + "{# its own #}")
    merged, first = opened(tmp_path / "first")
    with pytest.raises(SpecError, match="save the whole model"):
        save_adapter(on(merged), first, tmp_path / "second")
    merged, first = opened(tmp_path / "first")
    changed = save(merged, first, tmp_path / "second")
    assert len(changed) == 14
    assert "its own" in locate(str(tmp_path / "second")).chat_template
    assert not (tmp_path / "second" / "adapter_config.json").exists()
    assert apart(merged, tmp_path / "second") < 0.5
    backend = TransformersBackend("hf:x", "x", str(tmp_path / "second"), device="cpu", dtype="float32")
    assert backend.identity.revision


def test_a_stored_tensor_that_the_model_lacks_is_kept(source, tmp_path):
    path = source / "model.safetensors"
    save_file({**load_file(path), "mtp.weight": torch.ones(2)}, path, {"format": "pt"})
    model, located = opened(source)
    save(model, located, tmp_path / "edited")
    assert numbers(tmp_path / "edited")["mtp.weight"].equal(torch.ones(2))
