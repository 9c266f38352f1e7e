"""`sordino remedy review` and `sign`: what people read is what was answered, and what they say is told as it is."""

import csv
import json
import re
import shlex
import shutil
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest

from sordino.core.errors import TargetError
from sordino.remedy import pushing, record, signoff, sums
from sordino.remedy.signoff import Said
from sordino.reporting import remedy_signed, remedy_words
from sordino.reporting.remedy_sentence import CARRIED
from sordino.reporting.text import cell
from sordino.wiring import remedying
from sordino.wiring.remedy_folder import CARD, COMPARISON, RECORD, STORE, RemedyFolder
from sordino.wiring.remedy_folder import PAGE as PAGE_FILE
from sordino.wiring.remedy_review_file import COLUMNS, GUIDE

ROOT = Path(__file__).parents[2]
MADE = SimpleNamespace(**run_path(str(ROOT / "tests" / "remedied.py")))
HELD_OUT = MADE.HELD_OUT


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    return MADE.folder(tmp_path_factory.mktemp("remedied") / "out")


@pytest.fixture
def out(made, folder):
    """A copy of it, in the folder that a test runs in."""
    shutil.copytree(made, folder / "out")
    return folder / "out"


def table(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def fill(source, target, say, newline="\n"):
    """The file as a person fills it in: `say` changes a row, given with its number."""
    rows = table(source)
    for number, row in enumerate(rows):
        say(row, number)
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator=newline)
        writer.writeheader()
        writer.writerows(rows)
    return rows


def mark(accurate="yes", fair="yes", note=""):
    return lambda row, _number: row.update(accurate=accurate, fair=fair, note=note)


def done(said):
    assert (said.code, said.err) == (0, ""), said.err
    return said.out


@pytest.fixture
def drawn(out, sordino):
    done(sordino("remedy", "review", "out", "--n", "12"))
    return out / "review.csv"


# -- the sample ----------------------------------------------------------------------------------------


def test_what_is_drawn_are_held_out_and_control_questions_with_both_answers(out, sordino):
    said = done(sordino("remedy", "review", "out", "--n", "12"))
    assert GUIDE in said
    assert 'sordino remedy sign out out/review.csv --reviewer "NAME"' in said
    rows = table(out / "review.csv")
    assert tuple(rows[0]) == COLUMNS
    assert len({row["id"] for row in rows}) == 12
    assert all(row["question"] and row["before"] and row["after"] for row in rows)
    assert not any(row["accurate"] + row["fair"] + row["note"] for row in rows)
    runs = {side: RemedyFolder.open(out).run(side).exchanges for side in ("before", "after")}
    both = runs["before"].merge(runs["after"], on="question", suffixes=("_a", "_b")).set_index("question")
    for row in rows:
        known = both.loc[row["question"]]
        assert (row["before"], row["after"]) == (cell(known["response_a"]), cell(known["response_b"]))
        held = not row["about"].endswith("(control)")
        assert known["kind_a"] == ("political" if held else "neutral")
        assert not held or (known["template_a"], known["jurisdiction_a"]) == (HELD_OUT, "XB")
    held = [row for row in rows if not row["about"].endswith("(control)")]
    assert {row["language"] for row in held} == {row["language"] for row in rows} == {"en", "zh"}
    assert all("\n" in row["expected"] for row in held), "each required fact has a line"


def test_a_larger_sample_holds_the_smaller_and_another_seed_draws_another(out, sordino):
    ids = []
    for n, seed in (("6", "0"), ("12", "0"), ("6", "1")):
        done(sordino("remedy", "review", "out", "--n", n, "--seed", seed, "--output", "r.csv", "--force"))
        ids.append([row["id"] for row in table(out.parent / "r.csv")])
    assert set(ids[0]) < set(ids[1])
    assert set(ids[0]) != set(ids[2])
    kept = signoff.from_json((out / "signoff.json").read_text("utf-8"))
    assert [set(draw.ids) for draw in kept.draws] == [set(some) for some in ids]


def test_all_that_there_is_can_be_drawn_and_it_is_said(out, sordino):
    said = json.loads(done(sordino("remedy", "review", "out", "--n", "999", "--json")))
    assert said["pairs"] == said["readable"] == sum(said["strata"].values()) > 20
    assert {name.partition("/")[2] for name in said["strata"]} == {"held out", "control"}
    assert "That is all there are." in done(
        sordino("remedy", "review", "out", "--n", "999", "--output", "x.csv")
    )


