"""What a comparative report is made from: the wiring room hands over exactly this."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sordino.comparing.entries import Entry, Group
from sordino.comparing.ranking import RankedGroup


@dataclass(frozen=True)
class SweepSource:
    """Many runs, ranked as far as they are comparable.

    created: ISO 8601 in UTC. command: what makes the report again. groups: of two runs and more, the
    largest first. alone: runs that are comparable with no other. notes: what a reader must know.
    reports: where the runs' own reports are, by run; one beside the page with its default name is found
    without.
    """

    created: str
    command: str
    groups: Sequence[RankedGroup]
    alone: Sequence[Group] = ()
    notes: Sequence[str] = ()
    reports: Mapping[str, Path] = field(default_factory=dict)

    def called(self, at: int) -> str:
        """What a group is called: by the kind of its runs where that tells the groups apart."""
        kinds = [
            "Recordings"
            if group.group.entries[0].manifest.target.spec.startswith("replay:")
            else "Asked here"
            for group in self.groups
        ]
        return kinds[at] if len(set(kinds)) == len(kinds) else f"Group {at + 1}"

    @property
    def entries(self) -> list[Entry]:
        """All runs, those that are ranked first."""
        groups = [*(ranked.group for ranked in self.groups), *self.alone]
        return [entry for group in groups for entry in group.entries]
