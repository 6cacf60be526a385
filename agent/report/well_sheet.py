"""Room rule: which tables the report of one well has, and in which words. Adds nothing up."""

from collections.abc import Callable
from datetime import timedelta

from agent import words
from agent.catalogue import LANGUAGES
from agent.core.model import AllocationKind
from agent.report import sheet, well_tables
from agent.report.period import PeriodKind, local_day
from agent.report.sheet import ABSENT, Bar, Cell, Section, Sheet, Table, Voice, text
from agent.report.well import Document, Sums, Volumes, WellReport


def sheet_of(report: WellReport, language: str) -> Sheet:
    voice = Voice(language)
    sections = (
        Section(voice("well"), (_well(report, voice),)),
        Section(voice("plan"), _plan(report, voice)),
        Section(voice("withdrawal"), _withdrawal(report, voice), _bars(report)),
        Section(voice("by_month"), _by_month(report, voice)),
        Section(voice("levels"), (well_tables.levels(report, voice),)),
        Section(voice("arrival"), well_tables.arrival(report, voice)),
        Section(voice("interruptions"), (well_tables.interruptions(report, voice),)),
        Section(voice("bypass_override"), well_tables.bypass_override(report, voice)),
        Section(voice("meters"), (well_tables.meters(report, voice),)),
        Section(voice("transfers"), (well_tables.transfers(report, voice),)),
        Section(voice("proof"), well_tables.proof(report, voice)),
    )
    return Sheet(
        language=language,
        title=voice(f"title_{report.period.kind}"),
        subtitle=period_text(report, voice),
        issuer=report.nameplate.name,
        unit=voice("unit"),
        sections=sections,
        warning=_warning(report, voice),
    )


def period_text(report: WellReport, voice: Voice, *, through: bool = True) -> str:
    """Which period, from which day to which, and how far the records go when it is not over."""
    period, zone = report.period, report.nameplate.zone
    first = local_day(period.from_utc_ms, zone)
    last = local_day(period.to_utc_ms, zone) - timedelta(days=1)
    match period.kind:
        case PeriodKind.YEAR:
            name = voice("of_year", year=period.year)
        case PeriodKind.QUARTER:
            name = voice("of_quarter", year=period.year, quarter=period.name[-1])
        case PeriodKind.MONTH:
            name = voice("of_month", year=period.year, month=first.month)
        case PeriodKind.AS_OF:
            name = voice("of_as_of", year=period.year, day=last.isoformat())
    span = voice("span", name=name, first=first.isoformat(), last=last.isoformat())
    if not through or report.through_utc_ms >= period.to_utc_ms:
        return span
    return voice("through", span=span, at=words.instant(report.through_utc_ms, voice.language))


def _warning(report: WellReport, voice: Voice) -> str:
    said = [
        voice("damaged", proven=one.records, why=one.damage[LANGUAGES.index(voice.language)])
        for one in report.proof
        if one.damage
    ]
    if report.missing_epoch:
        said.append(voice("missing_epoch", epoch=report.missing_epoch))
    if report.disagreements:
        said.append(voice("disagree", count=report.disagreements, compared=report.compared))
    return " ".join(said)


# --- the well and its plan -----------------------------------------------------------------------


def _well(report: WellReport, voice: Voice) -> Table:
    plate = report.nameplate
    return voice.paired(
        ("station", text(plate.station)),
        ("name", text(plate.name)),
        ("licence", text(plate.number)),
        ("expires", _expiry(report, voice)),
        ("holder", text(plate.holder)),
        ("use", text(voice(f"use_{plate.use}"))),
        ("regiment", text(plate.regiment)),
        ("company", text(plate.company)),
    )


def _expiry(report: WellReport, voice: Voice) -> Cell:
    expires = report.nameplate.expires
    if expires is None:
        return ABSENT
    last = local_day(report.period.to_utc_ms, report.nameplate.zone) - timedelta(days=1)
    if expires >= last.isoformat():
        return text(expires)
    return Cell(voice("expired", day=expires), expires, strong=True)


