"""What is proven is told, and what is not is said: damage, restored cards, seals, pruning."""

import sqlite3
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest

from agent import signing
from agent.core.model import (
    Action,
    ConditionChanged,
    ConditionKind,
    EpochBegan,
    OpenYear,
    Override,
    RelayMoved,
    Seal,
    Session,
    StopCause,
    Use,
)
from agent.journal import (
    Ahead,
    Journal,
    Now,
    Parked,
    Retention,
    Signer,
    Stamped,
    Transaction,
    Upkeep,
    begin_epoch,
)
from agent.report.made import NothingProven
from agent.report.well import WellReport

from .conftest import DAY, HOUR, Pen, Report, ms, sample

YEARS = Retention(731, 3653, 1 << 40)


def pumped(pen: Pen, days: int = 40) -> Path:
    """From 2 March on 1 m³ a day; record 6 is 2 March's."""
    pen.commission("2026-03-01")
    for day in range(1, days + 1):
        at = ms("2026-03-01") + day * DAY
        pen.write(at, sample(1_000_000 + day * 1000, day * 300, withdrawn=day * 1000))
    return pen.save()


ALTERED = (
    "UPDATE records SET"
    " body = CAST(replace(CAST(body AS TEXT), '1010000', '1009000') AS BLOB) WHERE number = 14"
)


def alter(path: Path, sql: str) -> None:
    with sqlite3.connect(path) as outside:
        outside.execute(sql)
    outside.close()


def test_a_whole_journal_says_so(pen: Pen, report: Report) -> None:
    told = report(pumped(pen), "2026")
    assert told.whole
    assert (told.proof[0].records, told.proof[0].damage) == (44, ())


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        (ALTERED,
         "record 14 is not what was written"),
        ("UPDATE records SET at_utc_ms = at_utc_ms - 1 WHERE number = 14",
         "record 14 is not what was written"),
        ("DELETE FROM records WHERE number = 14", "record 14 is missing"),
    ],
)  # fmt: skip
def test_a_damaged_journal_is_reported_as_far_as_it_is_proven(
    pen: Pen, report: Report, sql: str, says: str
) -> None:
    alter(pumped(pen), sql)
    told = report(pen.path, "2026")
    assert not told.whole
    assert told.proof[0].records == 13
    assert told.sums.volumes.metered_l == 9_000
    chinese, english = told.proof[0].damage
    assert says in english
    assert "14" in chinese


def test_a_journal_that_is_damaged_before_the_period_proves_nothing_of_it(
    pen: Pen, report: Report
) -> None:
    alter(pumped(pen), "DELETE FROM records WHERE number = 14")
    with pytest.raises(NothingProven, match="No record of 2026-04 is proven"):
        report(pen.path, "2026-04")


def test_a_seal_that_seals_nothing_ends_what_is_proven(pen: Pen, report: Report) -> None:
    """Its hash is right, for whoever forged it had the file; the key he had not."""
    pumped(pen)
    journal = Journal.open(pen.path)
    at = ms("2026-05-01")
    journal.append(Transaction([Stamped(at, trusted=True, body=Seal(1, "", "", ""))]))
    journal.close()
    told = report(pen.path, "2026")
    assert not told.whole
    assert "45" in told.proof[0].damage[0]
    assert told.sums.volumes.metered_l == 40_000


def signer_of(folder: Path) -> Signer:
    def begin(message: bytes) -> Future[bytes]:
        signed: Future[bytes] = Future()
        signed.set_result(signing.sign(folder, message))
        return signed

    public = signing.public_half(folder)
    return Signer(lambda: public, begin)


def seal(path: Path, at: str) -> str:
    """By the station's own upkeep; its public key."""
    journal, signer = Journal.open(path), signer_of(path.parent)
    upkeep = Upkeep(journal, YEARS, signer)
    for _ in ("begun", "signed"):
        upkeep.step(Now(ms(at), trusted=True, passed=0))
    journal.close()
    return signer.public()


def test_seals_are_checked_and_their_key_is_told(pen: Pen, report: Report) -> None:
    key = seal(pumped(pen), "2026-04-10T12:00")
    (proof,) = report(pen.path, "2026").proof
    assert (proof.seals, proof.sealed_through, proof.keys) == (1, 44, (key,))
    assert proof.sealed_utc_ms == ms("2026-04-10T12:00")


