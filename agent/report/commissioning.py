"""Room rule: the commissioning record as a sheet, from the journal alone. Decides nothing.

A section a step, in the order of the guide; what was skipped says why, and what is open says so.
"""

from collections.abc import Iterator

from agent import commissioning, rows, words
from agent.commissioning import Noted, Steps
from agent.core.model import SetupNoted, SetupStep
from agent.report.curve import svg
from agent.report.history import History
from agent.report.sheet import Section, Sheet, Table, Voice, text
from agent.report.well import Nameplate

KIND = rows.kind_of(SetupNoted)


def steps_of(history: History) -> Steps:
    """The last word on each step, as far as the chain proves it."""
    return commissioning.folded(_noted(history))


def _noted(history: History) -> Iterator[Noted]:
    for one in history.told():
        if one.row.kind != KIND or one.row.body is None:
            continue
        try:
            body = rows.decode_body(KIND, one.row.body)
        except rows.RowError as why:
            history.unread(one, why)
            return
        assert isinstance(body, SetupNoted), "as its kind says"
        yield Noted(one.row.at_utc_ms, body)


def sheet_of(steps: Steps, nameplate: Nameplate, damaged: str, language: str) -> Sheet:
    """`damaged` says what of the journal is not proven; empty when all is."""
    voice = Voice(language)
    warnings = [damaged] if damaged else []
    if not commissioning.signed(steps):
        warnings.append(voice("commissioning_unsigned"))
    return Sheet(
        language=language,
        title=voice("commissioning_title"),
        subtitle=f"{nameplate.station} {nameplate.name}",
        issuer=nameplate.holder or "",
        unit="",
        sections=tuple(_section(step, steps.get(step), voice) for step in SetupStep),
        warning=" ".join(warnings),
        signers=("signer_technician", "signer_contractor", "signer_owner"),
    )


def _section(step: SetupStep, noted: Noted | None, voice: Voice) -> Section:
    heading = commissioning.heading(step, noted, voice.language)
    if noted is None:
        return Section(heading, (Table((), ()),))
    cells = [
        cell
        for label, value in commissioning.pairs(noted, voice.language)
        for cell in (text(label), text(value))
    ]
    author = voice(
        "noted_by", who=noted.body.author, when=words.instant(noted.at_utc_ms, voice.language)
    )
    table = Table(
        (), tuple(tuple(cells[at : at + 4]) for at in range(0, len(cells), 4)), notes=(author,)
    )
    return Section(heading, (table,), figure=svg(noted.points, voice))
