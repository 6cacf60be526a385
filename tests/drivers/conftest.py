"""A broker for the tests of the drivers that need one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mosquitto import Mosquitto


@pytest.fixture
def mosquitto(folder: Path) -> Iterator[Mosquitto]:
    with Mosquitto(folder) as broker:
        yield broker
