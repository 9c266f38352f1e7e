"""The file of a sweep: what it says, and what it says when it cannot be read."""

from pathlib import Path

import pytest

from sordino.core.errors import SpecError
from sordino.wiring import sweep_file, sweeping
from sordino.wiring.settings import OPTIONS, AuditSettings

ATLAS = Path(__file__).parents[2] / "examples" / "atlas.jsonl"


@pytest.fixture
def read(tmp_path):
    """The audits that a text asks for."""

    def do(text):
        (tmp_path / "models.yaml").write_text(text, "utf-8")
        return sweep_file.read(tmp_path / "models.yaml")

    return do


def said(error, tmp_path):
    return str(error.value).replace(str(tmp_path / "models.yaml"), "models.yaml")


def test_targets_alone_and_settings_for_all(read):
    entries = read("pack: atlas\nlanguages: [en, fr]\nmodels:\n- organism:open\n- hf:./here\n")
    assert [entry.settings for entry in entries] == [
        AuditSettings(target, pack="atlas", languages=("en", "fr"))
        for target in ("organism:open", "hf:./here")
    ]
    assert [entry.name for entry in entries] == ["organism:open", "hf:./here"]
    assert entries[1].where.endswith("models.yaml:5: models.1")


def test_what_stands_in_an_entry_holds_for_it_alone_and_null_takes_back(read):
    a, b, c = read(
        "system: Be frank.\nmax_tokens: 100\nmodels:\n- organism:open\n"
        "- {target: organism:open, name: silent, max_tokens: 7}\n- {target: organism:mute-a, system: null}\n"
    )
    assert (a.settings.system, a.settings.max_tokens) == ("Be frank.", 100)
    assert (b.name, b.settings.system, b.settings.max_tokens) == ("silent", "Be frank.", 7)
    assert (c.settings.system, c.settings.max_tokens) == (None, 100)


def test_a_setting_for_all_counts_where_it_says_something(read):
    text = "temperature: 0.5\nsiblings: id\nconcurrency: 8\nmodels:\n- organism:open\n- replay:r.csv\n- openai:m@http://h/v1\n"
    organism, recording, served = (entry.settings for entry in read(text))
    assert organism == AuditSettings("organism:open", temperature=0.5)
    assert recording == AuditSettings("replay:r.csv", siblings="id")
    assert served == AuditSettings("openai:m@http://h/v1", temperature=0.5, concurrency=8)


def test_each_model_of_a_recording(read):
    text = f"pack: atlas\nmodels:\n- {{target: 'replay:{ATLAS}', models: all}}\n"
    entries = read(text)
    assert [entry.name for entry in entries] == ["example/open", "example/muted"]
    assert [entry.settings.model for entry in entries] == ["example/open", "example/muted"]
    named = read(text.replace("all", "[example/muted]").replace("models: [", "name: mine, models: ["))
    assert [(entry.name, entry.settings.model) for entry in named] == [
        ("mine: example/muted", "example/muted")
    ]


def test_a_recording_may_tell_its_columns_and_language(read):
    text = "models:\n- {target: 'replay:r.csv', model: m, columns: {question: q}, recording_language: fr}\n"
    (entry,) = read(text)
    assert entry.settings == AuditSettings(
        "replay:r.csv", model="m", columns={"question": "q"}, language="fr"
    )
    assert entry.name == "m"


def test_every_setting_of_an_audit_can_stand_there(read):
    of_models = set(sweep_file._Listed.model_fields) - {"target", "name", "models"}
    assert of_models == set(OPTIONS) - {"language"} | {"recording_language"}


