"""Room rule: sights for the demo's tests. No assertion."""

from typing import Any

from agent.demo.sight import Platform, Pump, Sight

REST = Pump(
    running=False,
    permitted=False,
    drops=0,
    flow_l_per_h=0.0,
    power_w=0.0,
    level_mm=31_250.0,
    withdrawn_l=0.0,
)


def state(**changes: Any) -> dict[str, Any]:
    """A station that is up and knows nothing yet."""
    quiet = {
        "head": [7, "ab"],
        "at_utc_ms": 1_000,
        "balance": None,
        "conditions": [],
        "readings": [],
        "instruments": {},
        "session": None,
        "uplinks": {
            name: {"cursor": 7, "waiting": 0, "connected": True, "error": ""} for name in "ab"
        },
    }
    return {**quiet, **changes}


def condition(kind: str, level: int = 0) -> dict[str, Any]:
    return {"kind": kind, "action": "warn", "since_utc_ms": 0, "latched": False, "level": level}


def sight(told: dict[str, Any] | None = None, pump: Pump = REST, *, b_there: bool = True) -> Sight:
    platforms = (
        Platform("a", there=True, delivered=7, through=7),
        Platform("b", there=b_there, delivered=3, through=3),
    )
    return Sight(told, pump, platforms)
