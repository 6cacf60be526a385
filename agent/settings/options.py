"""Room rule: how an option is declared: its bounds, and the kinds of words it may hold."""

from dataclasses import dataclass
from typing import Annotated

from agent.settings.problems import Reason


@dataclass(frozen=True, slots=True)
class Between:
    """Both ends are allowed."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Matches:
    """`pattern` is a regular expression for the whole value; `otherwise` is why it is refused."""

    pattern: str
    otherwise: Reason


Name = Annotated[str, Matches(r"[a-z0-9][a-z0-9_-]{0,31}", Reason.NOT_A_NAME)]
StationId = Annotated[str, Matches(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", Reason.NOT_A_STATION_ID)]
UnitId = Annotated[int, Between(1, 247)]
Text = Annotated[str, Matches(r"[^\x00-\x1f\x7f]{1,100}", Reason.NOT_A_TEXT)]
Host = Annotated[
    str, Matches(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}|[0-9a-f:.]{2,45}", Reason.NOT_A_HOST)
]
Day = Annotated[str, Matches(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", Reason.NOT_A_DAY)]
Topic = Annotated[
    str,
    Matches(r"[^\x00-\x1f+#/$](?:[^\x00-\x1f+#]{0,198}[^\x00-\x1f+#/])?", Reason.NOT_A_TOPIC),
]
