"""Room rule: writes docs/console.md and docs/console.zh-CN.md from the grammar's own help.

Run it after a change to a command, a sentence or a transcript: `python docs/console.py`. A test
compares what it would write. The recorded sessions are those that the tests compare, too.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from agent import words
from agent.console.commands import GRAMMAR
from agent.console.grammar import Command

DOCS: Final = Path(__file__).parent
TRANSCRIPTS: Final = DOCS.parent / "tests" / "console" / "transcripts"
FILES: Final = {"zh": "console.zh-CN.md", "en": "console.md"}
# What is shown as it was recorded: a commissioned well, and one whose allocation is used up.
RECORDED: Final = ("commissioning", "status_exhausted", "allocation", "relay", "history")
PARAGRAPHS: Final = (
    "cable", "sign_in", "typing", "amounts", "confirming", "session", "unreachable",
)  # fmt: skip


def page(language: str) -> str:
    def say(key: str) -> str:
        return words.say(f"console_manual.{key}", language)

    lines = [f"# {say('title')}", "", f"<!-- {say('generated')} -->", "", say("introduction"), ""]
    for name in PARAGRAPHS:
        lines += [f"## {say(f'{name}_title')}", "", say(name), ""]
    lines += [f"## {say('commands')}", "", *_table(language), ""]
    lines += [f"## {say('arguments')}", "", *_arguments(language), ""]
    lines += [f"## {say('recorded')}", "", say("recorded_how"), ""]
    for name in RECORDED:
        lines += [
            f"### {say(f'recorded_{name}')}",
            "",
            "```",
            *_recorded(name, language),
            "```",
            "",
        ]
    return "\n".join(lines)


def _table(language: str) -> Iterator[str]:
    def say(key: str) -> str:
        return words.say(f"console_manual.{key}", language)

    yield f"| {say('command')} | {say('what')} | {say('rank')} |"
    yield "|---|---|---|"
    for one in GRAMMAR.commands:
        told = words.say(f"console_help.{one.key}", language)
        yield f"| `{_usage(one)}` | {told} | {words.say(f'rank.{one.rank}', language)} |"


def _usage(command: Command) -> str:
    """What is asked for when it is missing stands bare, what may be left out in brackets."""
    arguments = [
        one.name.upper() if one.asked else f"[{one.name.upper()}]" for one in command.arguments
    ]
    return " ".join((command.name, *arguments))


def _arguments(language: str) -> Iterator[str]:
    def say(key: str) -> str:
        return words.say(f"console_manual.{key}", language)

    yield f"| {say('argument')} | {say('what')} | {say('example')} |"
    yield "|---|---|---|"
    found = {one.name: one for command in GRAMMAR.commands for one in command.arguments}
    for name, one in sorted(found.items()):
        told = words.say(f"console_argument.{name}", language)
        yield f"| `{name.upper()}` | {told} | `{one.kind.example}` |"


def _recorded(name: str, language: str) -> list[str]:
    text = (TRANSCRIPTS / f"{name}.{language}.txt").read_text("utf-8")
    return [line.rstrip() for line in text.replace("<CR>", " ").splitlines()]


def main() -> None:
    for language, name in FILES.items():
        (DOCS / name).write_text(page(language), "utf-8")
    print(f"{', '.join(FILES.values())} in {DOCS}")


if __name__ == "__main__":
    main()