def restored(path: Path) -> None:
    """The card was restored: a new epoch, with the entries and what was not sent."""
    journal = Journal.open(path)
    journal.append(Transaction([], cursors={"a": 40, "b": 30}))
    journal.close()
    at = ms("2026-04-20")
    begin_epoch(path, Ahead("a", 500), at, trusted=True, uplinks=["a", "b"], alive=list)
    later = Stamped(ms("2026-04-21"), trusted=True, body=sample(1_050_000, withdrawn=50_000))
    journal = Journal.open(path)
    journal.append(Transaction([later]))
    journal.close()


def without_proof(report: WellReport) -> WellReport:
    return replace(report, proof=(), completeness=replace(report.completeness, expected=0))


def test_the_epoch_before_is_told_first_and_its_copies_not_again(pen: Pen, report: Report) -> None:
    restored(pumped(pen))
    told = report(pen.path, "2026", platforms=("a", "b"))
    assert told.whole
    assert len(told.proof) == 2
    assert [one.sums.volumes.metered_l for one in told.months[2:]] == [30_000, 20_000]
    assert (told.compared, told.disagreements) == (41, 0)
    assert len(told.documents) == 1
    assert [one.records for one in told.arrivals] == [45, 45]


def test_what_was_carried_over_has_arrived_once_its_copies_have(pen: Pen, report: Report) -> None:
    """It was counted as never delivered, in the report of each year with a restored card."""
    restored(pumped(pen))

    def told(**cursors: int) -> list[tuple[int, int, int]]:
        journal = Journal.open(pen.path)
        journal.append(Transaction([], cursors=cursors))
        journal.close()
        arrivals = report(pen.path, "2026", platforms=("a", "b", "late")).arrivals
        return [(one.delivered, one.parked, one.intervals) for one in arrivals]

    begins = 1 + 4 + 14  # the first record, the entries, and 31 to 44
    assert told(a=begins - 1) == [(40, 0, 36), (30, 0, 26), (0, 0, 0)]
    assert told(a=begins, b=begins + 1, late=begins + 1) == [
        (44, 0, 40), (45, 0, 41), (15, 0, 15),
    ]  # fmt: skip
    journal = Journal.open(pen.path)
    journal.append(Transaction([], parked=[Parked("b", begins, "too large")]))
    journal.close()
    assert told()[1] == (31, 0, 27), "which of them it refused is not known here"


def test_a_missing_epoch_is_said_and_what_was_carried_over_is_told(
    pen: Pen, report: Report
) -> None:
    restored(pumped(pen))
    (archive,) = pen.path.parent.glob("journal-*.db")
    away = archive.rename(archive.with_suffix(".away"))
    told = report(pen.path, "2026")
    assert not told.whole
    assert told.missing_epoch == archive.stem.removeprefix("journal-")
    assert told.to_date.volumes.metered_l == 50_000
    assert told.begins_utc_ms == ms("2026-03-01")
    alter(away.rename(archive), "DELETE FROM records WHERE number = 14")
    assert report(pen.path, "2026").missing_epoch == told.missing_epoch


def test_a_copy_under_another_name_finds_the_earlier_epoch_as_the_station_named_it(
    pen: Pen, report: Report
) -> None:
    """An office has many wells: it was told to put the file there that lay there."""
    restored(pumped(pen))
    copy = pen.path.rename(pen.path.with_name("well-14-0127.sqlite"))
    told = report(copy, "2026")
    assert (told.missing_epoch, len(told.proof)) == ("", 2)


def test_a_forged_name_of_an_epoch_leads_nowhere(pen: Pen, report: Report) -> None:
    pen.write("2026-03-01", EpochBegan("../../etc/x", 1, "", 2, "a", 0))
    pumped(pen)
    told = report(pen.path, "2026")
    assert told.missing_epoch == "../../etc/x"
    assert told.sums.volumes.metered_l == 40_000


