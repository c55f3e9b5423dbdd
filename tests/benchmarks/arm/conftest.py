from __future__ import annotations

import pytest

from benchmarks.arm import userland
from benchmarks.arm.userland import Unavailable, Userland


@pytest.fixture(scope="session")
def arm() -> Userland:
    """Set up in the user's cache; where it cannot be, what needs it is skipped, saying why."""
    try:
        return userland.get()
    except Unavailable as error:
        pytest.skip(str(error))
