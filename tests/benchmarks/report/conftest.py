from __future__ import annotations

import copy

import pytest

from benchmarks.report.document import Document
from tests.support import made_report


@pytest.fixture(scope="module")
def host() -> Document:
    return made_report.host()


@pytest.fixture()
def made(host: Document) -> Document:
    return copy.deepcopy(host)
