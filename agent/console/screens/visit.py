"""Room rule: who came to work on the well and what he did; and the well's winter."""

from agent import words
from agent.console.talk import Talk


def show(talk: Talk) -> None:
    visit = talk.state()["visit"]
    if visit is None:
        talk.say("console.no_visit")
        return
    since = words.instant(visit["since_utc_ms"], talk.language)
    talk.lines(
        [
            talk.row("person", visit["person"]),
            talk.row("cause", visit["cause"]),
            talk.row("begun", since),
        ]
    )


def begin(talk: Talk, person: str, cause: str) -> None:
    talk.order("VisitOpenOrder", person=person, cause=cause)


def end(talk: Talk) -> None:
    """Three questions; parts and seals may be left empty. None where there is nothing to end."""
    if talk.state()["visit"] is None:
        talk.say("console.no_visit")
        return
    findings = talk.ask(talk.word("console.findings"))
    parts = talk.ask(talk.word("console.parts"))
    seals = talk.ask(talk.word("console.seals"))
    talk.order(
        "VisitCloseOrder", findings=findings.strip(), parts=parts.strip(), seals=seals.strip()
    )


def lay_up(talk: Talk, document: str) -> None:
    talk.confirm()
    talk.order("LayUpOrder", document=document)


def resume(talk: Talk, document: str) -> None:
    talk.confirm()
    talk.order("ResumeOrder", document=document)
