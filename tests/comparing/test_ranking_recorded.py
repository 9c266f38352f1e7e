"""Ranks of recorded models: one that is known to withhold, one derived from it, one of another house."""

import os
from pathlib import Path

import pytest

from sordino.core.records import Contrast
from sordino.wiring.audit import audit
from sordino.wiring.ranking import rank
from sordino.wiring.settings import AuditSettings

SHARED = Path(os.environ.get("SORDINO_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
CRITICISM = SHARED / "speechmap" / "criticism-dev.parquet"
MODELS = ("deepseek_deepseek-r1", "tngtech_deepseek-r1t-chimera", "meta-llama_llama-3.3-70b-instruct")
pytestmark = pytest.mark.skipif(not CRITICISM.exists(), reason="no recorded data: set SORDINO_SHARED_DATA")


def test_recordings_whose_rows_stand_in_another_order_are_ranked_together(tmp_path):
    store = tmp_path / "s.db"
    for model in MODELS:
        audit(AuditSettings(f"replay:{CRITICISM}", model=model, siblings="question_id"), store)
    source = rank(store)
    (ranked,) = source.groups
    assert source.alone == ()
    assert len({e.manifest.pack.hash for e in ranked.group.entries}) == 1
    china = next(r for r in ranked.rankings if (r.jurisdiction, r.language) == ("CN", "en"))
    names = {at: entry.name for at, entry in enumerate(ranked.group.entries)}
    for contrast in (Contrast.SELECTIVITY, Contrast.RATE):
        assert {names[at]: ranks for at, ranks in china.orders[contrast].ranks.items()} == {
            MODELS[0]: (3, 3), MODELS[1]: (1, 2), MODELS[2]: (1, 2),
        }  # fmt: skip
    chinese = next(r for r in ranked.rankings if r.language == "zh")
    assert set(chinese.orders) == {Contrast.RATE}
