"""Room rule: which tables the merged report has: totals by use, regiment and company, then wells.

Totals over wells are in ten thousand cubic metres with two decimals, wells in cubic metres.
"""

from collections.abc import Sequence

from agent.report import sheet
from agent.report.merge import Merged, grouped, total
from agent.report.sheet import Cell, Section, Sheet, Table, Voice, text
from agent.report.well import WellReport
from agent.report.well_sheet import period_text


def merged_sheet(merged: Merged, language: str) -> Sheet:
    voice = Voice(language)
    regiments = grouped(merged.wells, lambda one: one.nameplate.regiment or "")
    return Sheet(
        language=language,
        title=voice(f"merged_{merged.period.kind}"),
        subtitle=period_text(merged.wells[0], voice, through=False),
        issuer=voice("wells_joined", count=len(merged.wells)),
        unit=voice("merged_unit"),
        sections=(
            Section(voice("by_use"), (_by_use(merged, voice),)),
            Section(voice("by_regiment"), (_by_regiment(merged, voice),)),
            *(
                Section(name or voice("unnamed"), (_wells(wells, voice),))
                for name, wells in regiments.items()
            ),
            Section(voice("transfers"), (_transfers(merged, voice),)),
        ),
        warning=_warning(merged, voice),
        wide=True,
    )


def _warning(merged: Merged, voice: Voice) -> str:
    bad = [one.nameplate.station for one in merged.wells if not one.whole or one.disagreements]
    short = [
        one.nameplate.station
        for one in merged.wells
        if one.through_utc_ms < max(other.through_utc_ms for other in merged.wells)
    ]
    said = [voice("wells_damaged", stations=" ".join(bad))] if bad else []
    said += [voice("wells_short", stations=" ".join(short))] if short else []
    return " ".join(said)


# --- totals --------------------------------------------------------------------------------------

TOTALS = (
    "wells",
    "allocated_10k",
    "period_10k",
    "metered_10k",
    "converted_10k",
    "to_date_10k",
    "remaining_10k",
    "share_short",
    "over_plan_10k",
    "over_plan_wells",
    "kwh",
)


def _by_use(merged: Merged, voice: Voice) -> Table:
    uses = grouped(merged.wells, lambda one: one.nameplate.use)
    rows = [(text(voice(f"use_{use}")), *_total(wells)) for use, wells in uses.items()]
    rows.append((_bold(voice("sum")), *_total(merged.wells, strong=True)))
    return Table(voice.heads("use", *TOTALS), tuple(rows))


def _by_regiment(merged: Merged, voice: Voice) -> Table:
    """Each company below its regiment."""
    rows: list[tuple[Cell, ...]] = []
    for name, wells in grouped(merged.wells, lambda one: one.nameplate.regiment or "").items():
        companies = grouped(wells, lambda one: one.nameplate.company or "")
        regiment = name or voice("unnamed")
        rows += [
            (text(regiment), text(company or voice("unnamed")), *_total(of_company))
            for company, of_company in companies.items()
        ]
        rows.append((_bold(regiment), _bold(voice("subtotal")), *_total(wells, strong=True)))
    rows.append((_bold(voice("sum")), Cell("", ""), *_total(merged.wells, strong=True)))
    return Table(voice.heads("regiment", "company", *TOTALS), tuple(rows))


def _total(wells: Sequence[WellReport], *, strong: bool = False) -> tuple[Cell, ...]:
    of = total(wells)

    def many(litres: int) -> Cell:
        return sheet.ten_thousands(litres, strong=strong)

    return (
        sheet.count(of.wells),
        many(of.allocated_l),
        many(of.period.withdrawn_l),
        many(of.period.metered_l),
        many(of.period.converted_l),
        many(of.to_date.withdrawn_l),
        many(of.remaining_l),
        sheet.percent(of.to_date.withdrawn_l, of.allocated_l),
        many(of.over_plan_l),
        sheet.count(of.over_plan_wells),
        sheet.kilowatt_hours(of.energy_wh),
    )


def _bold(said: str) -> Cell:
    return Cell(said, said, strong=True)


# --- wells and transfers -------------------------------------------------------------------------


def _wells(wells: Sequence[WellReport], voice: Voice) -> Table:
    def row(one: WellReport) -> tuple[Cell, ...]:
        plate, complete = one.nameplate, one.completeness
        sound = one.whole and not one.disagreements
        return (
            text(plate.company),
            text(plate.station),
            text(plate.name),
            text(voice(f"use_{plate.use}")),
            text(plate.number),
            sheet.cubic_metres(one.allocated_l),
            sheet.cubic_metres(one.sums.volumes.withdrawn_l),
            sheet.cubic_metres(one.to_date.volumes.withdrawn_l),
            sheet.cubic_metres(one.remaining_l),
            sheet.percent(one.to_date.volumes.withdrawn_l, one.allocated_l),
            sheet.cubic_metres(one.over_plan_l, strong=bool(one.over_plan_l)),
            sheet.kilowatt_hours(one.sums.energy_wh),
            sheet.per_kwh(one.sums.litres_per_kwh),
            sheet.percent(complete.recorded, complete.expected),
            text(voice("chain_whole" if sound else "chain_broken")),
        )

    columns = voice.heads(
        "company", "station", "name", "use", "licence", "allocated_m3", "period_m3",
        "to_date_m3", "remaining_m3", "share_short", "over_plan_m3", "kwh", "ratio",
        "completeness", "verdict",
    )  # fmt: skip
    return Table(columns, tuple(row(one) for one in wells))


def _transfers(merged: Merged, voice: Voice) -> Table:
    """Every document whose halves do not agree; the number of those that do stands below."""
    rows = tuple(
        (
            text(one.document),
            sheet.cubic_metres(one.out_l),
            sheet.cubic_metres(one.in_l),
            sheet.cubic_metres(one.out_l - one.in_l, signed=True),
            text(" ".join(one.stations)),
        )
        for one in merged.transfers
        if not one.matches
    )
    matched = sum(one.matches for one in merged.transfers)
    columns = voice.heads("document", "given_out", "taken_in", "difference", "stations")
    notes = (*voice.none(rows, "unmatched"), voice("matched", count=matched))
    return Table(columns, rows, notes)