def _plan(report: WellReport, voice: Voice) -> tuple[Table, ...]:
    water = [one for one in report.documents if one.volume_l is not None]
    power = [one for one in report.documents if one.energy_wh is not None]
    total = (
        text(voice("allocated")),
        ABSENT,
        sheet.cubic_metres(report.allocated_l, strong=True),
        *[Cell("", "")] * 3,
    )
    columns = ("date", "kind", "volume", "document", "author", "until")
    rows = tuple(_document(one, voice) for one in water)
    kinds = {one.kind for one in water}
    notes = voice.none(rows, "plan")
    if {AllocationKind.PROVISIONAL, AllocationKind.PLAN} <= kinds:
        notes = (voice("provisional_note"),)
    elif AllocationKind.PROVISIONAL in kinds and report.allocated_l is None:
        notes = (voice("provisional_ended"),)
    tables = [Table(voice.heads(*columns), (*rows, total) if rows else (), notes)]
    if power:
        columns = ("date", "kind", "energy", "document", "author", "until")
        tables.append(
            Table(
                voice.heads(*columns),
                tuple(_document(one, voice) for one in power),
                title=voice("energy_plan"),
            )
        )
    if report.rounds:
        tables.append(_rounds(report, voice))
    return tuple(tables)


def _document(one: Document, voice: Voice) -> tuple[Cell, ...]:
    amount = (
        sheet.kilowatt_hours(one.energy_wh)
        if one.volume_l is None
        else sheet.cubic_metres(one.volume_l)
    )
    kind = voice.of("allocation_kind", one.kind)
    until = sheet.minute(one.expires_utc_ms)
    return sheet.day(one.at_utc_ms), kind, amount, text(one.document), text(one.author), until


def _rounds(report: WellReport, voice: Voice) -> Table:
    rows = tuple(
        (
            sheet.day(one.at_utc_ms),
            text(one.name),
            sheet.cubic_metres(one.volume_l),
            sheet.minute(one.from_utc_ms),
            sheet.minute(one.to_utc_ms),
            text(one.document),
        )
        for one in report.rounds
    )
    columns = ("date", "round", "volume", "from", "to", "document")
    return Table(voice.heads(*columns), rows, title=voice("rounds"))


# --- water ---------------------------------------------------------------------------------------


def _withdrawal(report: WellReport, voice: Voice) -> tuple[Table, ...]:
    tables = [_volumes(report, voice), _against_plan(report, voice)]
    if report.corrections:
        rows = tuple(
            (
                sheet.day(one.at_utc_ms),
                sheet.cubic_metres(one.volume_l, signed=True),
                text(one.reason),
                text(one.document),
                text(one.author),
            )
            for one in report.corrections
        )
        columns = ("date", "volume", "reason", "document", "author")
        tables.append(Table(voice.heads(*columns), rows, title=voice("corrections")))
    return tuple(tables)


def _volumes(report: WellReport, voice: Voice) -> Table:
    """The period beside the plan year so far, where they are not the same, and beside last year."""
    whole_year = report.sums == report.to_date
    shown = [report.sums, *([] if whole_year else [report.to_date]), report.last_year]
    heads = ["item", "in_period", *([] if whole_year else ["to_date"]), "last_year", "change"]

    def row(key: str, litres: Callable[[Sums], int], *, strong: bool = False) -> tuple[Cell, ...]:
        cells = [
            ABSENT if one is None else sheet.cubic_metres(litres(one), strong=strong)
            for one in shown
        ]
        return text(voice(key)), *cells, _change(report, litres)

    rows = [
        row("metered", lambda one: one.volumes.metered_l),
        row("converted", lambda one: one.volumes.converted_l),
        row("corrected", lambda one: one.volumes.corrected_l),
    ]
    if report.to_date.volumes.before_l or (report.last_year and report.last_year.volumes.before_l):
        rows.append(row("before", lambda one: one.volumes.before_l))
    rows += [
        row("withdrawn", lambda one: one.volumes.withdrawn_l, strong=True),
        row("of_override", lambda one: one.override_l),
        row("of_bypass", lambda one: one.bypass_l),
    ]
    return Table(voice.heads(*heads), tuple(rows))


