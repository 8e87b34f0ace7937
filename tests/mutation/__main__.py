"""Mutate the engine and see that its tests notice: `python -m tests.mutation` (`make mutants`).

Runs mutmut on a copy (`.cache/mutation`), never on the checkout, with a fast suite: the engine's
own tests and the vectors. Fails when a module has fewer than 90 % of its mutants killed, and
lists every survivor; `docs/mutation.md` says why those we know are left.

    python -m tests.mutation            everything: about ten minutes on two idle cores
    python -m tests.mutation times      one module
    python -m tests.mutation show NAME  a survivor as a diff

In the copy caches are put around functions at the end of the module instead of by decorators,
because mutmut leaves decorated functions alone; and they are emptied before each test, because
a warm one would hide a mutant from its test.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]
COPY = ROOT / ".cache" / "mutation"
ENGINE = Path("src/icsmulti/engine")
MODULES = (
    *("times", "days", "zones", "tzif", "vtimezone", "contentline", "identity", "filename"),
    "generate",
)
# The engine's own tests but those that ask other readers, or draw hundreds of examples.
SLOW = (
    "test_recurrence_readers",
    "test_spelling",
    "test_rich_combinations",
    "test_rich_docs",
    "test_rich_golden",
    "test_rich_members",
    "test_rich_properties",
)
KILLED_PER_CENT = 90
_CACHED = re.compile(r"(?m)^@(lru_cache\(.*\)|cache)\ndef (\w+)")
_COLD = """\
import sys
import pytest
from hypothesis import settings

settings.register_profile("few", max_examples=25, deadline=None, derandomize=True, database=None)
settings.load_profile("few")

@pytest.fixture(autouse=True)
def _cold():
    for name, module in sys.modules.items():
        if name.startswith("icsmulti.engine"):
            for value in vars(module).values():
                getattr(value, "cache_clear", int)()
                if isinstance(value, dict) and type(value) is not dict:  # a table that fills itself
                    value.clear()
"""
# One test instead of two hundred: pytest's own work, once a mutant, is most of the cost.
_AT_ONCE = """\\
from itertools import islice

from conformance import zone_changes
from conformance.expectation import failures
from conformance.test_vectors import VECTORS, ask

ZONES = ("Europe/Paris", "America/Asuncion", "Antarctica/Troll", "Africa/Casablanca", "Asia/Gaza")

def test_vectors():
    for vector in VECTORS.values():
        assert failures(vector, ask) == []

def test_zones():
    for zone in ZONES:
        for case in islice(zone_changes.cases(zone), 0, None, 5):
            case.check()
"""
# mutmut's exit codes of a mutant's run: survived, or never run; 33 when no test reaches it.
_ALIVE = (0, None)
_UNREACHED = 33


def main(*arguments: str) -> int:
    if arguments[:1] == ("show",):
        return _mutmut("show", *arguments[1:])
    modules = arguments or MODULES
    _copy(modules)
    with (COPY / "log").open("wb") as log:  # it draws a spinner
        status = _mutmut("run", "--max-children", str(os.cpu_count() or 2), out=log)
    if status:
        print((COPY / "log").read_text("utf-8")[-4_000:])
        return status
    return _report(modules)


def _copy(modules: tuple[str, ...]) -> None:
    shutil.rmtree(COPY, ignore_errors=True)
    COPY.mkdir(parents=True)
    ignored = shutil.ignore_patterns("__pycache__", "node_modules", ".hypothesis", "static")
    shutil.copytree(ROOT / "src", COPY / "src", ignore=ignored)
    for part in ("engine", "conformance"):
        shutil.copytree(ROOT / "tests" / part, COPY / "tests" / part, ignore=ignored)
    for module in MODULES:
        path = COPY / ENGINE / f"{module}.py"
        source = path.read_text("utf-8")
        caches = [f"{name} = {cache}({name})\n" for cache, name in _CACHED.findall(source)]
        path.write_text("".join((_CACHED.sub(r"def \2", source), "\n\n", *caches)), "utf-8")
    # Every twentieth zone: a survivor must not cost a tour of the world.
    zones = COPY / "tests" / "engine" / "test_zones.py"
    zones.write_text(zones.read_text("utf-8").replace("names())", "names()[::20])"), "utf-8")
    (COPY / "tests" / "conftest.py").write_text(_COLD, "utf-8")
    (COPY / "tests" / "test_at_once.py").write_text(_AT_ONCE, "utf-8")
    suite = [
        f"tests/engine/{path.name}"
        for path in sorted((COPY / "tests" / "engine").glob("test_*.py"))
        if path.stem not in SLOW
    ]
    mutated = [f"{ENGINE}/{module}.py" for module in modules]
    (COPY / "pyproject.toml").write_text(
        "[tool.mutmut]\n"
        'source_paths = ["src"]\n'
        f"only_mutate = {json.dumps(mutated)}\n"
        f"pytest_add_cli_args_test_selection = {json.dumps([*suite, 'tests/test_at_once.py'])}\n"
        'pytest_add_cli_args = ["-p", "no:cacheprovider"]\n'
        "timeout_multiplier = 3.0\nuse_git_change_detection = false\n"
        '[tool.pytest.ini_options]\nmarkers = ["long: not here"]\n',
        "utf-8",
    )


def _mutmut(*arguments: str, out: IO[bytes] | None = None) -> int:
    command = [str(Path(sys.executable).with_name("mutmut")), *arguments]
    return subprocess.run(command, cwd=COPY, stdout=out, check=False).returncode


def _report(modules: tuple[str, ...]) -> int:
    failed = False
    for module in modules:
        meta = COPY / "mutants" / ENGINE / f"{module}.py.meta"
        codes = json.loads(meta.read_text("utf-8"))["exit_code_by_key"]
        unreached = [name for name, code in codes.items() if code == _UNREACHED]
        alive = [name for name, code in codes.items() if code in _ALIVE]
        reached = len(codes) - len(unreached)
        killed = reached - len(alive)
        share = 100 * killed / reached
        failed |= share < KILLED_PER_CENT
        print(f"{module:12} {reached:5} mutants {killed:5} killed {share:5.1f} %", end="")
        print(f"   ({len(unreached)} that no test of the suite reaches)" if unreached else "")
        for name in alive:
            print(f"    {name}")
        odd = Counter(code for code in codes.values() if code not in (*_ALIVE, _UNREACHED, 1))
        if odd:
            print(f"    killed by other exit codes: {dict(odd)}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
