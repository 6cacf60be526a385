"""Room rule: what happens to held processes, as values and in words. Holds no process.

One line, one fact; the words of both languages stand side by side.
"""

import signal
from dataclasses import dataclass
from typing import Literal, assert_never

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Up:
    name: str
    pid: int


@dataclass(frozen=True, slots=True)
class Died:
    """`exit_code` is negative for a signal. `again_ms` None: it is not started again."""

    name: str
    exit_code: int
    again_ms: int | None
    deaths: int = 1


@dataclass(frozen=True, slots=True)
class Stopped:
    """It went because we asked; `killed` when it had to be made to."""

    name: str
    killed: bool


@dataclass(frozen=True, slots=True)
class Said:
    """One line of what a child writes."""

    name: str
    line: str


Event = Up | Died | Stopped | Said


def describe(event: Event, language: Language) -> str:
    """One event as one line for a human."""
    zh = language == "zh"
    match event:
        case Said(name, line):
            return f"{name} | {line}"
        case Up(name, pid):
            return f"{name} 已启动（进程号 {pid}）" if zh else f"{name} is up (process {pid})"
        case Stopped(name, killed):
            if killed:
                return (
                    f"{name} 未按时退出，已强制结束" if zh else f"{name} did not go and was killed"
                )
            return f"{name} 已停止" if zh else f"{name} has stopped"
        case Died(name, exit_code, None, deaths):
            how = _ending(exit_code, language)
            if zh:
                return (
                    f"{name} {how}（两分钟内第 {deaths} 次），不再重启，全部停止；原因见其上方输出"
                )
            return (
                f"{name} {how}, {_times(deaths)} within two minutes, and is not started again: "
                "all stop; its own words above say why"
            )
        case Died(name, exit_code, again_ms, _):
            how, again_s = _ending(exit_code, language), f"{(again_ms or 0) / 1000:g}"
            return (
                f"{name} {how}，{again_s} 秒后重启" if zh else f"{name} {how}; again in {again_s} s"
            )
        case _:
            assert_never(event)


def _times(deaths: int) -> str:
    return "once" if deaths == 1 else f"{deaths} times"


def _ending(exit_code: int, language: Language) -> str:
    if exit_code >= 0:
        return f"以退出码 {exit_code} 结束" if language == "zh" else f"ended with code {exit_code}"
    name = signal.Signals(-exit_code).name
    return f"被信号 {name} 结束" if language == "zh" else f"was ended by {name}"
