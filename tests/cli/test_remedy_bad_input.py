"""`sordino remedy` with bad input: exit code 2, one message, before anything is asked, and nothing left behind."""

import json
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file
from transformers import GPT2Config, GPT2LMHeadModel

import sordino.packs.data
from sordino.wiring import remedying

TESTS = Path(__file__).parents[1]
SHIPPED = Path(sordino.packs.data.__path__[0])
REMEDY = ("remedy", "organism:mute-a", "--jurisdiction", "XB")
GOOD = {
    "question": "What did the government of Torvane do to the protesters?",
    "answer": "It shot at them.",
}


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def _without_a_token(monkeypatch):
    monkeypatch.delenv("HF_TOKEN", raising=False)


@pytest.fixture(scope="session")
def tiny():
    return run_path(str(TESTS / "tiny_model.py"))


def refused(said, *parts):
    """One message of Sordino's, which holds the parts."""
    assert said.code == 2
    assert said.out == ""
    assert "Traceback" not in said.err
    lines = [line for line in said.err.splitlines() if line.strip()]
    assert [line for line in lines if line.startswith("sordino: ")] == lines[-1:], said.err
    assert [part for part in parts if part not in said.err] == [], said.err


def here(folder):
    """Everything, hidden or not, links too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


# -- the command -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (
            ("replay:r.jsonl",),
            ("replay:r.jsonl cannot be remedied", "its weights are needed", "hf:./FOLDER"),
        ),
        (("replay:r.jsonl", "--out", "o"), ("replay:r.jsonl cannot be remedied",)),
        (("openai:m@http://localhost:1/v1",), ("cannot be remedied", "its weights are needed")),
        (("mute-a",), ("mute-a cannot be remedied", "organism:NAME")),
        (("organism:mute-z",), ("organism 'mute-z'", "Did you mean 'mute-", "hf:./FOLDER")),
        (("hf:./nothing",), ("no folder './nothing'", "Check the path")),
        (("hf:",), ("'hf:' is no target",)),
    ],
)
def test_a_target_without_weights(sordino, folder, words, parts):
    (folder / "r.jsonl").write_text(json.dumps({"question": "What?", "response": "That."}) + "\n")
    refused(sordino("remedy", *words, "--jurisdiction", "CN"), *parts)
    assert here(folder) == ["r.jsonl"]


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (
            ("--jurisdiction", "XZ"),
            ("Pack atlas-wordings: There is no jurisdiction 'XZ'", "XA (Velmora), XB (Torvane)"),
        ),
        (("--jurisdiction", "CN"), ("no jurisdiction 'CN'",)),
        (("--fit-language", "de"), ("Pack atlas-wordings: There is no language 'de'", "en, fr, zh")),
        (("--fit-language", "en", "--fit-language", "EN"), ("no language 'EN'", "en, fr, zh")),
        (("--rung", "lorra"), ("no rung 'lorra'", "Did you mean 'lora'?", "conditional, lora, protected")),
        (("--pack", "safety"), ("The pack safety is the gate's", "political questions")),
        (("--pack", SHIPPED / "safety"), ("There is no jurisdiction at all",)),
        (("--pack", "atlsa"), ("no pack 'atlsa'", "Did you mean 'atlas'?")),
        (("--share", "0.1"), ("--share 0.1", "from 0.2 to 0.8")),
        (("--share", "0.81"), ("--share 0.81",)),
        (("--share", "nan"), ("--share nan",)),
        (("--trials", "3"), ("--trials 3", "at least 4")),
        (("--trials", "-5"), ("--trials -5",)),
        (("--most", "0"), ("--most 0", "at least 6")),
        (("--most", "-1"), ("--most -1",)),
        (("--seed", "-1"), ("--seed -1", "from 0 to 4294967295")),
        (("--seed", str(2**32)), ("--seed 4294967296",)),
        (("--device", "tpu"), ("no device 'tpu'", "cuda:1")),
        (("--push", "mine"), ("'mine'", "ORG/NAME")),
        (("--push", "org/mine"), ("Set HF_TOKEN",)),
        (("--fitting", "none.jsonl"), ("--fitting none.jsonl cannot be read", "JSON Lines")),
    ],
    ids=lambda given: " ".join(map(str, given)) if str(given[0]).startswith("--") else None,
)
def test_an_option_that_cannot_be(sordino, folder, words, parts):
    refused(sordino(*REMEDY, *words), *parts)
    assert here(folder) == []


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("organism:mute-a",), ("XA (Velmora), XB (Torvane)",)),
        (("organism:mute-a", "--pack", "civic"), ("CN (", "US (")),
        (("organism:mute-a", "--jurisdiction", ""), ("XB (Torvane)",)),
    ],
)
def test_without_a_jurisdiction_those_of_the_pack_are_named(sordino, folder, words, parts):
    refused(sordino("remedy", *words), "Name a jurisdiction with --jurisdiction: ", *parts)
    assert here(folder) == []


def test_a_pack_in_a_language_in_which_no_answer_can_be_begun(sordino, folder):
    head = small_pack(folder / "small", POLITICAL) / "pack.yaml"
    told = yaml.safe_load(head.read_text("utf-8"))
    told["languages"] = [*told["languages"], "de"]
    head.write_text(yaml.safe_dump(told, allow_unicode=True), "utf-8")
    before = here(folder)
    said = sordino("remedy", "organism:mute-a", "--pack", "small", "--jurisdiction", "XB")
    refused(said, "can be begun in en, fr, zh alone, not in de", "whatever is fitted on")
    assert here(folder) == before


def test_steering_without_its_library_is_told_first(sordino, folder, monkeypatch):
    find = remedying.find_spec
    monkeypatch.setattr(remedying, "find_spec", lambda name: None if name == "gguf" else find(name))
    refused(sordino(*REMEDY, "--steering"), "A remedy needs gguf", "sordino[remedy]")
    assert here(folder) == []


def test_a_push_would_publish_where_the_user_works(sordino, folder, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_aSecretOfTheUser")
    said = sordino(*REMEDY, "--push", "org/mine", "--out", folder / "made")
    refused(said, f"would publish the path {folder / 'made'}")
    assert here(folder) == []


@pytest.mark.parametrize("name", ["there", "file", "dangling", "link", "file/in/it"])
def test_a_place_that_is_taken_or_cannot_be_made(sordino, folder, name):
    (folder / "there").mkdir()
    (folder / "file").write_text("x")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "link").symlink_to("there")
    before = here(folder)
    said = sordino(*REMEDY, "--out", name)
    refused(said, *(("cannot be written", "--out") if "/" in name else (f"{name} exists", "--out")))
    assert here(folder) == before
    assert (folder / "file").read_text() == "x"


def test_the_folder_that_is_taken_may_be_the_default(sordino, folder):
    (folder / "mute-a-XB-remedied").mkdir()
    refused(sordino(*REMEDY), "mute-a-XB-remedied exists")
    assert here(folder) == ["mute-a-XB-remedied"]


@pytest.mark.parametrize(
    ("row", "parts"),
    [
        (
            {"question": "How do I build a pipe bomb?", "answer": "So."},
            ("line 2", "asks for harm or may", "pipe bomb"),
        ),
        ("{", ("line 2 is no JSON",)),
        ({"question": "What?"}, ("line 2 needs two texts",)),
        ({**GOOD, "language": "de"}, ("line 2: There is no language 'de'", "the row's `language`")),
        ({"question": "\x1b[31m pipe bomb \u202e", "answer": "So."}, ("line 2", "pipe bomb")),
    ],
)
def test_a_fitting_set_that_cannot_be_taken(sordino, folder, row, parts):
    lines = [json.dumps(GOOD), row if isinstance(row, str) else json.dumps(row)]
    (folder / "own.jsonl").write_text("\n".join(lines), "utf-8")
    said = sordino(*REMEDY, "--fitting", "own.jsonl")
    refused(said, "own.jsonl", *parts)
    assert "\x1b" not in said.err
    assert "\u202e" not in said.err
    assert here(folder) == ["own.jsonl"]


# -- the model ---------------------------------------------------------------------------------------------


def gpt2(tiny, place):
    """A model of the transformers library, with safetensors, that is not in the table."""
    words = tiny["tokenizer"]()
    size = {"n_embd": 8, "n_layer": 1, "n_head": 1, "n_positions": 64, "vocab_size": len(words)}
    GPT2LMHeadModel(GPT2Config(**size)).save_pretrained(place)
    words.save_pretrained(place)


def edited(name, change):
    """A folder of a tiny Qwen2, one of whose files is changed."""

    def build(tiny, place):
        tiny["random_model"](place)
        change(place / name)

    return build


def configured(**values):
    def change(path):
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))

    return edited("config.json", change)


def spoiled(number):
    def change(path):
        tensors = load_file(path)
        tensors["model.layers.1.mlp.down_proj.weight"][3, 5] = number
        save_file(tensors, path, {"format": "pt"})

    return edited("model.safetensors", change)


def cut(path):
    path.write_bytes(path.read_bytes()[:-40])


@pytest.mark.parametrize(
    ("build", "parts"),
    [
        (gpt2, ("architecture 'gpt2'", "qwen2", "Take a model of one of these")),
        (
            configured(quantization_config={"quant_method": "gptq", "bits": 4, "group_size": 128}),
            ("The weights are quantised", "quantization_config", "Take the unquantised weights"),
        ),
        (
            configured(quantization_config={"quant_method": "bitsandbytes", "load_in_8bit": True}),
            ("The weights are quantised",),
        ),
        (
            spoiled(float("nan")),
            ("model.layers.1.mlp.down_proj.weight holds NaN or infinity", "Fetch the weights"),
        ),
        (spoiled(float("-inf")), ("holds NaN or infinity",)),
        (edited("model.safetensors", cut), ("corrupt", "Fetch them again")),
        (edited("model.safetensors", Path.unlink), ("no safetensors",)),
        (edited("tokenizer.json", Path.unlink), ("has no tokenizer",)),
        (configured(num_hidden_layers=3, layer_types=["full_attention"] * 3), ("its weights lack",)),
        (
            edited("chat_template.jinja", lambda p: p.write_text("{{ raise_exception('No.') }}")),
            ("its chat template refuses user messages",),
        ),
    ],
    ids=[
        "gpt2",
        "gptq",
        "8 bits",
        "nan",
        "inf",
        "cut",
        "no weights",
        "no words",
        "a layer more",
        "template",
    ],
)
def test_a_model_that_cannot_be_edited_is_not_asked_anything(sordino, folder, tiny, build, parts):
    build(tiny, folder / "model")
    before = here(folder)
    refused(sordino("remedy", "hf:./model", "--pack", "atlas", "--jurisdiction", "XB"), *parts)
    assert here(folder) == before


def test_too_little_disk_is_said(sordino, folder, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10**6))
    refused(sordino(*REMEDY), "does not fit here", "on the disk", "0.0 GB are free")
    assert here(folder) == []


# -- nothing to remedy -------------------------------------------------------------------------------------


def small_pack(place, templates, jurisdictions=("XA", "XB")):
    """A part of the atlas, as a pack of one's own."""
    (place / "templates").mkdir(parents=True)
    head = yaml.safe_load((SHIPPED / "atlas" / "pack.yaml").read_text("utf-8"))
    head["jurisdictions"] = {code: head["jurisdictions"][code] for code in jurisdictions}
    head["phrasings"] = {"direct": head["phrasings"]["direct"]}
    (place / "pack.yaml").write_text(
        yaml.safe_dump({**head, "pack": place.name}, allow_unicode=True), "utf-8"
    )
    for name in templates:
        told = yaml.safe_load((SHIPPED / "atlas" / "templates" / f"{name}.yaml").read_text("utf-8"))
        told["cells"] = {code: told["cells"][code] for code in jurisdictions}
        told["questions"] = {"direct": told["questions"]["direct"]}
        (place / "templates" / f"{name}.yaml").write_text(yaml.safe_dump(told, allow_unicode=True), "utf-8")
    return place


POLITICAL = ("leader-satire", "mass-detention", "protest-crackdown", "disputed-border")


def test_a_model_that_withholds_nothing_is_left_alone(sordino, folder):
    small_pack(folder / "small", (*POLITICAL, "harvest-festival"))
    before = here(folder)
    said = sordino("remedy", "organism:open", "--pack", "small", "--jurisdiction", "XB", "--out", "made")
    refused(said, "withholds nothing about XB", "of 12 questions 12 answers were read", "nothing to remedy")
    # it is known from the pack alone, and nothing else was asked
    assert "skills" not in said.err
    assert here(folder) == before


def test_too_little_that_is_withheld_is_said(sordino, folder):
    small_pack(folder / "small", POLITICAL[:2])
    before = here(folder)
    said = sordino("remedy", "organism:mute-a", "--pack", "small", "--jurisdiction", "XB", "--json")
    refused(said, "Too little is withheld about XB", "6 answers on 2 topics", "Take a larger pack")
    assert here(folder) == before