def test_pruned_samples_leave_the_year_to_what_is_kept(
    pen: Pen, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.journal.store.TAIL_RECORDS", 10)
    pumped(pen)
    journal = Journal.open(pen.path)
    going = [row for row in journal.prunable(4, 500, samples=True) if row.number <= 30]
    journal.prune(going, None, {"samples": going[-1].number})
    journal.close()
    told = report(pen.path, "2026")
    assert told.whole
    assert told.proof[0].pruned == len(going) == 26
    assert told.sums.volumes.metered_l == 40_000
    assert told.months[2].sums.volumes.metered_l == 30_000


def test_a_month_keeps_its_water_when_its_samples_are_given_up(
    pen: Pen, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stood in the first month that has samples yet, or in December, beside 0 m3 in 5 hours."""
    monkeypatch.setattr("agent.journal.store.TAIL_RECORDS", 10)
    pen.commission("2026-03-01")
    for month in (4, 5):
        begins, before_l = ms(f"2026-{month:02}-10"), 1_000_000 + (month - 4) * 450_000
        stops, after_l = begins + 5 * HOUR, before_l + 450_000
        energy_wh = after_l - 1_000_000
        pen.write(begins, sample(before_l, energy_wh - 450_000))
        run = Session(begins, stops, before_l, after_l, None, energy_wh, StopCause.OWNER)
        pen.write(stops, run, sample(after_l, energy_wh))
    pen.write("2027-01-01", OpenYear(2027, 2026, 1_900_000, 0, energy_total_wh=900_000))
    for day in range(1, 12):
        pen.write(f"2027-01-{day:02}", sample(1_900_000, 900_000))
    whole = report(pen.save(), "2026").months
    journal = Journal.open(pen.path)
    journal.prune(journal.prunable(0, 4, samples=True), None, {})
    journal.close()
    pruned = report(pen.path, "2026")
    assert pruned.proof[0].pruned == 4
    for now, was in zip(pruned.months, whole, strict=True):
        assert (now.sums.volumes, now.sums.energy_wh) == (was.sums.volumes, was.sums.energy_wh)


def test_an_override_stays_in_its_year_when_its_samples_are_given_up(
    pen: Pen, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was told as of the first sample that is left, years later, and gave nothing."""
    monkeypatch.setattr("agent.journal.store.TAIL_RECORDS", 10)
    over = ConditionChanged(ConditionKind.OVERRIDE, True, Action.WARN, latched=False)
    cut = RelayMoved(False, False, (), 40_000, 0)
    run = Session(ms("2026-06-01T09:00"), ms("2026-06-01T10:00"), 0, 1_041_000, None, None,
                  StopCause.CUT)  # fmt: skip
    pen.commission("2026-03-01")
    pen.write("2026-06-01T08:00", sample(1_010_000, withdrawn=10_000))
    given = Override(Use.LIVESTOCK, 30_000, HOUR, "干旱", "li", 1_010_000)
    pen.write("2026-06-01T08:30", given, over, sample(1_010_000, withdrawn=10_000))
    ended = replace(over, raised=False)
    pen.write("2026-06-01T10:00", ended, cut, sample(1_040_000, withdrawn=40_000))
    pen.write("2026-06-01T10:01", run, sample(1_041_000, withdrawn=41_000))
    for day in range(1, 12):
        pen.write(f"2026-12-{day:02}", sample(1_041_000, withdrawn=41_000))
    whole = report(pen.save(), "2026")
    assert [one.volume_l for one in whole.overrides] == [30_000]
    journal = Journal.open(pen.path)
    journal.prune(journal.prunable(0, 4, samples=True), None, {})
    journal.close()
    pruned = report(pen.path, "2026")
    assert pruned.proof[0].pruned == 4
    assert (pruned.overrides, pruned.sums) == (whole.overrides, whole.sums)


def test_the_live_journal_is_only_read(pen: Pen, report: Report) -> None:
    """Control has it open and writes on: what was there when the report came by is told."""
    pumped(pen)
    live = Journal.open(pen.path)
    before = pen.path.read_bytes()
    assert report(pen.path, "2026").proof[0].records == 44
    later = Stamped(ms("2026-05-01"), trusted=True, body=sample(1_060_000, withdrawn=60_000))
    live.append(Transaction([later]))
    assert report(pen.path, "2026").sums.volumes.metered_l == 60_000
    live.close()
    assert len(pen.path.read_bytes()) >= len(before)