def _change(report: WellReport, litres: Callable[[Sums], int]) -> Cell:
    if report.last_year is None:
        return ABSENT
    was_l = litres(report.last_year)
    return sheet.percent(litres(report.sums) - was_l, was_l, signed=True)


def _against_plan(report: WellReport, voice: Voice) -> Table:
    before = report.last_year_to_date
    withdrawn_l = report.to_date.volumes.withdrawn_l
    used = None if before is None else before.volumes.withdrawn_l
    over_l = report.over_plan_l
    return voice.paired(
        ("allocation", sheet.cubic_metres(report.allocated_l, strong=True)),
        ("cumulative", sheet.cubic_metres(withdrawn_l, strong=True)),
        ("remaining", sheet.cubic_metres(report.remaining_l, strong=True)),
        ("share", sheet.percent(withdrawn_l, report.allocated_l)),
        ("over_plan", sheet.cubic_metres(over_l, strong=bool(over_l))),
        ("share_last_year", sheet.percent(used, report.last_year_allocated_l)),
    )


def _bars(report: WellReport) -> tuple[Bar, ...]:
    return tuple(
        Bar(
            label=one.name,
            metered_l=one.sums.volumes.metered_l,
            beside_l=one.sums.volumes.withdrawn_l - one.sums.volumes.metered_l,
            to_date_l=one.to_date.withdrawn_l,
            allocated_l=one.allocated_l,
        )
        for one in report.months
    )


def _by_month(report: WellReport, voice: Voice) -> tuple[Table, ...]:
    before = any(one.sums.volumes.before_l for one in report.months)
    heads = ["month", "metered", "converted", "corrected", *(["before"] if before else [])]
    heads += ["sum", "cumulative_short", "share_short", "kwh", "hours", "ratio"]
    rows = [
        (
            text(one.name),
            *_parts(one.sums.volumes, before=before),
            sheet.cubic_metres(one.to_date.withdrawn_l),
            sheet.percent(one.to_date.withdrawn_l, one.allocated_l),
            *_power(one.sums),
        )
        for one in report.months
    ]
    total = report.to_date
    rows.append(
        (
            Cell(voice("sum"), voice("sum"), strong=True),
            *_parts(total.volumes, before=before),
            ABSENT,
            sheet.percent(total.volumes.withdrawn_l, report.allocated_l),
            *_power(total),
        )
    )
    months = Table(voice.heads(*heads), tuple(rows), (voice("ratio_note"),))
    if not report.coefficients:
        return (months,)
    coefficients = tuple(
        (
            sheet.day(one.at_utc_ms),
            sheet.per_kwh(one.litres_per_kwh),
            voice.of("rate_method", one.method),
            sheet.day(one.measured_utc_ms),
            text(one.document),
        )
        for one in report.coefficients
    )
    columns = ("since", "coefficient", "method", "measured", "document")
    return months, Table(voice.heads(*columns), coefficients, title=voice("coefficients"))


def _parts(volumes: Volumes, *, before: bool) -> tuple[Cell, ...]:
    return (
        sheet.cubic_metres(volumes.metered_l),
        sheet.cubic_metres(volumes.converted_l),
        sheet.cubic_metres(volumes.corrected_l),
        *((sheet.cubic_metres(volumes.before_l),) if before else ()),
        sheet.cubic_metres(volumes.withdrawn_l, strong=True),
    )


def _power(sums: Sums) -> tuple[Cell, ...]:
    return (
        sheet.kilowatt_hours(sums.energy_wh),
        sheet.hours(sums.running_ms),
        sheet.per_kwh(sums.litres_per_kwh),
    )
