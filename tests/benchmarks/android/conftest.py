from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import fake_phone
from tests.support.fake_phone import Connect


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connect]:
    """An adb server of our own."""
    with fake_phone.own_server(tmp_path_factory.mktemp("adb")) as connect:
        yield connect
