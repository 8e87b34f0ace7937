"""`web.origin`: pages of other sites cannot act in a visitor's name."""

import dataclasses

import pytest

from icsmulti.errors import ForbiddenOrigin
from icsmulti.settings import read
from icsmulti.web.origin import refuse_foreign_origin

SETTINGS = read({})
PUBLIC = dataclasses.replace(SETTINGS, public_url="https://ics.example.org")


def scope(**headers):
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "headers": [(b"host", b"ics.example.org:8000"), *pairs]}


def test_a_program_says_nothing_and_passes():
    refuse_foreign_origin(scope(), SETTINGS)


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_our_own_pages_and_typed_addresses_pass(site):
    refuse_foreign_origin(scope(sec_fetch_site=site, origin="https://other.example"), SETTINGS)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "rubbish"])
def test_another_site_is_refused_whatever_origin_says(site):
    with pytest.raises(ForbiddenOrigin):
        refuse_foreign_origin(
            scope(sec_fetch_site=site, origin="http://ics.example.org:8000"), SETTINGS
        )


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_without_a_public_address_the_origin_is_held_against_host(scheme):
    refuse_foreign_origin(scope(origin=f"{scheme}://ICS.example.org:8000"), SETTINGS)


@pytest.mark.parametrize(
    "origin", ["https://other.example", "http://ics.example.org", "null", "rubbish", "file://"]
)
def test_another_origin_than_host_is_refused(origin):
    with pytest.raises(ForbiddenOrigin):
        refuse_foreign_origin(scope(origin=origin), SETTINGS)


def test_the_public_address_counts_and_host_does_not():
    refuse_foreign_origin(scope(origin="https://ics.example.org"), PUBLIC)

    with pytest.raises(ForbiddenOrigin):
        refuse_foreign_origin(scope(origin="https://ics.example.org:8000"), PUBLIC)


def test_another_scheme_than_the_public_one_is_another_origin():
    with pytest.raises(ForbiddenOrigin):
        refuse_foreign_origin(scope(origin="http://ics.example.org"), PUBLIC)


def test_a_null_origin_passes_only_where_it_is_allowed():
    refuse_foreign_origin(scope(origin="null"), SETTINGS, allow_null=True)

    with pytest.raises(ForbiddenOrigin):
        refuse_foreign_origin(
            scope(origin="null", sec_fetch_site="cross-site"), SETTINGS, allow_null=True
        )
