"""`wellkeeper commissioning`: the commissioning record as one page to sign, HTML that prints on A4.

Reads the journal's file, which control may be writing, or a copy of it. A journal that is damaged
is read as far as it is proven, says so on the page, and ends with exit code 65.
"""

import argparse
from contextlib import closing
from pathlib import Path

from agent.cli import DATA
from agent.cli.journal import sought
from agent.cli.options import add_config, language_of, settings_of
from agent.cli.report import nameplate_of, write
from agent.report.commissioning import sheet_of, steps_of
from agent.report.history import History
from agent.report.page import page
from agent.settings import journal_file


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--journal", type=Path, help="a copy, instead of the station's own")
    parser.add_argument("--output", type=Path, help="a file, instead of standard output")
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    language = language_of(options, settings)
    file = sought(options.journal or journal_file(settings))
    with closing(History(file)) as history:
        steps = steps_of(history)
        damage = history.damage
    damaged = "" if damage is None else damage.said(language)
    write(page(sheet_of(steps, nameplate_of(settings), damaged, language)), options.output)
    return 0 if damage is None else DATA
