"""Room rule: what o'clock it is, who says so, and when a year began."""

from datetime import datetime

from agent import words
from agent.console.talk import Talk


def show(talk: Talk) -> None:
    state = talk.state()
    trust = talk.word("state.trusted" if state["trusted"] else "state.untrusted")
    talk.lines(
        [
            talk.row("clock", f"{words.instant(state['at_utc_ms'], talk.language)} ({trust})"),
            talk.row("plan_year", str((state["balance"] or {}).get("year", "-"))),
        ]
    )


def set_to(talk: Talk, local: datetime) -> None:
    """Beijing time, as the technician reads it from his watch."""
    said = local.replace(tzinfo=words.BEIJING)
    now = words.instant(talk.state()["at_utc_ms"], talk.language)
    utc_ms = int(said.timestamp()) * 1000
    talk.say("console.clock_changes", before=now, after=words.instant(utc_ms, talk.language))
    talk.confirm()
    talk.order("SetClockOrder", utc_ms=utc_ms, reason="console")


def open_year(talk: Talk, year: int, total_l: int, document: str) -> None:
    talk.confirm()
    talk.order("OpenYearOrder", year=year, total_l=total_l, document=document)
