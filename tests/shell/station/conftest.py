"""What the whole-station tests share: one station each, with settings of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shell.station.stand import Stand, standing


@pytest.fixture
def stand(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stand]:
    """Parametrised indirectly: options that differ from the demo's."""
    with standing(tmp_path, getattr(request, "param", {})) as stand:
        yield stand
