"""Real processes held up by a real supervisor: they die, return, stop and leave no orphan."""

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from agent import restarts, words
from agent.supervised import Died, Event, Said, Stopped, Up
from agent.supervisor import Child, run
from drivers import children, host

WAIT_S = 20

IDLES = "print('ready', flush=True); import signal; signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + IDLES


def python(name: str, script: str) -> Child:
    return Child(name, (sys.executable, "-c", script))


class Request:
    """A request to stop, made by the test instead of a signal."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()

    def fileno(self) -> int:
        return self._reader

    def requested(self) -> bool:
        return bool(select.select([self._reader], [], [], 0)[0])

    def make(self) -> None:
        os.write(self._writer, b"x")

    def close(self) -> None:
        os.close(self._reader)
        os.close(self._writer)


class Station:
    """A supervisor in a thread of its own, and everything it has told so far."""

    def __init__(self, held: Sequence[Child]) -> None:
        self.events: list[Event] = []
        self.stop = Request()
        self.exit_code: int | None = None
        self._told = threading.Condition()
        self._thread = threading.Thread(target=self._run, args=(held,))

    def _run(self, held: Sequence[Child]) -> None:
        code = run(
            held,
            start=children.start,
            clock=host.HostClock("always"),
            stop=self.stop,
            tell=self._tell,
        )
        with self._told:
            self.exit_code = code
            self._told.notify_all()

    def _tell(self, event: Event) -> None:
        with self._told:
            self.events.append(event)
            self._told.notify_all()

    def until(self, holds: Callable[[], bool]) -> None:
        with self._told:
            assert self._told.wait_for(holds, WAIT_S), f"not within {WAIT_S} s: {self.events}"

    def pids(self, name: str) -> list[int]:
        return [event.pid for event in self.events if isinstance(event, Up) and event.name == name]

    def until_said(self, name: str, times: int = 1) -> None:
        self.until(lambda: self.events.count(Said(name, "ready")) >= times)

    def end(self) -> None:
        self.stop.make()
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()

    @contextmanager
    def running(self) -> Iterator["Station"]:
        self._thread.start()
        try:
            yield self
        finally:
            self.end()
            self.stop.close()


def test_children_start_in_order_and_stop_in_the_reverse_order() -> None:
    """The relay process is the first and outlives the one that renews its lease."""
    station = Station([python(name, IDLES) for name in ("relay", "control", "uplink a")])
    with station.running():
        for name in ("relay", "control", "uplink a"):
            station.until_said(name)
    ups = [event.name for event in station.events if isinstance(event, Up)]
    stops = [event for event in station.events if isinstance(event, Stopped)]
    assert ups == ["relay", "control", "uplink a"]
    assert stops == [Stopped(name, killed=False) for name in ("uplink a", "control", "relay")]
    assert station.exit_code == 0


def test_a_killed_child_returns_and_the_others_never_notice() -> None:
    station = Station([python("relay", IDLES), python("control", IDLES)])
    with station.running():
        station.until_said("control")
        os.kill(station.pids("control")[0], signal.SIGKILL)
        station.until_said("control", times=2)
    assert Died("control", -signal.SIGKILL, restarts.FIRST_DELAY_MS) in station.events
    assert len(set(station.pids("control"))) == 2
    assert len(station.pids("relay")) == 1


def test_what_a_child_writes_is_passed_on_line_by_line_also_its_last_words() -> None:
    script = (
        "import os; os.write(1, b'one\\ntwo \\xe4\\xba\\x95\\n'); os.write(2, b'at the end'); "
        "os._exit(78)"
    )
    station = Station([python("control", script)])
    with station.running():
        station.until(lambda: station.exit_code is not None)
    said = [event.line for event in station.events if isinstance(event, Said)]
    assert said == ["one", "two 井", "at the end"]


def test_a_child_that_closes_its_output_lives_on() -> None:
    mute = "import os, signal; os.write(1, b'ready\\n'); os.close(1); os.close(2); signal.pause()"
    station = Station([python("control", mute), python("relay", IDLES)])
    with station.running():
        station.until_said("control")
        station.until_said("relay")
    assert len(station.pids("control")) == 1


@pytest.mark.parametrize(("code", "ours"), [(78, 78), (127, 1)])
def test_a_child_with_wrong_settings_ends_all_of_them(code: int, ours: int) -> None:
    broken = python("control", f"import os; os._exit({code})")
    station = Station([python("relay", IDLES), broken])
    with station.running():
        station.until(lambda: station.exit_code is not None)
    assert station.exit_code == ours
    assert Died("control", code, None, 1) in station.events
    assert Stopped("relay", killed=False) in station.events


def test_a_child_that_dies_too_often_ends_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarts, "DEATHS_MAX", 2)
    station = Station([python("control", "import os; os._exit(3)"), python("relay", IDLES)])
    with station.running():
        station.until(lambda: station.exit_code is not None)
    assert station.exit_code == 1
    assert station.events[-2:] == [Died("control", 3, None, 3), Stopped("relay", killed=False)]
    assert len(station.pids("control")) == 3


def test_a_child_that_does_not_go_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.supervisor.STOP_MS", 200)
    station = Station([python("control", STUBBORN)])
    with station.running():
        station.until_said("control")
    assert station.events[-1] == Stopped("control", killed=True)


def test_a_line_without_an_end_is_cut_at_its_bound() -> None:
    flood = "import os; os.write(1, b'x' * 20000); os._exit(78)"
    station = Station([python("control", flood)])
    with station.running():
        station.until(lambda: station.exit_code is not None)
    said = [event.line for event in station.events if isinstance(event, Said)]
    assert "".join(said) == "x" * 20000


HOLDS = """
import sys
from agent.supervisor import Child, run
from drivers import children, host
with host.StopRequest() as stop:
    held = [Child("idle", (sys.executable, "-c", "import signal; signal.pause()"))]
    told = lambda event: print(getattr(event, "pid", 0), flush=True)
    sys.exit(run(held, start=children.start, clock=host.HostClock('always'), stop=stop, tell=told))
