"""What holds for every run: examples are not drawn by lot in CI, no test asks a proxy for this
machine, and no API key is left anywhere.

Servers' logs, databases, backups, exports and metrics of all tests lie under pytest's base
folder, which is searched after everything has run.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine takes a fifth of a second for nothing: no fault of the example's. And in CI the
# examples are the same in every run: a new one that fails is found by whoever runs the tests
# elsewhere, and does not refuse a change that has nothing to do with it.
settings.register_profile(
    "patient",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
    database=None if "CI" in os.environ else settings().database,
    print_blob=True,
)
settings.load_profile("patient")

# What tests start on this machine is called directly, whatever proxy the machine has.
for name in ("no_proxy", "NO_PROXY"):
    os.environ[name] = ",".join(filter(None, [os.environ.get(name), "127.0.0.1,localhost"]))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    factory = getattr(session.config, "_tmp_path_factory", None)
    base: Path | None = getattr(factory, "_basetemp", None)
    if base is None:
        return  # no test asked for a folder
    from written_keys import files_with_keys

    for file in files_with_keys(base):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        print(f"\nFAILED: an API key was written to {file.relative_to(base)}")
