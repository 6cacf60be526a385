"""The reference and the demo's file are right, and the reference is complete."""

import dataclasses
import re
import types
import typing
from pathlib import Path
from typing import Any

import pytest

from agent.settings import Settings, SettingsError, load

CONFIG = Path(__file__).parents[3] / "config"
EXAMPLE = (CONFIG / "station.example.toml").read_text(encoding="utf-8")


def declared(target: type, key: str = "") -> dict[str, dataclasses.Field[Any]]:
    """Every option of the declarations by its key, lists without their numbers."""
    found: dict[str, dataclasses.Field[Any]] = {}
    hints = typing.get_type_hints(target)
    for field in dataclasses.fields(target):
        where = f"{key}{field.name}"
        section = section_of(hints[field.name])
        if section is None:
            found[where] = field
        else:
            found |= declared(section, f"{where}.")
    return found


def section_of(hint: Any) -> type | None:
    """The section that an option is, also in a list or where it may be left out."""
    parts = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    for part in parts:
        inner = typing.get_args(part)[0] if typing.get_origin(part) is tuple else part
        if isinstance(inner, type) and dataclasses.is_dataclass(inner):
            return inner
    return None


def written() -> dict[str, tuple[str, bool]]:
    """Each option of the reference: its value as written, and whether it is marked a default.

    What does not fit the example station (the simulator's pin, a relay module) is a comment.
    """
    found: dict[str, tuple[str, bool]] = {}
    table = ""
    for line in EXAMPLE.splitlines():
        if head := re.match(r"(?:# )?\[+([a-z_.]+)\]+", line):
            table = f"{head[1]}."
        elif option := re.match(r"(?:# )?([a-z0-9_]+) = (\".*?\"|\[.*?\]|\S+)\s*(?:#(.*))?$", line):
            comment = option[3] or ""
            found.setdefault(f"{table}{option[1]}", (option[2], comment.startswith(" default")))
    return found


def test_the_reference_has_every_option_and_no_other() -> None:
    # A section that may be switched off is written as an option once: `tls = false`.
    assert set(written()) - {"platform.tls"} == set(declared(Settings))


@pytest.mark.parametrize("key", declared(Settings))
def test_what_the_reference_calls_a_default_is_one(key: str) -> None:
    value, is_default = written()[key]
    default = declared(Settings)[key].default
    if default is dataclasses.MISSING or default is None:
        assert not is_default
    else:
        assert is_default
        assert value == toml(default)


def toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return str(list(value))
    return f'"{value}"' if isinstance(value, str | Path) else str(value)


@pytest.mark.parametrize("name", ["station.example.toml", "demo.toml"])
def test_the_files_we_ship_are_right(name: str) -> None:
    load(CONFIG / name)


def test_the_reference_without_its_defaults_is_the_same_station(tmp_path: Path) -> None:
    """What is marked as a default may be left out."""
    lines = [line for line in EXAMPLE.splitlines() if "# default" not in line]
    file = tmp_path / "station.toml"
    file.write_text("\n".join(lines), encoding="utf-8")
    assert load(file) == load(CONFIG / "station.example.toml")


def test_the_reference_needs_each_option_that_is_not_a_default(tmp_path: Path) -> None:
    """Leave one out and it is missed, unless it says that it may be left out."""
    required = [key for key, field in declared(Settings).items() if _is_required(field)]
    assert "station.id" in required
    for key in required:
        section, _, name = key.rpartition(".")
        example = with_module() if section == "relay.module" else EXAMPLE
        text = re.sub(rf"(?ms)(^\[+{section}\]+.*?)^{name} = .*?$", r"\1", example, count=1)
        assert text != example
        (tmp_path / "station.toml").write_text(text, encoding="utf-8")
        with pytest.raises(SettingsError, match=rf"{name}: missing"):
            load(tmp_path / "station.toml")


def with_module() -> str:
    """The reference with its relay on a module: what stands there as a comment is taken."""
    before, mark, rest = EXAMPLE.partition("# [relay.module]")
    section, gap, after = rest.partition("\n\n")
    taken = re.sub(r"(?m)^# (?=[a-z_]+ = )", "", mark.removeprefix("# ") + section)
    before = before.replace('driver = "gpio"', 'driver = "modbus"')
    return re.sub(r"(?m)^line = 17.*$", "", before) + taken + gap + after


def test_the_reference_is_right_with_a_relay_module_too(tmp_path: Path) -> None:
    file = tmp_path / "station.toml"
    file.write_text(with_module(), encoding="utf-8")
    module = load(file).relay.module
    assert module is not None
    assert (module.kind, module.unit, module.channel, module.stop_bits) == ("wb-mr6c", 10, 1, 2)


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def test_the_demos_instruments_have_their_register_tables() -> None:
    settings = load(CONFIG / "demo.toml")
    assert settings.level_probe is not None
    profiles = {file.stem for file in (CONFIG.parent / "drivers" / "profiles").glob("*.toml")}
    for instrument in (settings.flow_meter, settings.power_meter, settings.level_probe):
        assert instrument.profile in profiles