"""


@pytest.mark.parametrize(
    ("ending", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGKILL, -9)]
)
def test_however_the_supervisor_ends_no_child_is_left(ending: signal.Signals, code: int) -> None:
    supervisor = subprocess.Popen([sys.executable, "-c", HOLDS], stdout=subprocess.PIPE)
    assert supervisor.stdout is not None
    with supervisor, supervisor.stdout:
        child = os.pidfd_open(int(supervisor.stdout.readline()))
        try:
            supervisor.send_signal(ending)
            gone, _, _ = select.select([child], [], [], WAIT_S)
            assert gone, "the child outlived its supervisor"
        finally:
            os.close(child)
        assert supervisor.wait(WAIT_S) == code


@pytest.mark.parametrize(
    ("event", "english", "chinese"),
    [
        (Up("relay", 7), "relay is up (process 7)", "relay 已启动（进程号 7）"),
        (
            Died("control", -9, 100),
            "control was ended by SIGKILL; it starts again in 0.1 s",
            "control 被信号 SIGKILL 结束，0.1 秒后重启",
        ),
        (
            Died("uplink a", 1, None, 11),
            (
                "uplink a ended with code 1, death 11 within two minutes: it is not started again, "
                "all stop; its own words above say why"
            ),
            "uplink a 以退出码 1 结束，两分钟内共 11 次，不再重启，全部停止；原因见其上方输出",
        ),
        (Stopped("relay", killed=False), "relay has stopped", "relay 已停止"),
        (
            Stopped("relay", killed=True),
            "relay did not go and was killed",
            "relay 未按时退出，已强制结束",
        ),
        (Said("uplink a", "hello"), "uplink a | hello", "uplink a | hello"),
    ],
)
def test_each_event_is_one_line_in_each_language(event: Event, english: str, chinese: str) -> None:
    assert words.supervision(event, "en") == english
    assert words.supervision(event, "zh") == chinese