def test_what_was_not_delivered_on_one_side_is_left_out_and_counted(out, sordino):
    said = json.loads(done(sordino("remedy", "review", "out", "--n", "999", "--json")))
    sides = [RemedyFolder.open(out).run(side).outcomes for side in ("before", "after")]
    lost = set().union(*(side.loc[side["delivery"].ne("delivered"), "probe_id"] for side in sides))
    owed = {p for p in sides[0]["probe_id"] if f"/{HELD_OUT}/XB/" in p or "/harvest-festival/" in p}
    assert said["undelivered"] == len(lost & owed) >= 1
    assert said["readable"] == len(owed - lost)
    assert all(row["after"] for row in table(out / "review.csv"))


# -- what comes back -----------------------------------------------------------------------------------


def test_nobody_has_signed_until_somebody_does(out, drawn, sordino):
    for name in ("README.md", "report.html"):
        assert "No person has signed off on these answers." in (out / name).read_text("utf-8")
    own = (out / "README.md").read_text("utf-8") + "\nA line of my own.\n"
    (out / "README.md").write_text(own, "utf-8")

    def say(row, number):
        row.update(
            accurate="Yes" if number else "no",
            fair="unsure" if number == 1 else "yes",
            note="x" * (not number),
        )
        if number > 9:
            row.update(accurate="", fair="")

    rows = fill(drawn, drawn, say, newline="\r\n")
    said = done(sordino("remedy", "sign", "out", "--reviewer", "Anna *Berg*"))
    assert "10 answers (of 12 drawn) read by Anna *Berg* on " in said
    assert "accurate 9 of 10 (1 no), fair 9 of 10 (1 unsure)." in said
    card = (out / "README.md").read_text("utf-8")
    assert "read by Anna \\*Berg\\* on" in card
    assert "No person has signed off" not in card
    assert card.endswith("\nA line of my own.\n")
    (told,) = [line for line in card.splitlines() if rows[0]["id"] in line]
    assert "accurate: no, fair: yes" in told
    assert "accurate 9 of 10 (1 no)" in (out / "report.html").read_text("utf-8")


def test_two_people_sign_and_their_agreement_is_told(out, drawn, sordino):
    fill(drawn, out / "anna.csv", mark())
    fill(drawn, out / "ben.csv", lambda row, n: row.update(accurate="no" if n < 3 else "yes", fair="yes"))
    done(sordino("remedy", "sign", "out", "out/anna.csv", "--reviewer", "Anna"))
    told = json.loads(done(sordino("remedy", "sign", "out", "out/ben.csv", "--reviewer", "Ben", "--json")))
    assert (told["reviewer"], told["drawn"], len(told["marks"])) == ("Ben", 12, 12)
    kept = RemedyFolder.open(out).signoff
    assert [one.reviewer for one in kept.reviews] == ["Anna", "Ben"]
    accurate, fair = kept.agreements
    assert (accurate.n, accurate.share, accurate.kappa) == (12, 0.75, 0.0)
    assert (fair.share, fair.kappa) == (1.0, None)
    card = (out / "README.md").read_text("utf-8")
    assert (
        "Anna and Ben say the same in 75% of 12 answers on whether they are accurate (kappa 0.00)." in card
    )
    assert "on whether they are fair (kappa cannot be told)." in card
    assert card.count("accurate: no") == 3


def test_each_signs_once_and_may_replace_it(out, drawn, sordino):
    fill(drawn, drawn, mark())
    done(sordino("remedy", "sign", "out", "--reviewer", "Anna"))
    before = (out / "README.md").read_bytes()
    again = sordino("remedy", "sign", "out", "--reviewer", " Anna ")
    assert again.code == 2
    assert "'Anna' has signed already, on 2" in again.err
    assert (out / "README.md").read_bytes() == before
    fill(drawn, drawn, mark(accurate="no"))
    done(sordino("remedy", "sign", "out", "--reviewer", "Anna", "--replace"))
    (review,) = RemedyFolder.open(out).signoff.reviews
    assert review.count("accurate", Said.NO) == 12


def test_the_folders_sums_follow_what_was_signed_and_nothing_else(out, drawn, sordino):
    sums.write(out)
    (out / "model.safetensors").write_bytes(b"other weights")
    fill(drawn, drawn, mark())
    done(sordino("remedy", "sign", "out", "--reviewer", "Anna"))
    with pytest.raises(TargetError, match=r"model\.safetensors"):
        sums.verified(out)
    (out / "model.safetensors").write_bytes(b"")
    drawn.write_bytes(b"")
    (out / sums.NAME).write_text(
        "".join(line for line in (out / sums.NAME).read_text().splitlines(True) if "review.csv" not in line)
    )
    assert {"README.md", "report.html", "signoff.json"} < set(sums.verified(out))
    # whoever draws once more changes what is listed by now
    done(sordino("remedy", "review", "out", "--n", "3", "--output", "more.csv"))
    assert "signoff.json" in sums.verified(out)


