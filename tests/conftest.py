"""What holds for every test: where the recorded data lie, and that CI skips nothing."""

import os

import pytest
from hypothesis import settings

# No test is about time: a busy machine must not fail one.
settings.register_profile("sordino", deadline=None)
settings.load_profile("sordino")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """With SORDINO_NO_SKIPS a skipped test is a failed one: there the browser, the database and the data
    must be at hand.
    """
    report = (yield).get_result()
    if report.skipped and os.environ.get("SORDINO_NO_SKIPS") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be: {report.longrepr}"
