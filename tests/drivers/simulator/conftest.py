"""A simulated pump house that plays in a thread of the test, and what reaches it."""

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import pytest

from drivers.simulator import house
from drivers.simulator.house import HouseConfig, Paths

READY_WITHIN_S = 10.0


class PanelClient:
    """The owner's finger."""

    def __init__(self, path: Path) -> None:
        self._stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._stream.settimeout(READY_WITHIN_S)
        self._stream.connect(str(path))
        self._lines = self._stream.makefile("rb")

    def __call__(self, do: str, **more: Any) -> dict[str, Any]:
        return self.send(json.dumps({"do": do, **more}).encode() + b"\n")

    def send(self, octets: bytes) -> dict[str, Any]:
        """An empty answer stands for the end of the stream."""
        self._stream.sendall(octets)
        answer: dict[str, Any] = json.loads(self._lines.readline() or b"{}")
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._stream.close()


@dataclass
class Playing:
    """A house that plays, until the fixture stops it."""

    paths: Paths
    panel: PanelClient

    @contextmanager
    def pin(self) -> Iterator[socket.socket]:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(READY_WITHIN_S)
            line.connect(str(self.paths.pin))
            yield line


Play = Callable[..., Playing]


@pytest.fixture
def config(folder: Path) -> HouseConfig:
    return HouseConfig(tty=folder / "tty", pin=folder / "pin", panel=folder / "panel")


@pytest.fixture
def play(config: HouseConfig) -> Iterator[Play]:
    """`play(seed=2)`: the house of `config` with these fields changed, open and reachable."""
    stops: list[tuple[int, threading.Thread, PanelClient]] = []

    def begin(**changes: Any) -> Playing:
        opened: list[Paths] = []
        ready = threading.Event()
        reader, writer = os.pipe()

        def say(paths: Paths) -> None:
            opened.append(paths)
            ready.set()

        def life() -> None:
            try:
                house.run(replace(config, **changes), say, reader)
            finally:
                os.close(reader)

        thread = threading.Thread(target=life)
        thread.start()
        assert ready.wait(READY_WITHIN_S), "the simulated house did not open"
        panel = PanelClient(opened[0].panel)
        stops.append((writer, thread, panel))
        return Playing(opened[0], panel)

    yield begin
    for writer, thread, panel in stops:
        panel.__exit__()
        os.close(writer)
        thread.join(READY_WITHIN_S)
        assert not thread.is_alive(), "the simulated house did not stop"


@pytest.fixture
def playing(play: Play) -> Playing:
    return play()
