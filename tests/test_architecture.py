"""The arrows of the house: cli → app → web → engine; app → keys.sqlite | keys.redis → keys."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "icsmulti"
STANDARD_BESIDES = {"msgspec", "tzdata"}


def modules(folder: str) -> list[Path]:
    """The modules of a room; what a page shows as an example is none."""
    found = sorted((SOURCE / folder).rglob("*.py"))
    return [module for module in found if "templates" not in module.parts]


def imports(module: Path) -> set[str]:
    """Every module that a file names in an import, at any depth."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.name}: absolute imports only"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def product_rooms(module: Path) -> set[str]:
    return {name.split(".")[1] for name in imports(module) if name.startswith("icsmulti.")}


@pytest.mark.parametrize("module", modules("engine"), ids=lambda path: path.stem)
def test_the_engine_imports_nothing_of_the_product_around_it(module):
    assert product_rooms(module) <= {"engine", "errors"}


@pytest.mark.parametrize("module", modules("engine"), ids=lambda path: path.stem)
def test_the_engine_imports_only_the_standard_library_msgspec_and_tzdata(module):
    import sys

    foreign = {name.split(".")[0] for name in imports(module)} - set(sys.stdlib_module_names)

    # What few requests need is imported in a module of its own, and nowhere else.
    allowed = STANDARD_BESIDES | {"html": {"nh3"}, "host": {"idna"}}.get(module.stem, set())
    assert foreign <= allowed | {"icsmulti"}


@pytest.mark.parametrize("module", modules("engine"), ids=lambda path: path.stem)
def test_the_engine_reads_no_clock_no_environment_and_no_file(module):
    names = {
        node.attr for node in ast.walk(ast.parse(module.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
    }  # fmt: skip

    assert not names & {"now", "utcnow", "today", "environ", "getenv", "urandom", "token_bytes"}


@pytest.mark.parametrize("module", modules("web"), ids=lambda path: path.stem)
def test_the_web_knows_the_stores_contract_and_no_backend(module):
    backends = {"keys.sqlite", "keys.redis", "keys.counters"}
    named = {".".join(name.split(".")[1:3]) for name in imports(module)}

    assert not named & backends
    assert not product_rooms(module) & {"app", "cli"}


@pytest.mark.parametrize("module", modules("keys"), ids=lambda path: path.stem)
def test_the_stores_know_nothing_of_http_or_calendars(module):
    assert product_rooms(module) <= {"keys", "errors", "settings"}


CLIENTS = {"aiohttp", "ftplib", "httpx", "poplib", "requests", "smtplib", "socket", "urllib3"}
CLIENTS |= {"http.client", "urllib.request", "asyncio.open_connection"}


@pytest.mark.parametrize("folder", ["engine", "web", "spreadsheet"])
def test_nothing_that_reads_what_callers_send_can_fetch_an_address(folder):
    """Links are text (OWASP API7): no module has anything to open a connection with."""
    for module in SOURCE.glob(f"{folder}/**/*.py"):
        steps = [name.split(".") for name in imports(module)]
        named = {".".join(parts[:n]) for parts in steps for n in (1, 2)}
        called = {
            node.attr
            for node in ast.walk(ast.parse(module.read_text("utf-8")))
            if isinstance(node, ast.Attribute)
        }

        assert not named & CLIENTS, module.name
        assert not called & {"open_connection", "create_connection", "getaddrinfo"}, module.name


@pytest.mark.parametrize("folder", ["engine", "keys", "web", "spreadsheet"])
def test_every_module_opens_with_what_it_is(folder):
    silent = [
        m.name for m in modules(folder) if not ast.get_docstring(ast.parse(m.read_text("utf-8")))
    ]

    assert silent == []
