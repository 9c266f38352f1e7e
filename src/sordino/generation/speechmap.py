"""SpeechMap's public layout: answers of many models to many sets of questions, with labels by a judge.

    questions/SET.jsonl                   the questions
    responses/SET_MODEL.jsonl             a model's answers, each the host's whole object
    analysis/compliance_SET_MODEL.jsonl   the same with a judge's label

Files are read one by one, so that memory holds the labels of one file. `sordino export --format speechmap`
writes the same layout.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sordino.core.errors import RecordingError, SpecError, unknown
from sordino.generation import speechmap_rows as rows
from sordino.generation.codes import language_code
from sordino.generation.columns import Row
from sordino.generation.question_sets import QuestionSet
from sordino.generation.readers import place, read_rows
from sordino.generation.recorded import Doubles, Recorded
from sordino.generation.speechmap_rows import Label

RESPONSES, ANALYSIS, QUESTIONS = "responses", "analysis", "questions"

_POINTER = b"version https://git-lfs"
_LABELS = "compliance_"
_PUT_ASIDE = (".unknown_metadata.jsonl", ".metadata_error.jsonl")


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One model's answers to one set. labels: the file beside it, None where there is none."""

    path: Path
    labels: Path | None
    model: str
    set: QuestionSet


@dataclass(frozen=True, slots=True)
class Layout:
    """Open one with `Layout.open`.

    left_out, noted: how many of what; both grow while files are read, and so do the notes. doubles: the
    answers that were read, of all files.
    """

    folder: Path
    files: tuple[ModelFile, ...]
    left_out: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    doubles: Doubles = field(default_factory=Doubles)

    @classmethod
    def open(cls, folder: Path, *, analysis: str = ANALYSIS) -> "Layout":
        """Look through a folder. Raises RecordingError where it is no such layout.

        analysis: the folder whose labels are taken; SpecError where it is not there.
        """
        paths = sorted((folder / RESPONSES).glob("*.jsonl"))
        own = [path for path in paths if not path.name.endswith(_PUT_ASIDE)]
        if not own:
            raise RecordingError(
                f"{folder} holds no answers in {RESPONSES}/*.jsonl. Give the folder that holds "
                f"{RESPONSES}/ and {ANALYSIS}/, as SpeechMap's data come."
            )
        labels = _labels_folder(folder, analysis)
        sets = sorted((p.stem for p in (folder / QUESTIONS).glob("*.jsonl")), key=len, reverse=True)
        layout = cls(folder, tuple(_model_file(path, labels, sets) for path in own))
        if put_aside := len(paths) - len(own):
            layout.left_out["files of rows that were put aside for their metadata"] = put_aside
        if lone := _lone(labels, paths):
            layout.left_out["files of labels beside which there is no file of answers"] = lone
        others = [path.name for path in sorted(folder.glob(f"{ANALYSIS}*/")) if path != labels]
        if others:
            layout.notes.append(
                f"Labels come from {analysis}/, and not from {', '.join(others)} (--analysis NAME)."
            )
        return layout

    def chosen(
        self, *, models: Sequence[str] = (), sets: Sequence[str] = (), languages: Sequence[str] = ()
    ) -> "Layout":
        """With these alone; what is not named is not asked for. Raises SpecError for what is not there."""
        tags = [language_code(language) or "" for language in languages]
        for what, given, known in (
            ("model", models, {f.model for f in self.files}),
            ("question set", sets, {f.set.name for f in self.files}),
            ("language", tags, {f.set.language or "" for f in self.files}),
        ):
            if absent := next((name for name in given if name not in known), None):
                raise SpecError(unknown(what, absent, known, f"That is in {self.folder}."))
        kept = tuple(
            file
            for file in self.files
            if (not models or file.model in models)
            and (not sets or file.set.name in sets)
            and (not tags or file.set.language in tags)
        )
        if not kept:
            raise SpecError(f"Nothing in {self.folder} is of all that was named. Leave an option out.")
        return replace(self, files=kept)

    def read(self, file: ModelFile) -> Iterator[Recorded]:
        """The answers of a file, in order. Raises RecordingError, which names the file and the line."""
        labels = {} if file.labels is None else self._labels(file.labels)
        names = set[str]()
        for number, row in self._rows(file.path):
            where = place(file.path, number)
            name, model = rows.text(row, "question_id", where), rows.text(row, "model", where)
            what = f"the question {name[:80]!r} of the same model"
            content = [row.get(key) for key in ("question", "response", "response_status")]
            names.add(name)
            key = [file.set.name, name, model]
            if self.doubles.is_new(key, content, (file.path, number), what):
                label = self._fitting(labels.get(name), row)
                yield self._recorded(row, file, label, where, number)
            else:
                self.left_out["rows that repeat another exactly"] += 1
        if unused := len(labels.keys() - names):
            self.left_out["labels of questions to which there is no answer beside them"] += unused
        if absent := self._questions(file.set) - names:
            self.noted["questions without an answer in a model's file: not asked"] += len(absent)

    def _recorded(
        self, row: Row, file: ModelFile, label: Label | None, where: str, number: int
    ) -> Recorded:
        answer = rows.answer(row, file.set, where, number)
        found = rows.delivered(answer, row, label.word) if label else answer
        if label and found is not answer:
            self.noted[f"answers that are {found.delivery.value} by their label {label.word} alone"] += 1
        stamp = row.get("timestamp")
        return Recorded(
            answer=found,
            model=rows.text(row, "model", where),
            question_set=file.set.name,
            timestamp=None if stamp is None else str(stamp),
            label=label.engagement if label else None,
            label_given=label.word if label else None,
            label_judge=label.judge if label else None,
        )

    def _fitting(self, label: Label | None, row: Row) -> Label | None:
        if label is None:
            self.noted["answers without a label"] += 1
        elif label.of != rows.said(row):
            self.left_out["labels of another answer than the one recorded"] += 1
            return None
        elif label.judge_failed:
            self.noted["answers that the judge of the labels failed to read"] += 1
        return label

    def _labels(self, path: Path) -> dict[str, Label]:
        found: dict[str, Label] = {}
        doubles = Doubles()
        for number, row in self._rows(path):
            where = place(path, number)
            name, label = rows.text(row, "question_id", where), rows.label(row, where)
            if doubles.is_new(name, label.word, (path, number), f"a label of {name[:80]!r}"):
                found[name] = label
        return found

    def _questions(self, among: QuestionSet) -> set[str]:
        path = self.folder / QUESTIONS / f"{among.name}.jsonl"
        return {str(row.get("id")) for _, row in self._rows(path)} if path.is_file() else set()

    def _rows(self, path: Path) -> Iterator[tuple[int, Row]]:
        return _rows(path, self.notes)


