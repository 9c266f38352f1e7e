"""What an audit is asked to do, as plain data: the spec of a run."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """One audit.

    target: a target's spec, e.g. `replay:answers.jsonl`.
    pack: a shipped pack's name or a folder; None asks the questions that the recording itself holds.
    columns: a recording's column for each field, where they are not named as usual.
    model: which model of a recording that holds several. siblings: the column whose trailing form makes
      form-matched siblings. language: of a recording that does not say.
    languages, jurisdictions, templates: what to ask of; empty means all.
    epoch: a label; a new one asks again. seed: of the Monte Carlo figures.
    """

    target: str
    pack: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    model: str | None = None
    siblings: str | None = None
    language: str | None = None
    languages: tuple[str, ...] = ()
    jurisdictions: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    epoch: str = ""
    seed: int = 0

    def command(self) -> str:
        """The command that repeats this audit."""
        words = ["sordino", "audit", self.target]
        if self.columns:
            words += ["--columns", ",".join(f"{k}={v}" for k, v in self.columns.items())]
        for option in ("pack", "model", "siblings", "epoch"):
            if value := getattr(self, option):
                words += [f"--{option}", value]
        if self.language:
            words += ["--recording-language", self.language]
        for option, values in (
            ("language", self.languages),
            ("jurisdiction", self.jurisdictions),
            ("template", self.templates),
        ):
            words += [word for value in values for word in (f"--{option}", value)]
        if self.seed:
            words += ["--seed", str(self.seed)]
        return shlex.join(words)