TWO = "models:\n- organism:open\n- organism:mute-a\n"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ("the file is empty", "`models:`")),
        ("models: []\n", ("models.yaml:1: models: it is empty. Write at least one entry",)),
        ("pack: atlas\n", ("models.yaml:1: models: the key is missing",)),
        ("- organism:open\n", ("models.yaml:1: (the file): expected a mapping", "keys and values")),
        ("models: {a: b}\n", ("models.yaml:1: models: expected a list",)),
        ("models:\n- 7\n", ("models.yaml:2: models.0: expected a mapping", "found 7")),
        ("pakc: atlas\n" + TWO, ("models.yaml:1: pakc: There is no key 'pakc'. Did you mean 'pack'?",)),
        ("model: m\n" + TWO, ("models.yaml:1: model: There is no key 'model'. Did you mean 'models'?",)),
        (
            "models:\n- organism:open\n- target: organism:mute-a\n  max_tokns: 5\n",
            ("models.yaml:4: models.1.max_tokns: There is no key 'max_tokns'. Did you mean 'max_tokens'?",),
        ),
        ("models:\n- {name: x}\n", ("models.yaml:2: models.0.target: the key is missing",)),
        ("max_tokens: many\n" + TWO, ("models.yaml:1: max_tokens: expected a whole number, found 'many'",)),
        (
            "temperature: hot\n" + TWO,
            ("models.yaml:1: temperature: expected a number, found 'hot'. Write dig",),
        ),
        ("epoch: 2026\n" + TWO, ("models.yaml:1: epoch: expected text, found 2026. Put it in quotes",)),
        ("languages: en\n" + TWO, ("models.yaml:1: languages: expected a list, found 'en'. Write `[…]`",)),
        ("plain: 1\n" + TWO, ("models.yaml:1: plain: expected true or false",)),
        (
            "concurrency: 9\n" + TWO,
            ("models.yaml:1: concurrency: it says nothing to any of these targets.",),
        ),
        (
            TWO + "- organism:open\n",
            ("models.yaml:4: models.2: the audit of organism:open stands on line 2",),
        ),
        (
            TWO + "- {target: organism:open, max_tokens: 9}\n",
            ("models.yaml:4: models.2: the audit on line 2 is called 'organism:open' too", "`name`"),
        ),
        (
            TWO + "- {target: organism:open, models: all}\n",
            ("models.yaml:4: models.2.models: it is for rec",),
        ),
        (
            "models:\n- {target: replay:r.csv, models: some}\n",
            ("models.yaml:2: models.0.models: write `models: all`",),
        ),
        (
            "models:\n- {target: replay:r.csv, models: [a], model: b}\n",
            ("models.yaml:2: models.0.model: `models` names them",),
        ),
        (
            "models:\n- {target: 'replay:gone.csv', models: all}\n",
            ("models.yaml:2: models.0: ", "gone.csv"),
        ),
        ("models: *all\n", ("models.yaml:1: aliases",)),
        ("models:\n\t- organism:open\n", ("models.yaml:2",)),
    ],
)
def test_a_file_that_will_not_do(read, tmp_path, text, parts):
    with pytest.raises(SpecError) as error:
        read(text)
    assert [part for part in parts if part not in said(error, tmp_path)] == [], said(error, tmp_path)


def test_a_recording_that_names_no_model_has_no_all(read, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.csv").write_text("question,response\nWhat?,That.\n", "utf-8")
    with pytest.raises(SpecError, match=r"models\.0: r\.csv: no column holds the model"):
        read("models:\n- {target: 'replay:r.csv', models: all}\n")


def test_several_mistakes_are_told_together_and_a_missing_file_too(read, tmp_path):
    with pytest.raises(SpecError) as error:
        read("concurrency: 1\nsiblings: x\n" + TWO + "- organism:open\n")
    assert said(error, tmp_path).count("models.yaml:") == 3
    with pytest.raises(SpecError, match="cannot be read"):
        sweep_file.read(tmp_path / "gone.yaml")


def test_whatever_cannot_be_audited_is_said_before_any_is_asked(read, tmp_path):
    pytest.importorskip("transformers")
    store = tmp_path / "s.db"
    entries = read(
        "models:\n- organism:open\n- organism:mute\n- {target: organism:mute-a, templates: [protest]}\n"
        "- {target: organism:mute-d, max_tokens: 0}\n- {target: hf:./gone, pack: atlas}\n- nothing\n"
        "- {target: organism:open, name: again, max_tokens: 400}\n"
    )
    with pytest.raises(SpecError) as error:
        sweeping.plan(entries, store)
    lines = said(error, tmp_path).splitlines()
    assert [line.split(":")[1] for line in lines[:5]] == ["3", "4", "5", "6", "7"]
    assert lines[0].startswith("models.yaml:3: models.1: There is no organism 'mute'.")
    assert lines[-1].startswith("… and 1 more")
    assert not list(tmp_path.glob("s.db*"))


def test_a_file_is_told_of_keys_and_not_of_options(read, tmp_path):
    pytest.importorskip("transformers")
    entries = read(
        "models:\n- {target: organism:open, until: sure}\n- {target: organism:mute-a, samples: 2}\n"
        "- {target: 'hf:org/m'}\n"
    )
    with pytest.raises(SpecError) as error:
        sweeping.plan(entries, tmp_path / "s.db")
    lines = said(error, tmp_path).splitlines()
    assert lines[0].endswith("models.0: `until` 'sure': write `until` certain, or leave it out.")
    assert "models.1: `samples` 2 at temperature 0" in lines[1]
    assert "for example `temperature` 0.7, or leave `samples` out." in lines[1]
    assert "Say what with `pack`: a name" in lines[2]
    assert "--" not in "".join(lines)


def test_two_entries_that_come_to_the_same_audit(read, tmp_path):
    pytest.importorskip("transformers")
    entries = read("models:\n- organism:open\n- {target: organism:open, name: again, max_tokens: 400}\n")
    with pytest.raises(SpecError, match=r"models\.1: it is the same audit as 'organism:open'"):
        sweeping.plan(entries, tmp_path / "s.db")
