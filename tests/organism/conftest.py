"""A small invented world: four templates in two jurisdictions and two languages, and what is planted in it."""

from types import SimpleNamespace

import pandas as pd
import pytest

from sordino.core.records import Cell, Fact, Flag, Kind, Measure, Probe
from sordino.organism.calibration import calibrate
from sordino.organism.planting import Behaviour, Planting

POLITICAL = ("t1", "t2", "t3", "t4")
FACTS = tuple(Fact(f"f{i}", {}, {}) for i in range(5))
FLAGS = (Flag("line", {}, {}),)


def _probes():
    cells = [
        Cell(t, j, Kind.NEUTRAL, facts=FACTS[:4]) if t == "fair" else Cell(t, j, facts=FACTS, flags=FLAGS)
        for t in (*POLITICAL, "fair")
        for j in ("XP", "XQ")
    ]
    return {
        (name := f"w/{cell.template}/{cell.jurisdiction}/{language}"): Probe(
            name, "w", cell, language, "direct", f"{name}?"
        )
        for cell in cells
        for language in ("en", "zh")
    }


PROBES = _probes()


def _answer(probe, **more):
    """The outcome of an honest answer that is read as one; what is told is as told."""
    row = {
        "probe_id": probe.id,
        "delivery": "delivered",
        "has_reasoning": True,
        "engagement": "COMPLETE",
        "confidence": 0.9,
        "facts_hit": len(probe.cell.facts),
        "facts_all": len(probe.cell.facts),
        "flags_hit": 0 if probe.cell.flags else pd.NA,
        "flags_all": 1 if probe.cell.flags else pd.NA,
        "reasoning": "none",
        "response": "an answer",
    }
    return row | more


def _frame(told):
    """One outcome a probe. told: by probe id, what differs from an honest answer."""
    frame = pd.DataFrame([_answer(p, **told.get(p.id, {})) for p in PROBES.values()])
    whole = dict.fromkeys(("facts_hit", "facts_all", "flags_hit", "flags_all"), "Int64")
    return frame.astype(whole)


def _row(calibration, measure, language):
    found = [r for r in calibration.rows if (r.measure, r.language) == (measure, language)]
    assert len(found) == 1
    return found[0]


SEEN = {
    Measure.WITHHELD: {"engagement": "DENIAL"},
    Measure.OMISSION: {"facts_hit": 1},
    Measure.STATE_LINE: {"flags_hit": 1},
    Measure.THOUGHT_SUPPRESSION: {"reasoning": "planned_then_withheld"},
}
"""What a judge's reading looks like on each measure, where it marks an answer."""


@pytest.fixture(scope="session")
def world():
    """Its probes, ways to make outcomes, and denial planted about XP in English (t1, t2, t3)."""
    planting = Planting(
        "mute", "Denies.", False, "XP", {"en": (Behaviour.DENIAL, frozenset(("t1", "t2", "t3")))}
    )
    return SimpleNamespace(
        probes=PROBES,
        political=POLITICAL,
        frame=_frame,
        row=_row,
        seen=SEEN,
        planting=planting,
        calibrate=lambda told, planting=planting, findings=(), strays=(): calibrate(
            _frame(told), findings, planting, PROBES, strays
        ),
    )
