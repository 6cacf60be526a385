"""`wellkeeper conditions`: the interlock's table with this station's own delays, from the code.

docs/conditions.md and docs/conditions.zh.md are this text for config/station.example.toml; a test
holds them against it. To write them anew: `wellkeeper conditions --write docs`.
"""

import argparse
import sys
from pathlib import Path

from agent import durable, words
from agent.cli import IO
from agent.cli.house import house_of
from agent.cli.options import add_config, language_of, settings_of
from agent.core.model import Site
from agent.core.rules import RULES
from agent.core.terms import Rule, Stage

MODE = 0o644
FILES = {"en": "conditions.md", "zh": "conditions.zh.md"}


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--write", type=Path, help="write both languages into this folder")
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    site = house_of(settings, options.config).site
    if options.write is None:
        text = document(site, language_of(options, settings), options.config)
        print(text, end="")
        return 0
    try:
        for language, name in FILES.items():
            durable.write(options.write / name, document(site, language, options.config), MODE)
    except OSError as why:
        print(
            words.say("conditions_page.unwritable", language_of(options, settings), why=why),
            file=sys.stderr,
        )
        return IO
    return 0


def document(site: Site, language: str, settings: Path) -> str:
    """The whole page; `settings` is the file that the delays are of."""

    def say(key: str, **values: object) -> str:
        return words.say(f"conditions_page.{key}", language, **values)

    heads = [say(key) for key in ("condition", "does", "ends", "lifted", "means")]
    return "\n".join(
        [
            f"# {say('title')}",
            "",
            say("introduction", file=settings),
            "",
            _row(heads),
            _row(["---"] * len(heads)),
            *(_row(_cells(rule, site, language)) for rule in RULES),
            "",
            f"## {say('picture')}",
            "",
            say("picture_means"),
            "",
            "```mermaid",
            "stateDiagram-v2",
            *(f"    {line}" for line in _arrows(language)),
            "```",
            "",
        ]
    )


def _cells(rule: Rule, site: Site, language: str) -> list[str]:
    name = words.say(f"condition.{rule.kind}", language)
    stages = "; ".join(_stage(stage, site, language) for stage in rule.stages)
    ends = words.say(
        f"ends.{rule.ends}",
        language,
        rest=words.duration(rule.rest(site), language),
        trial=words.duration(rule.trial(site) if rule.trial else 0, language),
    )
    lifted = words.say("conditions_page.yes", language) if rule.lifted else ""
    means = words.condition(rule.kind, language, 80)
    return [f"{name} `{rule.kind}`", stages, ends, lifted, means]


def _stage(stage: Stage, site: Site, language: str) -> str:
    action = words.say(f"action.{stage.action}", language)
    after_ms = stage.after(site)
    after = words.duration(after_ms, language)
    key = "after" if after_ms else "at_once"
    said = words.say(f"conditions_page.{key}", language, action=action, after=after)
    if stage.when:
        space = "" if language == "zh" else " "
        said += space + words.say(f"when.{stage.when}", language)
    if stage.on is None or stage.on(site):
        return said
    return words.say("conditions_page.where_enabled", language, stage=said)


def _arrows(language: str) -> list[str]:
    def say(key: str) -> str:
        return words.say(f"conditions_page.{key}", language)

    arrows = [
        ("[*]", "healthy", ""),
        ("healthy", "timing", "fact_holds"),
        ("timing", "healthy", "fact_gone"),
        ("timing", "timing", "cannot_tell"),
        ("timing", "latched", "matured"),
        ("latched", "latched", "gone_or_boot"),
        ("latched", "healthy", "acknowledged"),
    ]
    names = [f'state "{say(state)}" as {state}' for state in ("healthy", "timing", "latched")]
    return names + [
        f"{start} --> {end}" + (f" : {say(why)}" if why else "") for start, end, why in arrows
    ]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
