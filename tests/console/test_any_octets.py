"""Whatever comes down the line: no traceback, no stuck session, no order that nobody confirmed."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.console.commands import COMMANDS
from agent.console.session import Session
from agent.core.model import Rank
from tests.console.stations import PIN, Station, Visitor

WORDS = sorted({word for one in COMMANDS for word in one.words} | {"li", "ma", PIN, "well"})
ARGUMENTS = ["2026", "5m3", "-3m3", "2026-05-01", "30s", "flow", "doc", '"a b', "?", "1", "１方"]
CONTROLS = [b"\r", b"\n", b"\t", b"\x03", b"\x04", b"\x15", b"\x1b[A", b"\x1b[6n", b"\x00", b"\xff"]

pieces = st.one_of(
    st.sampled_from(WORDS).map(lambda word: f"{word} ".encode()),
    st.sampled_from(ARGUMENTS).map(lambda word: f"{word} ".encode()),
    st.sampled_from(CONTROLS),
    st.binary(max_size=12),
    st.text(max_size=6).map(lambda text: text.encode("utf-8", "surrogatepass")),
)
# What is ordered only after the well's name was typed.
CONFIRMED = {"AllocateOrder", "CorrectOrder", "OverrideOrder", "ReleaseOrder", "RelayTestOrder"}


def sits_through(octets: list[bytes], *, signed_in: bool) -> Visitor:
    """A session at which all this is typed, until the cable is pulled."""
    visitor = Visitor(Station())
    visitor.line.come += [b"li\r", f"{PIN}\r".encode()] if signed_in else []
    visitor.line.come += octets
    visitor.line.ends = True
    Session(visitor.terminal, visitor.station, visitor.bench, visitor.settings).run()
    return visitor


@pytest.mark.parametrize("signed_in", [True, False])
def test_any_octets_leave_a_session_that_is_whole(soak: int, *, signed_in: bool) -> None:
    @settings(max_examples=60 * soak, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(pieces, max_size=60))
    def holds(octets: list[bytes]) -> None:
        visitor = sits_through(octets, signed_in=signed_in)
        shown = visitor.line.written.decode("utf-8", "replace")
        assert "Traceback" not in shown
        assert "has failed" not in shown
        assert visitor.terminal.hung_up is not None
        told = b"".join(octets)
        ordered = {kind for kind, _ in visitor.station.orders}
        assert b"well" in told or not ordered & CONFIRMED
        if not signed_in and b"li" not in told:
            assert not ordered
        assert visitor.station.accounts["li"][1] is Rank.SUPERVISOR

    holds()
