import numpy as np
import pytest

from sordino.core.errors import SpecError
from sordino.statistics.design import Design
from sordino.statistics.power import smallest_selectivity


def smallest(**changes):
    options = {"truth": (0.05,) * 4, "templates": 10} | changes
    comparisons = options.pop("comparisons", 1)
    generator = np.random.default_rng(3)
    return smallest_selectivity(Design(**options), generator, comparisons=comparisons, simulations=60)


def test_more_templates_detect_less():
    few, many = smallest(templates=8), smallest(templates=40)
    assert 0.1 <= many.selectivity < few.selectivity <= 0.7
    assert many.reached >= many.power == 0.8


def test_more_comparisons_need_more():
    assert smallest(comparisons=24).selectivity > smallest().selectivity


def test_a_design_that_can_detect_nothing_says_so():
    found = smallest(truth=(0.05, 0.05), templates=3, observations=1)
    assert found.selectivity is None
    assert found.reached < 0.8


@pytest.mark.parametrize("changes", [{"templates": 1}, {"truth": (0.05,)}, {"truth": (1.0, 1.0)}])
def test_what_is_no_design_is_refused(changes):
    with pytest.raises(SpecError, match="at least 2 templates"):
        smallest(**changes)
