"""Settings are checked at the start, and a slip is named with its remedy."""

import re
from pathlib import Path

import pytest

from icsmulti.errors import SettingsError
from icsmulti.locales import catalogue
from icsmulti.settings import PREFIX, TABLE, read

DOCS = Path(__file__).parent.parent / "docs" / "settings.md"


def test_an_empty_environment_gives_the_documented_defaults():
    settings = read({})

    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8000, 1)
    assert settings.store.startswith("sqlite:///")
    assert settings.store.endswith("/keys.db")
    assert (settings.limit_per_minute, settings.limit_per_day) == (60, 10_000)
    assert settings.max_body_bytes == 5 * 1024 * 1024


def test_an_empty_value_means_the_default():
    assert read({"ICSMULTI_PORT": ""}).port == 8000


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("PORT", "80 80", "whole"),
        ("PORT", "65536", "whole"),
        ("PORT", "٣", "whole"),
        ("WORKERS", "0", "whole"),
        ("SELF_SERVICE", "yes", "choice"),
        ("TRUSTED_PROXIES", "10.0.0.1/8", "networks"),
        ("STORE", "sqlite://keys.db", "store-sqlite"),
        ("STORE", "mysql://localhost", "store-scheme"),
        ("STORE", "redis:///0", "store-host"),
        ("STORE", "redis://:a/password@host", "store-db"),
        ("PUBLIC_URL", "ics.example.org", "public-url"),
        ("PUBLIC_URL", "https://example.org/sub", "public-url-path"),
        ("LEGAL_NOTICE", "/no/such/file", "file"),
    ],
)
def test_a_wrong_value_is_refused_with_the_settings_name(name, value, reason):
    with pytest.raises(SettingsError) as caught:
        read({PREFIX + name: value})

    assert (caught.value.reason, caught.value.values["setting"]) == (reason, PREFIX + name)


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_every_refusal_of_a_setting_has_words(row, language):
    bad = "\0 no such value \0"
    try:
        read({PREFIX + row.name: bad})
    except SettingsError as error:
        sentence = catalogue(language).say(f"settings.faults.{error.reason}", **error.values)
        assert PREFIX + row.name in sentence


def test_a_public_address_may_end_in_a_slash():
    assert read({"ICSMULTI_PUBLIC_URL": "https://example.org/"}).public_url == "https://example.org"


def test_everything_that_is_wrong_is_named_at_once():
    with pytest.raises(SettingsError) as caught:
        read({"ICSMULTI_PORT": "99999", "ICSMULTI_WORKERS": "x", "ICSMULTI_HOSTS": "a"})

    named = [error.values["setting"] for error in (caught.value, *caught.value.others)]
    assert sorted(named) == ["ICSMULTI_HOSTS", "ICSMULTI_PORT", "ICSMULTI_WORKERS"]


def test_an_unknown_setting_is_a_slip_and_the_nearest_name_is_suggested():
    with pytest.raises(SettingsError) as caught:
        read({"ICSMULTI_LIMITS_PER_MINUTE": "5"})

    assert caught.value.values["nearest"] == "ICSMULTI_LIMIT_PER_MINUTE"


def test_the_documentation_lists_every_setting_with_its_default():
    rows = dict(re.findall(r"^\| `ICSMULTI_([A-Z_]+)` \| (.*?) \|", DOCS.read_text("utf-8"), re.M))

    documented = {name: default.strip("`") for name, default in rows.items()}
    assert documented == {row.name: row.default or "–" for row in TABLE}