def _labels_folder(folder: Path, analysis: str) -> Path | None:
    there = {path.name: path for path in folder.glob(f"{ANALYSIS}*/")}
    if analysis not in there and analysis != ANALYSIS:
        raise SpecError(f"--analysis: {unknown('folder of labels', analysis, there)}")
    return there.get(analysis)


def _lone(labels: Path | None, answers: Sequence[Path]) -> int:
    """How many files of labels are beside no file of answers."""
    known = {f"{_LABELS}{path.name}" for path in answers}
    return sum(path.name not in known for path in labels.glob(f"{_LABELS}*.jsonl")) if labels else 0


def _model_file(path: Path, labels: Path | None, sets: Sequence[str]) -> ModelFile:
    number, first = next(_rows(path, []), (0, None))
    if first is None:
        raise RecordingError(f"{path.name} holds no answers. Take the file out.")
    model = rows.text(first, "model", place(path, number))
    beside = labels / f"{_LABELS}{path.name}" if labels else None
    named = QuestionSet.named(_set_name(path.stem, model, first, sets))
    return ModelFile(path, beside if beside and beside.is_file() else None, model, named)


def _set_name(stem: str, model: str, first: Row, sets: Sequence[str]) -> str:
    """What stands before the model's name in the file's; else from the row, or from the sets there are."""
    before, name, _ = stem.rpartition(f"_{model.replace('/', '_')}")
    if name:
        return before
    category = first.get("category")
    if isinstance(category, str) and category:
        return category
    return next((name for name in sets if stem.startswith(f"{name}_")), stem)


def _rows(path: Path, notes: list[str]) -> Iterator[tuple[int, Row]]:
    with path.open("rb") as file:
        if file.read(len(_POINTER)) == _POINTER:
            raise RecordingError(
                f"{path.name} is a pointer of Git LFS. Fetch what it stands for: git lfs pull"
            )
    yield from read_rows(path, list, notes)
