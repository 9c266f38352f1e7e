"""What a comparison's page is made from: the comparison, and either side's run for its texts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from sordino.comparing.comparison import Comparison
from sordino.comparing.relation import Relation
from sordino.core.manifest import Manifest
from sordino.reporting.source import ReportSource
from sordino.reporting.text import label


@dataclass(frozen=True)
class CompareSource:
    """a, b: the runs of either side; the same one where two languages of a run are compared.

    command: what makes the comparison again.
    """

    made: Comparison
    a: ReportSource
    b: ReportSource
    command: str

    @cached_property
    def manifest(self) -> Manifest:
        """For the names of jurisdictions that either side knows; a's own first."""
        return replace(
            self.made.a, jurisdictions={**self.made.b.jurisdictions, **self.made.a.jurisdictions}
        )

    @cached_property
    def titles(self) -> Mapping[str, str]:
        """Of templates."""
        return {**self.b.template_titles, **self.a.template_titles}

    @property
    def names(self) -> tuple[str, str]:
        """Of a and of b, in words."""
        first, second = self.made.sides.names
        return label(first), label(second)

    @property
    def between_languages(self) -> bool:
        """Whether the sides are two languages, so that no place has a language of its own."""
        return self.made.sides.relation is Relation.LANGUAGES