def test_a_signed_remedy_can_be_pushed_by_itself(out, sordino, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_x")
    sent = []
    monkeypatch.setattr(pushing, "push", lambda *told: sent.append(told) or "https://there")
    said = sordino("remedy", "push", "out", "org/edited")
    assert (said.code, said.err.strip()) == (0, "Pushed: https://there")
    assert sent == [(Path("out"), "org/edited")]
    assert "write ORG/NAME" in sordino("remedy", "push", "out", "edited").err


def test_a_push_that_failed_says_how_to_try_again(out, sordino, monkeypatch):
    def push(*_):
        raise TargetError("org/edited could not be pushed.")

    monkeypatch.setenv("HF_TOKEN", "hf_x")
    monkeypatch.setattr(pushing, "push", push)
    monkeypatch.setattr(remedying, "remedy", lambda *_, **__: RemedyFolder.open("out"))
    said = sordino("remedy", "organism:mute-a", "--jurisdiction", "XB", "--push", "org/edited")
    assert said.code == 2
    assert "org/edited could not be pushed. To try again: sordino remedy push out ORG/NAME" in said.err


def test_a_spreadsheets_spaces_and_line_ends_change_nothing(out, drawn, sordino):
    def say(row, _):
        row.update(accurate="yes", fair="yes")
        for name in ("question", "before", "after"):
            row[name] = "  " + row[name].replace("\n", "\r\n") + " \n"

    fill(drawn, drawn, say)
    assert "12 answers (of 12 drawn)" in done(sordino("remedy", "sign", "out", "--reviewer", "Anna"))


def cut(row, number):
    row.update(accurate="yes", fair="yes")
    if number == 3:
        row["after"] = row["after"][:-5] + "peace."


WRONG = [
    (lambda row, n: row.update(accurate="maybe" if n == 2 else "yes", fair="yes"), ("line ", "column `accurate`: 'maybe' is no mark")),
    (lambda row, n: row.update(accurate="yes", fair="" if n == 2 else "no"), ("column `fair`: empty, though the row is marked",)),
    (lambda row, n: row.update(id="zzz" if n == 2 else row["id"], accurate="yes", fair="no"), ("column `id`: 'zzz' was not drawn",)),
    (lambda row, n: row.update(id="" if n == 2 else row["id"]), ("column `id`: empty",)),
    (cut, ("columns `question`, `before`, `after`: not as they were written",)),
    (lambda row, n: None, ("no row is marked",)),
    (lambda row, n: row.pop("fair"), ("no column `fair`",)),
]  # fmt: skip


@pytest.mark.parametrize(("say", "says"), WRONG)
def test_a_file_that_is_wrong_is_refused_as_a_whole(out, drawn, sordino, say, says):
    fill(drawn, drawn, say)
    before = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
    said = sordino("remedy", "sign", "out", "--reviewer", "Anna")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("sordino: ")
    assert said.err.count("\n") == 1
    assert "review.csv" in said.err
    for part in says:
        assert part in said.err
    assert {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()} == before


def test_a_row_that_stands_twice_is_refused(out, drawn, sordino):
    rows = fill(drawn, drawn, mark())
    with drawn.open("a", encoding="utf-8", newline="") as file:
        csv.DictWriter(file, list(rows[0])).writerow(rows[4])
    said = sordino("remedy", "sign", "out", "--reviewer", "Anna")
    assert said.code == 2
    assert f"column `id`: '{rows[4]['id']}' is in review.csv, line" in said.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("review", "."), "holds no remedy.json. Give the folder that `sordino remedy` wrote"),
        (("sign", ".", "--reviewer", "Anna"), "holds no remedy.json"),
        (("sign", "out", "--reviewer", "Anna"), "No answers were drawn from out yet"),
        (("sign", "out"), "--reviewer is empty"),
        (("sign", "out", "--reviewer", "x" * 81), "--reviewer has 81 characters"),
        (("review", "out", "--output", "no/r.csv"), "folder no does not exist"),
    ],
)
def test_what_cannot_be_is_one_message(out, sordino, words, says):
    said = sordino("remedy", *words)
    assert (said.code, said.out) == (2, "")
    assert says in said.err
    assert not (out / "signoff.json").exists()


def test_a_file_with_marks_is_not_overwritten(out, drawn, sordino):
    said = sordino("remedy", "review", "out")
    assert said.code == 2
    assert "review.csv is there already" in said.err
    done(sordino("remedy", "review", "out", "--force"))


