"""Room rule: whether the pump house has its mains, and since when. Decides nothing.

Meters that lost their supply with the mains are no fault, and need a while after its return. A
pump on a maintained contact would start by itself then, together with every other on the feeder.
"""

from dataclasses import dataclass

from agent.core.model import Contacts, Quantity, Reading, Site
from agent.core.pump import View, flowing, good_value, powered
from agent.core.replacing import replace

VOLTAGES = (Quantity.VOLTAGE_1_MV, Quantity.VOLTAGE_2_MV, Quantity.VOLTAGE_3_MV)
# Below this share of the nominal voltage on every phase there is no mains, only induction.
DEAD_PERCENT = 20


@dataclass(frozen=True, slots=True)
class Supply:
    """`settling_ms`: until the meters are judged again; `hold_ms`: until the pump may restart."""

    failed: bool = False
    settling_ms: int = 0
    hold_ms: int = 0

    @property
    def judged(self) -> bool:
        """Whether what a meter does not say may be held against it."""
        return not self.failed and self.settling_ms == 0


def watch_supply(
    supply: Supply,
    view: View,
    readings: tuple[Reading, ...],
    contacts: Contacts,
    site: Site,
    *,
    step_ms: int,
    booted: bool,
) -> Supply:
    """The supply after one more scan. `booted`: this host was not up at the last one."""
    failed = _failed(view, readings, contacts, site)
    if failed or booted:
        return Supply(failed, site.limits.mains_settle_ms, site.restart_hold_ms)
    return replace(
        supply,
        failed=False,
        settling_ms=max(0, supply.settling_ms - step_ms),
        hold_ms=max(0, supply.hold_ms - step_ms),
    )


def _failed(view: View, readings: tuple[Reading, ...], contacts: Contacts, site: Site) -> bool:
    """A contact that says so against a running pump is not believed: it may be cut off.

    Nor against a contactor that holds: it has lost the one phase that feeds the cabinet.
    """
    if True in (powered(view, site), flowing(view, site), contacts.contactor_closed):
        return False
    volts = [good_value(readings, one) for one in VOLTAGES]
    known = [one for one in volts if one is not None]
    dead_mv = site.limits.nominal_mv * DEAD_PERCENT // 100
    dead = len(known) == len(VOLTAGES) and max(known) < dead_mv
    return contacts.mains_present is False or dead
