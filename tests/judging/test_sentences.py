"""Where sentences end, and under which headings they stand, on texts cut by hand."""

import pytest

from sordino.judging.sentences import sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "J. Edgar Hoover ran the F.B.I. in those years. Gen. Smith (ret.) left at 3.30 p.m. without a word.",
            ["J. Edgar Hoover ran the F.B.I. in those years.", "Gen. Smith (ret.) left at 3.30 p.m. without a word."],
        ),
        (
            'It cost 3.5 million. "It was so." Art. 5 says so, e.g. in No. 7. In Davydov v. Russia it lost.',
            ["It cost 3.5 million.", '"It was so."', "Art. 5 says so, e.g. in No. 7.", "In Davydov v. Russia it lost."],
        ),
        ("He said no. Then he left…  Why?", ["He said no.", "Then he left…", "Why?"]),
        (
            "M. Dupont est mort. « Non. » Il en reste 3,5 %. On cria « Où est mon vote ? ».",
            ["M. Dupont est mort.", "« Non. »", "Il en reste 3,5 %.", "On cria « Où est mon vote ? »."],
        ),
        ("他说：“不是。”事实并非如此！真的？是。", ["他说：“不是。”", "事实并非如此！", "真的？", "是。"]),
        ("# Title\n\n1. First item\n- **Second**: more. And more\n\n  * Third", ["Title", "First item", "Second**: more.", "And more", "Third"]),
        ("", []),
        ("\n \n", []),
    ],
)  # fmt: skip
def test_sentences_end_where_a_reader_ends_them(text, expected):
    read = sentences(text)
    assert list(read.texts) == expected
    assert [text[s.start : s.end] for s in read.all] == expected


@pytest.mark.parametrize(
    ("text", "sentence", "headings"),
    [
        (
            "### Official line\n\nIt was so.\n\n### Record\n\nIt was not.",
            "It was so.",
            ["### Official line"],
        ),
        ("### Official line\n\nIt was so.\n\n### Record\n\nIt was not.", "It was not.", ["### Record"]),
        ("They claim:\n- It was so.\n- It rained.\n\nWe know better.", "It rained.", ["They claim:"]),
        ("They claim:\n- It was so.\n\nWe know better.", "We know better.", []),
        ("- **Government's view**: It was so. It rained.", "It rained.", ["Government's view**:"]),
        ("**官方立场**\n\n1. 当时下雨。", "当时下雨。", ["**官方立场**"]),
        ("一、官方说法\n当时下雨。\n二、史实\n当时没有下雨。", "当时没有下雨。", ["二、史实"]),
    ],
)
def test_a_sentence_stands_under_its_headings(text, sentence, headings):
    read = sentences(text)
    assert list(read.headings(read.texts.index(sentence))) == headings


def test_an_offset_belongs_to_the_sentence_that_holds_it():
    read = sentences("One. Two.\nThree.")
    assert [read.texts[read.at(offset)] for offset in (0, 3, 5, 8, 12)] == [
        "One.",
        "One.",
        "Two.",
        "Two.",
        "Three.",
    ]
    assert read.words(-1) == read.words(3) == ""


@pytest.mark.parametrize(
    "text", ["*" * 100_000, "1." * 50_000, "“" * 100_000, "a. " * 50_000, "：" * 50_000, " " * 100_000]
)
def test_hostile_text_is_cut_like_any_other(text):
    assert all(text[s.start : s.end].strip() for s in sentences(text).all)


@pytest.mark.parametrize("text", ["." * 100_000, " " * 100_000, "**a**" + " " * 100_000, "…!?" * 30_000])
def test_what_a_model_repeats_without_end_is_read_in_no_time(text):
    """With a search that goes back this would take minutes."""
    assert sentences(f"{text}x").texts[-1].endswith("x")
    assert sentences(f"It was so{text}\nYes.").texts[-1] == "Yes."
