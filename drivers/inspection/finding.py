"""Room rule: what can be wrong with a host, as values. Looks at nothing."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Trouble(StrEnum):
    """Each is one cause with one remedy."""

    # files
    ABSENT = "absent"
    WRONG_OWNER = "wrong_owner"
    WRONG_MODE = "wrong_mode"
    MODE_NARROW = "mode_narrow"
    READ_ONLY = "read_only"
    DISK_LOW = "disk_low"
    INODES_LOW = "inodes_low"
    VOLATILE = "volatile"
    JOURNAL_NEWER = "journal_newer"
    JOURNAL_FOREIGN = "journal_foreign"
    HOST_FILE_STALE = "host_file_stale"
    UPLINK_NOT_ENABLED = "uplink_not_enabled"
    CREDENTIAL_ABSENT = "credential_absent"
    UNIT_ABSENT = "unit_absent"
    UPGRADE_INTERRUPTED = "upgrade_interrupted"
    RELAY_OLDER = "relay_older"
    FILE_ALTERED = "file_altered"
    # users
    USER_ABSENT = "user_absent"
    NOT_MEMBER = "not_member"
    GROUP_ABSENT = "group_absent"
    TWO_INSTANCES = "two_instances"
    NAME_LONG = "name_long"
    # devices
    NO_DEVICE = "no_device"
    NOT_A_DEVICE = "not_a_device"
    GROUP_CANNOT = "group_cannot"
    PORT_UNSTABLE = "port_unstable"
    PORT_SLOW = "port_slow"
    PORT_IS_CONSOLE = "port_is_console"
    NO_GPIO_LIBRARY = "no_gpio_library"
    NO_SAFE_STATE_TOOL = "no_safe_state_tool"
    GPIO_KEPT = "gpio_kept"
    GPIO_RELEASED = "gpio_released"
    # clock and watchdog
    CLOCK_OLD = "clock_old"
    CLOCK_UNSYNCHRONISED = "clock_unsynchronised"
    NO_RTC = "no_rtc"
    NO_HARDWARE_WATCHDOG = "no_hardware_watchdog"
    WATCHDOG_IDLE = "watchdog_idle"
    WATCHDOG_LONG = "watchdog_long"


# Worth knowing, and nothing to repair.
NOTES = frozenset({Trouble.GPIO_KEPT, Trouble.GPIO_RELEASED})
# The station works, less well than it could.
WARNINGS = frozenset(
    {
        Trouble.PORT_UNSTABLE,
        Trouble.PORT_SLOW,
        Trouble.CLOCK_UNSYNCHRONISED,
        Trouble.NO_RTC,
        Trouble.NO_HARDWARE_WATCHDOG,
        Trouble.WATCHDOG_IDLE,
        Trouble.WATCHDOG_LONG,
        Trouble.NO_SAFE_STATE_TOOL,
        Trouble.RELAY_OLDER,
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """`subject` is the file or device, `key` the option of the settings that names it, if one does.

    `given` is what is there, `expected` what would be right; empty when words suffice.
    """

    trouble: Trouble
    subject: Path | str
    key: str = ""
    given: str = ""
    expected: str = ""
