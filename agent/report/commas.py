"""Room rule: a sheet as comma-separated values that a spreadsheet opens as they are.

UTF-8 with the mark that spreadsheets look for, lines ended as they expect. A number is a number; a
text that would be taken for a formula is kept a text.
"""

import csv
import io
from typing import Final

from agent.report.sheet import Cell, Sheet

MARK: Final = "\ufeff"
# What begins a formula, also in the full width of an East Asian spreadsheet.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def commas(sheet: Sheet) -> str:
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\r\n")
    out.writerows([[safe(one)] for one in (sheet.title, sheet.subtitle, sheet.issuer, sheet.unit)])
    if sheet.warning:
        out.writerow([safe(sheet.warning)])
    for section in sheet.sections:
        out.writerow([])
        out.writerow([safe(section.title)])
        for table in section.tables:
            if table.title:
                out.writerow([safe(table.title)])
            if table.columns:
                out.writerow([safe(one) for one in table.columns])
            out.writerows([[_value(cell) for cell in row] for row in table.rows])
            out.writerows([[safe(one)] for one in table.notes])
    return MARK + text.getvalue()


def _value(cell: Cell) -> str:
    return cell.plain if cell.number else safe(cell.plain)


def safe(text: str) -> str:
    """As a person wrote it, and never a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text
