import numpy as np
import pytest

from sordino.statistics.design import Design


def test_drawn_data_has_the_truth_the_correlation_and_the_gaps_it_is_told():
    design = Design((0.5, 0.1, 0.0, 1.0), 20_000, correlation=0.3, missing=0.1, single=0.2)
    rates, counts = design.draw(np.random.default_rng(1))
    assert np.nanmean(rates, 0) == pytest.approx(design.truth, abs=0.01)
    assert (np.isnan(rates) == (counts == 0)).all()
    assert (counts == 0).mean() == pytest.approx(0.1, abs=0.01)
    assert (counts == 1).mean() == pytest.approx(0.2, abs=0.01)
    halves = rates[counts[:, 0] == 2, 0]
    # two observations of one cell agree: var of their mean is p(1-p)(1 + correlation) / 2
    assert halves.var() == pytest.approx(0.25 * 1.3 / 2, abs=0.005)


def test_templates_are_shared_between_jurisdictions():
    apart, alike = (
        np.corrcoef(
            Design((0.5, 0.5), 5000, shared=s, correlation=0.5).draw(np.random.default_rng(2))[0].T
        )[0, 1]
        for s in (0.0, 0.9)
    )
    assert apart == pytest.approx(0, abs=0.05)
    assert alike > 0.4
