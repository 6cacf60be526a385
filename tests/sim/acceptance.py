"""Room rule: which row of the table of acceptance a scan was (docs/design.md, section 6)."""

from agent.core.model import Bridged, Confirmed, Quantity, Reading, Role, RolledOver, Withheld
from agent.core.scan import Outcome
from agent.core.totalizer import Totalizer


def row_of(readings: tuple[Reading, ...], was: Totalizer, outcome: Outcome) -> str:
    """The row's name; a total that was not read has its fault for one."""
    now = outcome.state.totalizer
    read = next(one for one in readings if one.quantity is Quantity.FORWARD_TOTAL_L)
    if read.value is None or now is None:
        return f"bad ({read.fault})"
    said = _said(outcome)
    if said:
        return said
    if now.reversed and not was.reversed:
        return "reversed: condition"
    if was.jumped is not now.jumped:
        return "jumped: condition" if now.jumped else "jumped, and came back"
    stood = read.value < was.last and now.at == outcome.moment
    return "backward a little: stood" if stood else "same or forward"


def _said(outcome: Outcome) -> str | None:
    """What was written down of the flow meter's total; the first of these tells the row."""
    flow = Quantity.FORWARD_TOTAL_L
    # A total that passed the modulus was withheld and confirmed before, and is said so, too.
    if any(isinstance(one, RolledOver) and one.role is Role.FLOW_METER for one in outcome.bodies):
        return "rolled over"
    for one in outcome.bodies:
        match one:
            case Bridged():
                how = "bounded by electricity" if one.bounded else "unbounded"
                return f"after a gap, {how}"
            case Confirmed() if one.quantity is flow:
                return "withheld, then confirmed"
            case Withheld() if one.quantity is flow:
                return "withheld"
            case _:
                continue
    return None
