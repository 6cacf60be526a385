"""Room rule: the tables of one well's report beside its water account. Adds nothing up."""

from dataclasses import replace

from agent import words
from agent.core.model import Role
from agent.report import sheet
from agent.report.sheet import ABSENT, Cell, Table, Voice, text
from agent.report.well import EpochProof, Fitting, Interruption, Level, WellReport


def levels(report: WellReport, voice: Voice) -> Table:
    def row(key: str, level: Level) -> tuple[Cell, ...]:
        return (
            text(voice(key)),
            sheet.metres(level.start_mm),
            sheet.metres(level.end_mm),
            sheet.metres(level.mean_mm),
            sheet.metres(level.quarter_change_mm, signed=True),
            sheet.metres(level.year_change_mm, signed=True),
        )

    columns = ("level", "start", "end", "mean", "on_quarter", "on_year")
    rows = (row("static", report.static), row("dynamic", report.dynamic))
    return Table(voice.heads(*columns), rows, (voice("level_note"),))


def arrival(report: WellReport, voice: Voice) -> tuple[Table, ...]:
    complete = report.completeness
    own = voice.paired(
        ("intervals", sheet.count(complete.expected)),
        ("recorded", sheet.percent(complete.recorded, complete.expected)),
        ("good", sheet.percent(complete.good, complete.recorded)),
        ("missing", sheet.count(complete.expected - complete.recorded)),
    )
    rows = tuple(
        (
            text(one.platform),
            sheet.count(one.records),
            sheet.count(one.delivered),
            sheet.count(one.parked),
            sheet.percent(one.delivered, one.records),
            sheet.percent(min(one.intervals, complete.expected), complete.expected),
        )
        for one in report.arrivals
    )
    columns = ("platform", "due", "delivered", "parked", "arrival_rate", "completeness")
    return own, Table(voice.heads(*columns), rows, voice.none(rows, "platform"))


def interruptions(report: WellReport, voice: Voice) -> Table:

    def row(one: Interruption) -> tuple[Cell, ...]:
        return (
            sheet.minute(one.from_utc_ms),
            voice.until(one.to_utc_ms),
            voice.of("interruption_cause", one.cause),
            voice.lasted(one.from_utc_ms, one.to_utc_ms),
            voice.of("interruption_policy", one.policy),
            sheet.cubic_metres(one.standing_l),
            sheet.cubic_metres(one.counted_l),
            text(_answer(one, voice)),
        )

    columns = ("from", "to", "cause", "lasted", "policy", "standing", "counted", "answer")
    rows = tuple(row(one) for one in report.interruptions)
    return Table(voice.heads(*columns), rows, voice.none(rows, "event"))


def _answer(one: Interruption, voice: Voice) -> str:
    if one.answered_utc_ms is None:
        return voice("unanswered" if one.to_utc_ms is None else "by_itself")
    after = words.duration(max(0, one.answered_utc_ms - one.from_utc_ms), voice.language)
    return voice("answered", after=after, by=one.answered_by)


def bypass_override(report: WellReport, voice: Voice) -> tuple[Table, ...]:
    bypasses = tuple(
        (
            sheet.minute(one.from_utc_ms),
            voice.until(one.to_utc_ms),
            voice.lasted(one.from_utc_ms, one.to_utc_ms),
            sheet.cubic_metres(one.volume_l),
        )
        for one in report.bypasses
    )
    overrides = tuple(
        (
            sheet.minute(one.from_utc_ms),
            voice.until(one.to_utc_ms),
            voice.lasted(one.from_utc_ms, one.to_utc_ms),
            voice.of("use", one.use),
            sheet.cubic_metres(one.granted_l),
            sheet.cubic_metres(one.volume_l),
            text(one.reason),
            text(one.author),
        )
        for one in report.overrides
    )
    head = voice.heads("from", "to", "lasted", "volume")
    columns = ("from", "to", "lasted", "override_use", "granted", "volume", "reason", "author")
    return (
        Table(head, bypasses, voice.none(bypasses, "event"), title=voice("bypasses")),
        Table(voice.heads(*columns), overrides, voice.none(overrides, "event"), voice("overrides")),
    )


# --- meters, papers and proof --------------------------------------------------------------------


def meters(report: WellReport, voice: Voice) -> Table:
    def row(one: Fitting) -> tuple[Cell, ...]:
        return (
            sheet.day(one.at_utc_ms),
            voice.of("role", one.role),
            text(voice(_deed(one))),
            text(one.removed_serial),
            _total(one, one.removed_total),
            text(one.fitted_serial),
            _total(one, one.fitted_total),
            text(one.document),
            text(one.author),
        )

    removed, fitted = ("removed_serial", "removed_total"), ("fitted_serial", "fitted_total")
    columns = voice.heads("date", "meter", "deed", *removed, *fitted, "certificate", "author")
    rows = tuple(row(one) for one in report.fittings)
    return Table(columns, rows, voice.none(rows, "meter"))


def _deed(one: Fitting) -> str:
    if one.fitted_serial is None:
        return "deed_removed"
    return "deed_fitted" if one.removed_serial is None else "deed_exchanged"


def _total(one: Fitting, total: int | None) -> Cell:
    if total is None:
        return ABSENT
    shown = sheet.cubic_metres(total)
    unit = "m³" if one.role is Role.FLOW_METER else "kWh"
    return Cell(f"{shown.text} {unit}", shown.plain, number=True)


def transfers(report: WellReport, voice: Voice) -> Table:
    rows = tuple(
        (
            sheet.day(one.at_utc_ms),
            voice.of("allocation_kind", one.kind),
            sheet.cubic_metres(one.volume_l),
            text(one.document),
            text(voice("other_half")),
        )
        for one in report.transfers
    )
    columns = ("date", "kind", "volume", "document", "state")
    return Table(voice.heads(*columns), rows, voice.none(rows, "event"))


def proof(report: WellReport, voice: Voice) -> tuple[Table, ...]:
    """A table for each epoch, the oldest first; what is said of all of them stands below."""
    keys = sorted({key for one in report.proof for key in one.keys})
    notes = [
        voice("head", number=one.records, hash=one.hash) for one in report.proof if one.records
    ]
    notes.append(
        voice("compared", count=report.compared - report.disagreements, of=report.compared)
    )
    notes.append(voice("keys", keys=" ".join(keys)) if keys else voice("unsealed"))
    pruned = sum(one.pruned for one in report.proof)
    if pruned:
        notes.append(voice("pruned", count=pruned))
    last = len(report.proof) - 1
    return tuple(
        replace(_epoch(one, voice), notes=tuple(notes) if at == last else ())
        for at, one in enumerate(report.proof)
    )


def _epoch(one: EpochProof, voice: Voice) -> Table:
    broken = bool(one.damage)
    return voice.paired(
        ("epoch", text(one.epoch)),
        ("records", sheet.count(one.records)),
        ("seals", sheet.count(one.seals)),
        ("sealed_at", sheet.minute(one.sealed_utc_ms)),
        ("sealed_through", sheet.count(one.sealed_through) if one.seals else ABSENT),
        ("verdict", replace(text(voice("chain_broken" if broken else "chain_whole")), strong=True)),
    )
