"""A running server for every test of broken and hostile input; one for all, as in production."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from product import Product


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("product")
    with Product(folder, READ_TIMEOUT_S=2) as product:
        yield product
        # Nothing in the whole run may have surprised the server.
        foreseen = ("request", "refused")
        unexpected = [line for line in product.lines() if line["event"] not in foreseen]
        assert unexpected == []
