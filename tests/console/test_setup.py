"""The commissioning guide from end to end, on a terminal in memory and the real core behind it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from agent.core.model import FitMeter, Quantity, Reading, SetupNoted, SetupOutcome, SetupStep
from tests.console.stations import Station, Visitor
from tests.core.story import Story

O = SetupOutcome  # noqa: E741  # as short as the table below
NAMEPLATE = ("lic-7", "2030-12-31", "Ma", "30", "cert-1", "2028-01-01", "s1", "cert-2",
             "2028-01-01", "s2")  # fmt: skip
FLOW = ("F-1", "500m3", "", "0L", "well")
POWER = ("P-1", "70kWh", "", "well", "50/5")
PLAN = ("6.25万m3", "no-7", "well")
UNTIL_WET = (*NAMEPLATE, "", *FLOW, *POWER, *PLAN, "well", "y")
REST = ("USB stick, office", "", "Contractor", "Ma", "well")


class House(Station):
    """A new pump house whose owner presses start once he is asked to."""

    def __init__(self, story: Story | None = None) -> None:
        super().__init__(story or Story().at(3))
        self.instruments = {}
        self.language = "en"
        self.uplinks = {}
        self.asked_to_start: Callable[[], bool] = lambda: False
        self.starts = 1

    def _status(self, **asked: Any) -> dict[str, Any]:
        if self.asked_to_start() and self.starts and self.story.relay:
            self.story.start()
            self.starts -= 1
        fitted = {one.role.value: one for one in self.story.of(FitMeter)}
        self.instruments = {
            role: {"serial": one.serial, "document": one.document, "fitted_utc_ms": 0}
            for role, one in fitted.items()
        }
        return super()._status(**asked)


class Doubled(Story):
    """A meter that is configured for another size of pipe: its flow is twice its total's."""

    def readings(self) -> tuple[Reading, ...]:
        return tuple(
            replace(one, value=one.value * 2)
            if one.quantity is Quantity.FLOW_L_PER_H and one.value
            else one
            for one in Story.readings(self)
        )


def guided(house: House, *lines: str) -> str:
    visitor = Visitor(house)
    house.asked_to_start = lambda: b"press start" in visitor.line.written
    return visitor.signed_in(*lines)


def outcomes(house: House) -> dict[SetupStep, SetupOutcome]:
    return {one.step: one.outcome for one in house.story.state.people.setup}


def noted(house: House, step: SetupStep) -> dict[str, str]:
    one = next(one for one in reversed(house.story.of(SetupNoted)) if one.step is step)
    return dict(fact.split("=", 1) for fact in one.facts)


def test_from_nothing_to_the_first_permit_and_a_signed_record() -> None:
    house = House()
    said = guided(house, "setup 20s", *UNTIL_WET, *REST, "setup show", "status")
    assert "Commissioned and signed" in said
    assert outcomes(house) == dict.fromkeys(SetupStep, O.DONE)
    assert house.story.permitted


def test_nothing_is_asked_twice_and_what_is_done_is_kept() -> None:
    """The cable is pulled after the third step; the next technician goes on at the fourth."""
    house = House()
    guided(house, "setup", *NAMEPLATE, "", "F-1")
    assert list(outcomes(house)) == [SetupStep.NAMEPLATE, SetupStep.CLOCK, SetupStep.BUS]
    assert house.story.of(SetupNoted)[-1].author == "li"
    assert not any(kind == "FitMeterOrder" for kind, _ in house.orders)
    said = guided(house, "setup", *FLOW, "quit", "status")
    assert "Step 4 of 11" in said
    assert "Step 1 of 11" not in said
    assert "Flow meter's certificate [cert-1]" in said
    assert "what is done is kept" in said
    assert "Commissioning     4 of 11; next: Electricity meter" in said


def test_a_step_is_skipped_for_a_reason_and_only_for_one() -> None:
    house = House()
    said = guided(house, "setup", "skip", "skip no licence yet", "跳过　the clock is new", "quit")
    assert "Skipping takes a reason" in said
    assert outcomes(house)[SetupStep.NAMEPLATE] is O.SKIPPED
    assert outcomes(house)[SetupStep.CLOCK] is O.SKIPPED
    assert [one.reason for one in house.story.of(SetupNoted)][:2] == ["no licence yet",
                                                                  "the clock is new"]  # fmt: skip


def test_back_goes_to_the_step_before_from_any_question() -> None:
    house = House()
    said = guided(house, "setup", *NAMEPLATE, "", "F-1", "back", "quit")
    assert said.count("Step 3 of 11") == 2
    assert said.index("Step 4 of 11") < said.rindex("Step 3 of 11")


def test_a_number_that_cannot_be_read_is_asked_for_again() -> None:
    said = guided(House(), "setup", "lic-7", "soon", "2030-13-40", "2030-12-31", "quit")
    assert said.count("is no day") + said.count("2026-10-31") >= 2
    assert "Water user" in said


def test_a_display_that_differs_from_the_wire_fits_nothing() -> None:
    house = House()
    said = guided(house, "setup", *NAMEPLATE, "", "F-1", "700m3", "", "0L", "well", "quit")
    assert "Refused" in said
    assert house.instruments == {}
    assert house.story.state.ledger.segment is None


