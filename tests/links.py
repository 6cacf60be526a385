"""Room rule: what tests of links share: turning a Platform by hand, waiting for an event."""

from collections.abc import Callable
from select import select

from agent.ports import LinkEvent, Platform
from drivers.host import monotonic_ms
from drivers.mqtt import Receiver

WAIT_S = 0.05
TURNS_MAX = 400  # 20 s at most; every wait below ends with its event, far sooner


def turn(platform: Platform, wait_s: float = WAIT_S) -> list[LinkEvent]:
    """One pass of the loop that an uplink has around a Platform."""
    sock = platform.fileno()
    readers = [sock] if sock >= 0 else []
    writers = readers if platform.wants_write() else []
    readable, writable, _ = select(readers, writers, [], wait_s)
    return list(
        platform.step(readable=bool(readable), writable=bool(writable), monotonic_ms=monotonic_ms())
    )


def hear(platform: Platform, kind: type[LinkEvent], count: int = 1) -> list[LinkEvent]:
    """All events until `count` of `kind` have come."""
    heard: list[LinkEvent] = []
    for _ in range(TURNS_MAX):
        heard += turn(platform)
        if sum(isinstance(event, kind) for event in heard) >= count:
            return heard
    raise AssertionError(f"no {count} × {kind.__name__} within the bound: {heard}")


def listen(receiver: Receiver, enough: Callable[[list[tuple[str, bytes, bool]]], bool]) -> (
    list[tuple[str, bytes, bool]]
):  # fmt: skip
    """All messages until there are enough of them."""
    messages: list[tuple[str, bytes, bool]] = []
    for _ in range(TURNS_MAX):
        messages += receiver.take()
        if enough(messages):
            return messages
        receiver.step(WAIT_S)
    raise AssertionError(f"not enough within the bound: {messages} {receiver.error}")


def subscribe(receiver: Receiver) -> Receiver:
    for _ in range(TURNS_MAX):
        if receiver.subscribed:
            return receiver
        receiver.step(WAIT_S)
    raise AssertionError(f"not subscribed: {receiver.error}")


def unsubscribe(receiver: Receiver) -> None:
    """Until it has noticed that its broker is gone."""
    for _ in range(TURNS_MAX):
        if not receiver.subscribed:
            return
        receiver.step(WAIT_S)
    raise AssertionError("it is still subscribed")
