"""README's picture of the house is the house, and its tables are complete."""

import re
import tomllib
from pathlib import Path

import pytest

from agent.cli import COMMANDS

ROOT = Path(__file__).parents[2]
LANGUAGES = ("README.md", "README.zh-CN.md")


def section(name: str, title: str) -> str:
    text = (ROOT / name).read_text("utf-8")
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def pictured() -> dict[str, set[str]]:
    """The names that the picture has in each folder."""
    picture = section("README.md", "The house").split("```")[1]
    names: dict[str, set[str]] = {"": set()}
    folders: list[str] = []
    for line in filter(None, picture.splitlines()):
        depth = (len(line) - len(line.lstrip())) // 2
        first = re.match(r" *([\w.]+/?)", line)
        assert first is not None, line
        folders[depth:] = [first[1].rstrip("/")]
        # A second name stands behind two spaces, and its words behind two more or one.
        others = re.findall(r"  ([a-z_]+(?:\.py|\.toml|/))(?= )", line[first.end() :])
        place = "/".join(folders[:depth])
        names.setdefault(place, set()).update([first[1], *others])
    return names


def standing(folder: str) -> set[str]:
    """The modules and packages that stand there."""
    found = {one.name for one in (ROOT / folder).glob("*.py") if one.name != "__init__.py"}
    return found | {f"{one.parent.name}/" for one in (ROOT / folder).glob("*/__init__.py")}


@pytest.mark.parametrize("folder", ["agent", "agent/core", "drivers"])
def test_the_picture_names_every_room(folder: str) -> None:
    """A module that is added, moved or removed is so in README.md's house, too."""
    not_python = {"catalogue.toml", "profiles/"}
    assert pictured()[folder] - not_python == standing(folder)


def test_the_picture_names_nothing_that_is_not_there() -> None:
    told = [ROOT / folder / name for folder, names in pictured().items() for name in names]
    assert len(told) > 50
    assert [str(path) for path in told if not path.exists()] == []


@pytest.mark.parametrize("name", LANGUAGES)
def test_nothing_is_said_twice(name: str) -> None:
    """Two branches that both added a line have left both, or an old one beside the new one."""
    text = (ROOT / name).read_text("utf-8")
    lines = [one for one in text.splitlines() if re.search(r"\w.{9}", one)]
    places = re.findall(r"^- \[[^]]*\]\(([^)]+)\)", text, re.MULTILINE)
    places += re.findall(r"^(\w+)/  ", text, re.MULTILINE)
    assert [one for one in {*lines, *places} if (lines + places).count(one) > 1] == []


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_package_that_is_installed_is_named(name: str) -> None:
    """Those of `make demo` and `make test`; `make deb` and `make pictures` say their own."""
    rules = (ROOT / "Makefile").read_text("utf-8")
    found = re.findall(
        r"^\$\((?:BROKER|TOOLS)\):.*\n\t@sh .ci/debian-packages (.*)", rules, re.MULTILINE
    )
    needed = {one for line in found for one in line.split()}
    assert len(needed) > 4
    assert needed - set(re.findall(r"`([a-z0-9]+)`", (ROOT / name).read_text("utf-8"))) == set()


@pytest.mark.parametrize(
    ("name", "title"), [("README.md", "Commands"), ("README.zh-CN.md", "命令")]
)
def test_every_command_is_listed(name: str, title: str) -> None:
    listed = {words.split()[0] for words in re.findall(r"`([a-z][^`]*)`", section(name, title))}
    assert set(COMMANDS) - listed == set()


def test_every_dependency_says_why_it_is_here() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = {re.split(r"[^\w-]", one)[0] for one in project["dependencies"]}
    listed = re.findall(
        r"^\| ([a-z][^|]*?) \|", section("README.md", "What it stands on"), re.MULTILINE
    )
    said = {re.sub(r" [\d.]+$", "", one) for row in listed for one in row.split(", ")}
    assert needed == said - {"package"}


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_link_leads_somewhere(name: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / name).read_text("utf-8"))
    assert len(links) > 5
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_document_is_linked() -> None:
    links = (ROOT / "README.md").read_text("utf-8")
    documents = [one.relative_to(ROOT).as_posix() for one in (ROOT / "docs").glob("*.md")]
    assert [one for one in documents if f"({one})" not in links] == []


def test_decisions_are_numbered_once() -> None:
    """0001, 0002 …; the title says the same number as the file."""
    decisions = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    numbers = [one.name[:4] for one in decisions]
    assert len(set(numbers)) == len(numbers)
    for one in decisions:
        assert one.read_text("utf-8").startswith(f"# {one.name[:4]}. "), one.name


def test_every_decision_is_in_their_index_under_its_title() -> None:
    """Every number up to the next one is either a decision or said to have never been used."""
    folder = ROOT / "docs/decisions"
    index = (folder / "README.md").read_text("utf-8")
    listed = re.findall(r"^\| \[(\d{4})\]\((\S+)\) \| (.+) \|$", index, re.MULTILINE)
    titles = {one.name: one.read_text("utf-8").split("\n")[0] for one in folder.glob("[0-9]*.md")}
    assert {file: f"# {number}. {title}" for number, file, title in listed} == titles
    unused = re.findall(r"(\d{4}) to (\d{4})", index)
    holes = {number for low, high in unused for number in range(int(low), int(high) + 1)}
    following = re.search(r"The next one is (\d{4})", index)
    assert following is not None
    numbers = {int(number) for number, _, _ in listed}
    assert numbers.isdisjoint(holes)
    assert numbers | holes == set(range(1, int(following[1])))
