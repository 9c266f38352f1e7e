"""What a remedy's pages are made from: its record, what people said of its answers, and where it lies."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sordino.remedy.record import Measured, Record, Tried
from sordino.remedy.signoff import SignOff
from sordino.reporting import remedy_words


@dataclass(frozen=True, slots=True)
class RemedySource:
    """sha256: of `remedy.json`. files: names in the folder, `{name: what it is}`, those that are there.

    titles: of templates. weights: the place of the exported model in the folder, "." for the folder itself;
      empty where there is none. is_adapter: whether that is an adapter for the base model.
    base: the base model's name on the hub; empty for one that is not there.
    """

    record: Record
    signoff: SignOff = field(default_factory=SignOff)
    titles: Mapping[str, str] = field(default_factory=dict)
    judges: Mapping[str, str] = field(default_factory=dict)
    invented: bool = False
    sha256: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    weights: str = ""
    is_adapter: bool = False
    base: str = ""

    @property
    def told(self) -> Tried | None:
        """The rung whose figures stand for the remedy: the accepted one, else the last that has figures."""
        tried = self.record.tried
        measured = [one for one in tried if any(gate.measured for gate in one.gates)]
        return self.record.accepted or (measured[-1] if measured else tried[-1] if tried else None)


def measured(tried: Tried | None) -> tuple[Measured, ...]:
    """All figures of a rung's gates, in the order in which they are read; where two gates look at one, it
    counts once.
    """
    found: dict[tuple[str, str], Measured] = {}
    for gate in () if tried is None else tried.gates:
        for one in gate.measured:
            found.setdefault((one.what, one.group), one)
    order = list(remedy_words.WHATS)
    return tuple(
        sorted(found.values(), key=lambda one: order.index(one.what) if one.what in order else len(order))
    )