def test_a_certificate_that_has_lapsed_is_said_and_stays_open() -> None:
    house = House()
    lapsed = (*NAMEPLATE[:5], "2020-01-01", *NAMEPLATE[6:])
    said = guided(house, "setup", *lapsed, "quit")
    assert "it has lapsed: Its verification is due 2020-01-01" in said
    assert outcomes(house) == {SetupStep.NAMEPLATE: O.FAILED}


def _to_the_wet_test(house: House, *lines: str) -> str:
    return guided(house, "setup 20s", *UNTIL_WET, *lines)


def test_a_meter_whose_total_does_not_follow_its_flow_does_not_pass() -> None:
    house = House(Doubled().at(3))
    said = _to_the_wet_test(house, "quit")
    assert "differ by more than 5 %" in said
    assert outcomes(house)[SetupStep.WET_TEST] is O.FAILED
    assert noted(house, SetupStep.WET_TEST)["wet_deviation_permille"] == "-500"


def test_the_longest_wet_test_is_kept_whole() -> None:
    house = House()
    guided(house, "setup 10min", *UNTIL_WET, "quit")
    assert outcomes(house)[SetupStep.WET_TEST] is O.DONE
    assert noted(house, SetupStep.WET_TEST)["wet_lasted_ms"] == "600000"


def test_a_welded_contactor_is_found_by_the_cut() -> None:
    house = House(Story(welded=True).at(3))
    said = _to_the_wet_test(house, "quit")
    assert "went on after the cut" in said
    assert outcomes(house)[SetupStep.WET_TEST] is O.FAILED


def test_a_pump_that_starts_with_the_permission_is_found() -> None:
    house = House()
    house.starts = 1_000  # somebody holds the button down
    said = _to_the_wet_test(house, "quit")
    assert "started by itself" in said
    assert outcomes(house)[SetupStep.WET_TEST] is O.FAILED


def test_an_owner_who_does_not_come_costs_five_minutes_and_nothing_else() -> None:
    house = House()
    house.starts = 0
    said = _to_the_wet_test(house, "skip the owner is away", "quit")
    assert "no pump ran within 5 minutes" in said
    assert outcomes(house)[SetupStep.WET_TEST] is O.SKIPPED
    assert house.story.permitted


def test_a_cable_that_is_pulled_in_the_wet_test_leaves_a_permission_and_no_stop() -> None:
    house = House()
    house.starts = 0
    visitor = Visitor(house)

    def pull(octets: bytes) -> bytes:
        if b"press start" in octets:
            visitor.line.hang_up()
        return b""

    visitor.line._seen = pull
    visitor.signed_in("setup 20s", *UNTIL_WET)
    house.story.after(200)
    assert SetupStep.WET_TEST not in outcomes(house)
    assert house.story.permitted
    assert house.story.state.stops == ()


def test_without_an_allocation_nothing_is_tried_on_the_pump() -> None:
    house = House()
    skipped = ("skip no plan issued", "quit")
    said = guided(house, "setup", *NAMEPLATE, "", *FLOW, *POWER, *skipped)
    assert "the pump may not run now: No allocation" in said
    assert not any(kind == "RelayTestOrder" for kind, _ in house.orders)


def test_nobody_signs_for_steps_that_are_open() -> None:
    house = House()
    said = guided(house, "setup step signature", "quit")
    assert "there are open steps" in said
    assert SetupStep.SIGNATURE not in {one.step for one in house.story.of(SetupNoted)
                                       if one.outcome is O.DONE}  # fmt: skip


def test_a_step_once_more_takes_the_signature_away() -> None:
    house = House()
    guided(house, "setup 20s", *UNTIL_WET, *REST)
    assert SetupStep.SIGNATURE in outcomes(house)
    guided(house, "setup step clock", "", "quit")
    assert SetupStep.SIGNATURE not in outcomes(house)


@pytest.mark.parametrize("lasts", ["5s", "11min", "1h"])
def test_a_wet_test_is_neither_a_moment_nor_a_rating(lasts: str) -> None:
    house = House()
    assert "The wet test lasts 20s to 10min" in guided(house, f"setup {lasts}")
    assert house.orders == []


def test_a_viewer_reads_the_record_and_begins_nothing() -> None:
    house = House()
    visitor = Visitor(house)
    said = visitor.signed_in("setup", "setup show", account="ma")
    assert "Nameplate and certificates: open" in said
    assert house.orders == []


def test_a_rating_is_a_visit_of_its_own_and_ends_with_what_it_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    station = Station(Story().commission(62_500_000).after(2))
    station.story.start()
    visitor = Visitor(station)
    ends = Station.call

    def call(method: str, fields: Any, within_s: float) -> Any:
        if fields.get("order") == "EndRatingOrder":
            station.story.after(3_700)
        return ends(station, method, fields, within_s)

    monkeypatch.setattr(station, "call", call)
    said = visitor.signed_in("meter calibrate begin", "meter calibrate end")
    assert "let the pump run for 60 minutes" in said
    assert "meter calibrate set 3.00" in said.replace("\n", " ")