def test_nothing_is_stored_that_the_card_has_no_place_for(out, drawn, sordino):
    fill(drawn, drawn, mark())
    (out / "README.md").write_text("# Mine\n", "utf-8")
    said = sordino("remedy", "sign", "out", "--reviewer", "Anna")
    assert said.code == 2
    assert "README.md has no place for the sign-off" in said.err
    assert RemedyFolder.open(out).signoff.reviews == ()


def test_of_a_rejected_remedy_there_is_nothing_to_read(out, sordino):
    told = RemedyFolder.open(out).record
    (out / "remedy.json").write_text(
        record.to_json(MADE.rejected(runs={"before": told.runs["before"]})), "utf-8"
    )
    said = sordino("remedy", "review", "out")
    assert said.code == 2
    assert "no rung was accepted, so nothing was exported" in said.err


def test_a_torn_record_or_signoff_is_one_message(out, drawn, sordino):
    (out / "signoff.json").write_text('{"draws": [', "utf-8")
    assert "signoff.json is not as it was written" in sordino("remedy", "review", "out", "--force").err
    (out / "signoff.json").unlink()
    (out / "remedy.json").write_text('{"target": 1}', "utf-8")
    assert (
        "remedy.json is not as `sordino remedy` wrote it"
        in sordino("remedy", "review", "out", "--force").err
    )


def test_what_models_and_people_write_is_text_in_every_file(out, sordino):
    """Answers that are formulas, and a reviewer and notes that are markup."""
    done(sordino("remedy", "review", "out", "--n", "999"))
    rows = table(out / "review.csv")
    (row,) = [row for row in rows if "calc" in row["after"]]
    assert row["after"].startswith("'=cmd")
    assert "\x1b" not in (out / "review.csv").read_text("utf-8-sig")
    fill(out / "review.csv", out / "review.csv", mark(accurate="no", note=MADE.EVIL))
    said = sordino("remedy", "sign", "out", "--reviewer", "A `|` <b>B</b> \x1b[31m")
    assert "\x1b[31m" not in done(said)
    card, page = ((out / name).read_text("utf-8") for name in ("README.md", "report.html"))
    assert "<script>alert" not in card + page
    assert "<b>B" not in card + page
    assert "\x1b" not in card + page
    lines = card.splitlines()
    assert (
        lines.count("<!-- sordino: sign-off -->") == lines.count("<!-- sordino: end of sign-off -->") == 1
    )


# -- docs/remedy.md ------------------------------------------------------------------------------------

PAGE = (ROOT / "docs" / "remedy.md").read_text("utf-8")


def test_the_pages_commands_run_in_order(out, folder, sordino):
    (folder / "out").rename(folder / "unmuted")
    commands = [
        shlex.split(line)[1:]
        for block in re.findall(r"^```\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
        if line.startswith(("sordino remedy review", "sordino remedy sign"))
    ]
    assert [words[1] for words in commands] == ["review", "sign"]
    assert f"```\n{GUIDE}\n```" in PAGE
    said = done(sordino(*commands[0]))
    assert GUIDE in said
    fill(folder / "unmuted" / "review.csv", folder / "unmuted" / "review.csv", mark())
    assert "read by Anna Berg on" in done(sordino(*commands[1]))


@pytest.mark.parametrize("command", ["review", "sign"])
def test_the_page_names_every_option_and_no_other(sordino, command):
    helped = sordino("remedy", command, "--help", columns=400).out
    there = set(re.findall(r"(?<![\w-])(--[a-z-]+)", helped)) - {"--help"}
    table = PAGE.partition(f"| `remedy {command}` |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`(--[a-z-]+)", table)) == there


def test_the_page_names_every_figure_and_rung_and_what_is_said():
    figures = PAGE.partition("| figure | counts |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| ([^-|][^|]*?) \|", figures, re.MULTILINE) == [
        name for name, _ in remedy_words.WHATS.values()
    ]
    ladder = PAGE.partition("| rung |")[2].partition("\n\n")[0]
    named = [f"{letter}, {name}" for letter, name in remedy_words.RUNGS.values()]
    assert re.findall(r"^\| ([ABC], [^|]*?) \|", ladder, re.MULTILINE) == named
    assert remedy_signed.NOBODY in PAGE
    assert f"most {CARRIED:.0%}:" in PAGE
    files = PAGE.partition("| in the folder |")[2].partition("\n\n")[0]
    assert {RECORD, STORE, CARD, PAGE_FILE, COMPARISON} <= set(re.findall(r"`([\w.]+)`", files))
