"""These tests start servers; how, is `tests/hostile/product.py`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "hostile"))

if TYPE_CHECKING:
    from product import Product


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One for all tests that only ask."""
    from product import Product

    with Product(tmp_path_factory.mktemp("product")) as product:
        yield product
