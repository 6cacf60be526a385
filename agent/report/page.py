"""Room rule: a sheet as one HTML file that needs nothing else, and prints on A4. Knows no record.

No script, no font, no image from elsewhere: the file says so itself, in a policy that a browser
keeps. Everything that came from a person is escaped.
"""

import re
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from typing import Final

from agent.report.chart import svg
from agent.report.sheet import Cell, Section, Sheet, Table, Voice

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
LANGUAGE_TAGS: Final = {"zh": "zh-CN", "en": "en"}
WORD_MAX: Final = 14
_DAY: Final = re.compile(r"\d{4}-\d{2}(-\d{2})?", re.ASCII)
NUMERALS: Final = "一二三四五六七八九"


def page(sheet: Sheet) -> str:
    voice = Voice(sheet.language)
    return "".join(_parts(sheet, voice))


def _parts(sheet: Sheet, voice: Voice) -> Iterator[str]:
    title = f"{sheet.title} {sheet.issuer}"
    yield (
        f'<!DOCTYPE html>\n<html lang="{LANGUAGE_TAGS[sheet.language]}">\n<head>\n'
        '<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_style(sheet, voice)}</style>\n</head>\n"
    )
    yield f'<body class="{"wide" if sheet.wide else "tall"}">\n<main>\n<header>\n'
    yield f"<h1>{escape(sheet.title)}</h1>\n<p>{escape(sheet.subtitle)}</p>\n</header>\n"
    yield f'<p class="head"><span>{escape(sheet.issuer)}</span>'
    yield f"<span>{escape(sheet.unit)}</span></p>\n"
    if sheet.warning:
        yield f'<p class="warning">{escape(sheet.warning)}</p>\n'
    for number, one in enumerate(sheet.sections, 1):
        yield from _section(number, one, voice)
    yield _signatures(sheet, voice)
    yield "</main>\n</body>\n</html>\n"


def _style(sheet: Sheet, voice: Voice) -> str:
    """The page's number is the browser's to write: its place stands in the style."""
    style = files("agent.report").joinpath("page.css").read_text("utf-8")
    size = "A4 landscape" if sheet.wide else "A4"
    counted = voice("page_number", page='" counter(page) "', pages='" counter(pages) "')
    return style.replace("/*size*/", f"size: {size};").replace("/*number*/", f'"{counted}"')


def _section(number: int, section: Section, voice: Voice) -> Iterator[str]:
    heading = f"{_numeral(number, voice.language)}{section.title}"
    yield f"<section>\n<h2>{escape(heading)}</h2>\n"
    first, *rest = section.tables
    yield _table(first)
    if section.figure:
        yield f"<figure>{section.figure}</figure>\n"
    # The account stands above its picture, and what explains it below.
    if section.bars:
        yield from (_table(one) for one in rest[:1])
        yield f"<figure>{svg(section.bars, voice)}</figure>\n"
        rest = rest[1:]
    yield from (_table(one) for one in rest)
    yield "</section>\n"


def _numeral(number: int, language: str) -> str:
    """As headings are numbered: 1. 2. 3., or 一、二、三、."""
    if language != "zh":
        return f"{number}. "
    tens, ones = divmod(number, 10)
    ten = "" if tens == 0 else "十" if tens == 1 else f"{NUMERALS[tens - 1]}十"
    return f"{ten}{NUMERALS[ones - 1] if ones else ''}、"


def _table(table: Table) -> str:
    title = f"<h3>{escape(table.title)}</h3>\n" if table.title else ""
    if not table.columns:
        rows = "".join(f"<tr>{''.join(_pair(row))}</tr>\n" for row in table.rows)
        body = f'<table class="pairs"><tbody>\n{rows}</tbody></table>\n'
        return f"{title}{body}{_notes(table.notes)}"
    heads = "".join(f'<th scope="col">{escape(one)}</th>' for one in table.columns)
    rows = "".join(f"<tr>{''.join(_cell(cell, 'td') for cell in row)}</tr>\n" for row in table.rows)
    notes = list(table.notes)
    if not table.rows:
        said = escape(notes.pop(0)) if notes else ""
        rows = f'<tr><td class="none" colspan="{len(table.columns)}">{said}</td></tr>\n'
    head = f"<thead><tr>{heads}</tr></thead>"
    return f"{title}<table>{head}\n<tbody>\n{rows}</tbody></table>\n{_notes(notes)}"


def _notes(notes: Sequence[str]) -> str:
    return "".join(f'<p class="note">{escape(one)}</p>\n' for one in notes)


def _pair(row: tuple[Cell, ...]) -> Iterator[str]:
    for at, cell in enumerate(row):
        yield _cell(cell, "td") if at % 2 else f'<th scope="row">{escape(cell.text)}</th>'


def _cell(cell: Cell, tag: str) -> str:
    classes = " ".join(
        name
        for name, on in (
            ("number", cell.number),
            ("strong", cell.strong),
            ("long", not cell.number and _is_long(cell.text)),
            ("day", _DAY.fullmatch(cell.text)),
        )
        if on
    )
    said = f' class="{classes}"' if classes else ""
    return f"<{tag}{said}>{escape(cell.text)}</{tag}>"


def _is_long(text: str) -> bool:
    """A word that no column holds may be broken anywhere; others only between words."""
    return any(len(word) > WORD_MAX and word.isascii() for word in text.split())


def _signatures(sheet: Sheet, voice: Voice) -> str:
    lines = "".join(f"<div><span>{escape(voice(key))}</span><i></i></div>" for key in sheet.signers)
    dated = f"<p>{escape(voice('dated'))}</p>"
    return f'<footer><div class="signatures">{lines}</div>{dated}</footer>\n'
