"""What a remedy is asked to do, as plain data."""

import os
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sordino import __version__
from sordino.core.errors import SpecError
from sordino.core.identity import digest
from sordino.organism.planting import PACK, plantings
from sordino.remedy.gates import SAFETY_PACK, Limits
from sordino.remedy.record import Rung
from sordino.remedy.sets import FEWEST_PROBES

POSITIONS: Mapping[str, str] = {
    "atlas": "atlas-positions",
    "atlas-wordings": "atlas-positions",
    "atlas-wide": "atlas-positions",
    "civic": "civic-positions",
}
"""By pack, the pack that asks for the state's own position on the same matters."""
OF_ORGANISMS, OF_OTHERS = "atlas-wordings", "civic"
SHARES = (0.2, 0.8)
_BESIDE = ("out", "adapter", "steering", "controls", "carry_over")
"""Settings that no edit follows from."""


@dataclass(frozen=True, slots=True)
class RemedySettings:
    """One remedy.

    target: `organism:NAME` or `hf:…`. jurisdiction: about whose politics the mute is to go. out: the
    folder.
    pack: what is asked; None is the organisms' own or `civic`. fit_languages: what is fitted on; empty
      means all. rungs: what may be tried. trials: of each search. share: of the muted topics, what is
      fitted on.
    most: prompts of each set and language. seed: of the split, the draws and the searches.
    device: where it is computed. adapter: keep rung C as an adapter. steering: also export vectors.
    carry_over: whether to fit once more without a language, to see whether the remedy carries over.
    fitting: a file of the user's own questions with honest answers to fit on as well; see
      remedy/screening, which refuses requests for harm.
    revision: of the model, once it was found. contents: a digest of the pack and of `fitting`, once they
      were read.
    """

    target: str
    jurisdiction: str
    out: Path
    pack: str | None = None
    fit_languages: tuple[str, ...] = ()
    rungs: tuple[Rung, ...] = tuple(Rung)
    trials: int = 40
    share: float = 0.67
    most: int = 120
    seed: int = 0
    device: str = "auto"
    adapter: bool = False
    steering: bool = False
    carry_over: bool = True
    controls: bool = True
    fitting: Path | None = None
    limits: Limits = field(default_factory=Limits)
    revision: str = ""
    contents: str = ""

    @property
    def asked(self) -> str:
        """The pack."""
        if self.pack is not None:
            return self.pack
        organism = self.target.removeprefix("organism:")
        if organism == self.target:
            return OF_OTHERS
        known = plantings().get(organism)
        return known.pack if known and known.pack != PACK else OF_ORGANISMS

    @property
    def positions(self) -> str | None:
        """The pack that asks for the state's position, None where there is none for this pack."""
        return POSITIONS.get(self.asked)

    @property
    def work(self) -> Path:
        """Where an interrupted remedy goes on: beside `out`, one for each state of the settings that edits
        follow from, of the model, of what is asked and fitted on, and of Sordino.
        """
        told = {k: str(v) for k, v in asdict(self).items() if k not in _BESIDE} | {"sordino": __version__}
        return self.out.with_name(f".{self.out.name}.{digest(told)[:8]}")

    def check(self) -> None:
        """Raises SpecError for what cannot be."""
        require_weights(self.target)
        if self.asked == SAFETY_PACK:
            raise SpecError(f"The pack {SAFETY_PACK} is the gate's. Name a pack of political questions.")
        if os.path.lexists(self.out):
            raise SpecError(f"{self.out} exists, and nothing is overwritten. Name a new folder with --out.")
        if not SHARES[0] <= self.share <= SHARES[1]:
            raise SpecError(f"--share {self.share:g}: give a number from {SHARES[0]} to {SHARES[1]}.")
        if self.trials < 4:
            raise SpecError(f"--trials {self.trials}: a search needs at least 4.")
        if self.most < FEWEST_PROBES:
            raise SpecError(f"--most {self.most}: an edit needs at least {FEWEST_PROBES} of each kind.")
        if not 0 <= self.seed < 2**32:
            raise SpecError(f"--seed {self.seed}: give a whole number from 0 to {2**32 - 1}.")

    def command(self) -> str:
        """The command that repeats it."""
        words = ["sordino", "remedy", self.target, "--jurisdiction", self.jurisdiction]
        plain = RemedySettings(self.target, self.jurisdiction, self.out)
        for name, option in _VALUES.items():
            value = getattr(self, name)
            if value != getattr(plain, name):
                words += [option, str(value)]
        for language in self.fit_languages:
            words += ["--fit-language", language]
        if self.rungs != plain.rungs:
            words += [word for rung in self.rungs for word in ("--rung", rung.value)]
        words += [option for name, option in _FLAGS.items() if getattr(self, name) != getattr(plain, name)]
        return shlex.join([*words, "--out", str(self.out)])


def require_weights(target: str) -> None:
    """Raises SpecError for a target of which only answers are to be had."""
    if not target.startswith(("organism:", "hf:")):
        raise SpecError(
            f"{target} cannot be remedied: its weights are needed. Write organism:NAME, hf:ORG/NAME or "
            "hf:./FOLDER."
        )


_VALUES = {
    "pack": "--pack",
    "trials": "--trials",
    "share": "--share",
    "most": "--most",
    "seed": "--seed",
    "device": "--device",
    "fitting": "--fitting",
}
_FLAGS = {
    "adapter": "--adapter",
    "steering": "--steering",
    "carry_over": "--no-carry-over",
    "controls": "--no-controls",
}
