"""Room rule: what can be wrong with a settings file, as values. Says no sentence and reads no file.

The sentences are in the catalogue under the reason's value, in both languages: what is wrong
(`settings.*`) and what to do about it (`settings_remedy.*`).
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal


class Reason(StrEnum):
    """Why an option, or a whole file, is refused."""

    # the file
    UNREADABLE = "unreadable"
    NOT_A_FILE = "not_a_file"
    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_TOML = "not_toml"
    CUT_SHORT = "cut_short"
    # one option
    UNKNOWN = "unknown"
    MISSING = "missing"
    NOT_INTEGER = "not_integer"
    NOT_STRING = "not_string"
    NOT_BOOLEAN = "not_boolean"
    NOT_PATH = "not_path"
    NOT_TABLE = "not_table"
    NOT_TABLES = "not_tables"
    NOT_LIST = "not_list"
    NOT_OFFERED = "not_offered"
    OUT_OF_RANGE = "out_of_range"
    NOT_A_NAME = "not_a_name"
    NOT_A_STATION_ID = "not_a_station_id"
    NOT_A_TEXT = "not_a_text"
    NOT_A_HOST = "not_a_host"
    NOT_A_TOPIC = "not_a_topic"
    NOT_A_DAY = "not_a_day"
    # relations between options
    LEASE_SHORT = "lease_short"
    BUDGET_LONG = "budget_long"
    BUS_TWICE = "bus_twice"
    PORT_TWICE = "port_twice"
    BUS_UNKNOWN = "bus_unknown"
    UNIT_TWICE = "unit_twice"
    PROFILE_UNKNOWN = "profile_unknown"
    PLATFORM_TWICE = "platform_twice"
    PLATFORM_RESERVED = "platform_reserved"
    CONSOLE_TWICE = "console_twice"
    LINE_MISSING = "line_missing"
    LINE_UNUSED = "line_unused"
    SOCKET_MISSING = "socket_missing"
    SOCKET_UNUSED = "socket_unused"
    CHIP_UNUSED = "chip_unused"
    MODULE_MISSING = "module_missing"
    MODULE_UNUSED = "module_unused"
    LEASE_UNHELD = "lease_unheld"
    INPUT_TWICE = "input_twice"
    LINE_TWICE = "line_twice"
    PUBACK_UNTRUSTED = "puback_untrusted"
    PASSWORD_IN_CLEAR = "password_in_clear"  # noqa: S105 - the name of a reason
    PASSWORD_WITHOUT_USER = "password_without_user"  # noqa: S105 - likewise
    CERTIFICATE_ALONE = "certificate_alone"
    SECRET_EXPOSED = "secret_exposed"  # noqa: S105 - likewise
    FILE_ABSENT = "file_absent"
    KEYS_FULL = "keys_full"
    KEY_NOT_PUBLIC = "key_not_public"
    KEY_TWICE = "key_twice"
    WARNINGS_UNORDERED = "warnings_unordered"
    WARN_NOT_ALLOWED = "warn_not_allowed"
    DOCUMENT_ABSENT = "document_absent"
    DRY_LEVEL_UNSEEN = "dry_level_unseen"
    ZONE_UNKNOWN = "zone_unknown"
    SOCKET_PATH_LONG = "socket_path_long"


@dataclass(frozen=True, slots=True)
class Found:
    """A fault at a key path such as `platform[1].port`, before anyone knows file and line.

    `given` is what stands there, `expected` what would be accepted; empty when words suffice.
    """

    key: str
    reason: Reason
    given: str = ""
    expected: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault with its place. `line` is None where it could not be found cheaply."""

    file: Path
    line: int | None
    key: str
    reason: Reason
    given: str = ""
    expected: str = ""


class SettingsError(Exception):
    """Everything that is wrong with one file, in the order of its lines.

    `language` is the one the file itself asks for, None when even that cannot be read.
    """

    def __init__(
        self, problems: tuple[Problem, ...], language: Literal["zh", "en"] | None = None
    ) -> None:
        assert problems, "an error without a problem"
        super().__init__("\n".join(_technical(problem) for problem in problems))
        self.problems = problems
        self.language = language


def _technical(problem: Problem) -> str:
    """One line for a traceback; people get the catalogue's sentence."""
    place = f"{problem.file}:{problem.line or '?'}: {problem.key}"
    return f"{place}: {problem.reason} given={problem.given!r} expected={problem.expected!r}"
