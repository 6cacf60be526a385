"""Two simulated years, their reports in both languages, and how a browser prints them.

`make pictures` runs it: the real core and journal under a simulated well (tests/sim/usual.py), the
command as anybody runs it, headless Chromium for the pages. It fails when a page does not fit its
paper: that is looked at in the browser, not guessed.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from agent.cli import main as wellkeeper
from tests.sim.usual import FIRST_YEAR, keep

HERE = Path(__file__).parent
YEAR = str(FIRST_YEAR + 1)
# Into the first days of the year after, so that the second one is closed.
DAYS = 715
QUIET = ("--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update")  # fmt: skip
DOTS_PER_INCH = "88"
# How wide A4 is between its margins, in the browser's pixels of 1/96 inch.
PAPER_PX = (210 - 2 * 13) / 25.4 * 96
WIDEST = (
    "document.title=Math.max(...[...document.querySelectorAll('main *')].map(e=>e.scrollWidth))"
)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="wk") as folder:
        journal = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(folder) / "journal.db"
        if not journal.exists():
            keep(journal, days=DAYS)
        for language in ("zh", "en"):
            file = HERE / f"{YEAR}.{language}.html"
            asked = ("--year", YEAR, "--language", language, "--journal", str(journal))
            config = ("--config", str(HERE / "station.toml"))
            if wellkeeper(["report", *asked, *config, "--output", str(file)]):
                raise SystemExit(f"{file.name} was not made")
            _fits(file, Path(folder))
            _print(file, Path(folder))


def _browse(folder: Path, *options: str) -> str:
    sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
    command = ("chromium", *QUIET, *sandbox, f"--user-data-dir={folder / 'chromium'}", *options)
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


def _fits(file: Path, folder: Path) -> None:
    """Nothing is wider than the paper, as the browser lays the page out at the paper's width."""
    probe = folder / "probe.html"
    style = f"main.main{{width:{PAPER_PX:.0f}px;padding:0;margin:0}}"
    text = file.read_text("utf-8").replace("<main>", '<main class="main">')
    text = re.sub(r"<meta http-equiv[^>]*>\n", "", text)  # the probe is a script, the report none
    text = text.replace("</style>", f"{style}</style>")
    probe.write_text(text.replace("</body>", f"<script>{WIDEST}</script></body>"), "utf-8")
    found = re.search(r"<title>(\d+)</title>", _browse(folder, "--dump-dom", probe.as_uri()))
    if found is None or int(found[1]) > PAPER_PX + 1:
        widest = "of unknown width" if found is None else f"{found[1]} px wide"
        raise SystemExit(f"{file.name} is {widest}, the paper {PAPER_PX:.0f} px")


def _print(file: Path, folder: Path) -> None:
    paper = folder / f"{file.stem}.pdf"
    _browse(folder, "--no-pdf-header-footer", f"--print-to-pdf={paper}", file.as_uri())
    for old in HERE.glob(f"{file.stem}-*.png"):
        old.unlink()
    drawn = ("pdftoppm", "-gray", "-r", DOTS_PER_INCH, "-png", str(paper), str(HERE / file.stem))
    subprocess.run(drawn, check=True)


if __name__ == "__main__":
    main()
