"""What the terminal's tests share: each is met by a terminal that obeys and by a dumb one."""

import pytest

from tests.console.screens import Desk


@pytest.fixture(params=[True, False], ids=["ansi", "dumb"])
def desk(request: pytest.FixtureRequest) -> Desk:
    return Desk(ansi=request.param)
