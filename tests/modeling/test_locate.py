"""Finding models: what is read, and what is said of folders that are none."""

import json
import re
import shutil

import pytest
from transformers import AutoModelForCausalLM

from sordino.core.errors import TargetError
from sordino.modeling import locate as room
from sordino.modeling.locate import INDEX, WEIGHTS, locate


def edit(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def sharded(tiny, folder):
    AutoModelForCausalLM.from_pretrained(folder).save_pretrained(folder, max_shard_size="20KB")
    (folder / WEIGHTS).unlink(missing_ok=True)
    assert len(list(folder.glob("*.safetensors"))) > 1


def test_a_folder_is_read(tiny, folder):
    located = locate(str(folder))
    assert located.chat_template == tiny.TEMPLATE
    assert located.context == 256
    assert located.ends == (tiny.tokenizer().eos_token_id,)
    assert located.weights() == [folder / WEIGHTS]


def test_the_commit_is_that_of_what_decides(tiny, folder, tmp_path):
    before = locate(str(folder)).commit
    assert re.fullmatch("[0-9a-f]{32}", before)
    (folder / "README.md").write_text("Well.")
    shutil.copytree(folder, tmp_path / "elsewhere")
    assert locate(str(tmp_path / "elsewhere")).commit == before
    seen = {before}
    for name in ("config.json", "generation_config.json", "tokenizer_config.json"):
        edit(folder / name, note="changed")
        seen.add(locate(str(folder)).commit)
    (folder / "chat_template.jinja").write_text("{{ messages[0].content }}")
    seen.add(locate(str(folder)).commit)
    weights = bytearray((folder / WEIGHTS).read_bytes())
    weights[-1] ^= 1
    (folder / WEIGHTS).write_bytes(weights)
    seen.add(locate(str(folder)).commit)
    assert len(seen) == 6


def test_every_shard_counts(tiny, folder):
    sharded(tiny, folder)
    located = locate(str(folder))
    before = located.commit
    last = located.weights()[-1]
    last.write_bytes(last.read_bytes() + b" ")
    assert locate(str(folder)).commit != before


def test_where_whole_and_sharded_weights_lie_together_the_whole_ones_are_loaded_and_count(tiny, folder):
    whole = (folder / WEIGHTS).read_bytes()
    sharded(tiny, folder)
    (folder / WEIGHTS).write_bytes(whole)
    before = locate(str(folder))
    assert before.weights() == [folder / WEIGHTS]
    seen = before.commit
    (folder / WEIGHTS).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert locate(str(folder)).commit != seen


@pytest.mark.parametrize(
    ("after", "ends"),
    [
        ("<|im_end|>\n", {"<|endoftext|>", "<|im_end|>"}),
        ("\n", {"<|endoftext|>"}),
        (" done", {"<|endoftext|>"}),
    ],
)
def test_what_the_template_ends_an_answer_with_is_an_end(tiny, folder, after, ends):
    words = tiny.tokenizer(
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}" + after + "{% endfor %}"
    )
    words.eos_token = "<|endoftext|>"
    words.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    words.save_pretrained(folder)
    for name in ("config.json", "generation_config.json"):
        edit(folder / name, eos_token_id=words.eos_token_id)
    assert locate(str(folder)).ends == tuple(sorted(words.convert_tokens_to_ids(list(ends))))


@pytest.mark.parametrize("name", ["./" + "x" * 5000, "x" * 5000])
def test_a_path_that_cannot_be_opened_is_said_to_be_so(name):
    with pytest.raises(TargetError, match=r"cannot be opened.*Check the path"):
        locate(name)


def test_a_folder_that_may_not_be_read_is_said_to_be_so(folder, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(folder), "iterdir", refuse)
    with pytest.raises(TargetError, match=r"cannot be opened.*Permission denied"):
        locate(str(folder))


def test_weights_that_may_not_be_read_are_said_to_be_so(folder, monkeypatch):
    located = locate(str(folder))

    def refuse(path, *_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(folder), "open", refuse)
    with pytest.raises(TargetError, match=r"cannot be read.*Permission denied"):
        located.commit  # noqa: B018


def pickled(tiny, folder):
    (folder / WEIGHTS).rename(folder / "pytorch_model.bin")


def without_shard(tiny, folder):
    sharded(tiny, folder)
    sorted(folder.glob("model-*.safetensors"))[1].unlink()


def index_of_nothing(tiny, folder):
    (folder / WEIGHTS).unlink()
    (folder / INDEX).write_text("{}")


def index_to_elsewhere(tiny, folder):
    (folder / WEIGHTS).unlink()
    (folder / INDEX).write_text(json.dumps({"weight_map": {"a": "../model.safetensors"}}))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda t, f: shutil.rmtree(f), "There is no folder"),
        (lambda t, f: (f / "config.json").unlink(), "has no config.json"),
        (lambda t, f: (f / "config.json").write_text("{"), "config.json cannot be read"),
        (lambda t, f: (f / "config.json").write_text("[]"), "config.json holds no object"),
        (lambda t, f: edit(f / "config.json", hidden_size="wide"), "config.json cannot be used"),
        (
            lambda t, f: edit(f / "config.json", model_type="parrot"),
            "does not know the architecture 'parrot'",
        ),
        (
            lambda t, f: edit(
                f / "config.json", model_type="parrot", auto_map={"AutoConfig": "evil.Config"}
            ),
            "code that comes with a model is not run",
        ),
        (lambda t, f: edit(f / "config.json", model_type="t5"), "'t5' is no causal language model"),
        (lambda t, f: (f / "adapter_config.json").write_text("{}"), "is an adapter.*Merge"),
        (lambda t, f: (f / WEIGHTS).unlink(), "holds no safetensors"),
        (pickled, "only pytorch_model.bin, a pickle.*Convert it.*save_pretrained"),
        (without_shard, "1 of .* files .* are missing, the first being model-00002"),
        (index_to_elsewhere, "must list files of its own folder"),
        (index_of_nothing, "must list files of its own folder"),
        (lambda t, f: (f / "tokenizer.json").unlink(), "has no tokenizer"),
        (lambda t, f: (f / "tokenizer.json").write_text("{"), "its tokenizer cannot be read"),
    ],
)
def test_what_is_wrong_is_said_with_its_mend(tiny, folder, spoil, said):
    spoil(tiny, folder)
    with pytest.raises(TargetError, match=said) as raised:
        locate(str(folder))
    assert "model" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_and_a_revision_of_a_folder_are_refused(folder):
    with pytest.raises(TargetError, match="is a file"):
        locate(str(folder / "config.json"))
    with pytest.raises(TargetError, match="is a folder and has no revision 'main'"):
        locate(str(folder), "main")


def test_without_the_libraries_it_says_which_to_install(folder, monkeypatch):
    monkeypatch.setattr(room, "find_spec", lambda name: None)
    with pytest.raises(TargetError, match=r"pip install 'sordino\[local\]'"):
        locate(str(folder))
