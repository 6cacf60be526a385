"""Room rule: why an order changed nothing. The words for it are the catalogue's."""

from dataclasses import dataclass
from enum import StrEnum


class Refused(StrEnum):
    """Why an order changed nothing. The catalogue says each in two languages and what to do."""

    EXPIRED = "expired"
    DUPLICATE = "duplicate"
    VOLUME_RANGE = "volume_range"
    YEAR_CLOSED = "year_closed"
    YEAR_TOO_FAR = "year_too_far"
    PLAN_EXISTS = "plan_exists"
    NO_PLAN = "no_plan"
    REDUCTION_TOO_LARGE = "reduction_too_large"
    EXPIRY_MISSING = "expiry_missing"
    EXPIRY_NOT_ALLOWED = "expiry_not_allowed"
    DOCUMENT_MISSING = "document_missing"
    SERIAL_MISSING = "serial_missing"
    SAME_SERIAL = "same_serial"
    METER_NOT_READ = "meter_not_read"
    DISPLAY_DISAGREES = "display_disagrees"
    WITHDRAWN_BEFORE_MISSING = "withdrawn_before_missing"
    WITHDRAWN_BEFORE_NOT_ALLOWED = "withdrawn_before_not_allowed"
    CLOCK_UNTRUSTED = "clock_untrusted"
    ROLE_NOT_FITTED = "role_not_fitted"
    NOT_STOPPED = "not_stopped"
    RELEASE_NOT_ALLOWED = "release_not_allowed"
    STOPS_FULL = "stops_full"
    NOT_LATCHED = "not_latched"
    OVERRIDE_RUNS = "override_runs"
    OVERRIDE_TIME = "override_time"
    NO_OVERRIDE = "no_override"
    TRANSFER_TOO_LARGE = "transfer_too_large"
    CORRECTION_RANGE = "correction_range"
    REASON_MISSING = "reason_missing"
    METER_NOT_FITTED = "meter_not_fitted"
    TOTAL_RANGE = "total_range"
    NET_NOT_LEGAL = "net_not_legal"
    ENERGY_RANGE = "energy_range"
    POWER_METER_SHARED = "power_meter_shared"
    LIMIT_NAME = "limit_name"
    LIMIT_WINDOW = "limit_window"
    LIMIT_OVERLAPS = "limit_overlaps"
    LIMITS_FULL = "limits_full"
    RATE_RANGE = "rate_range"
    LEVEL_RANGE = "level_range"
    MEASURED_RANGE = "measured_range"
    PUMP_RUNNING = "pump_running"
    PUMP_NOT_RUNNING = "pump_not_running"
    RATING_RUNNING = "rating_running"
    RATING_MISSING = "rating_missing"
    RATING_SHORT = "rating_short"
    LAID_UP = "laid_up"
    NOT_LAID_UP = "not_laid_up"
    CLOCK_RANGE = "clock_range"
    CLOCK_LOWERED = "clock_lowered"
    CLOCK_AHEAD = "clock_ahead"
    CLOCK_SYNCHRONISED = "clock_synchronised"
    YEAR_NOT_ASKED = "year_not_asked"
    UNSIGNED = "unsigned"
    KEY_REVOKED = "key_revoked"
    OVERSIZED = "oversized"
    RETAINED = "retained"
    TOO_MANY = "too_many"
    WRONG_AUDIENCE = "wrong_audience"
    WRONG_ISSUER = "wrong_issuer"
    NO_COMMAND = "no_command"
    LIFETIME = "lifetime"
    NOT_YET = "not_yet"
    ISSUED_BEFORE = "issued_before"
    IDS_FULL = "ids_full"
    THRESHOLD_UNKNOWN = "threshold_unknown"
    THRESHOLD_RANGE = "threshold_range"
    PLATFORM_UNKNOWN = "platform_unknown"
    RESEND_RANGE = "resend_range"
    KEY_UNREADABLE = "key_unreadable"
    KEY_KNOWN = "key_known"
    KEY_UNKNOWN = "key_unknown"
    KEYS_FULL = "keys_full"
    NOT_ALLOWED = "not_allowed"
    SIGN_IN_WRONG = "sign_in_wrong"
    SIGN_IN_DELAYED = "sign_in_delayed"
    SUPERVISOR_EXISTS = "supervisor_exists"
    ACCOUNT_NAME = "account_name"
    ACCOUNT_EXISTS = "account_exists"
    ACCOUNT_UNKNOWN = "account_unknown"
    ACCOUNTS_FULL = "accounts_full"
    LAST_SUPERVISOR = "last_supervisor"
    PERSON_MISSING = "person_missing"
    VISIT_OPEN = "visit_open"
    SETUP_OPEN = "setup_open"
    SETUP_FACTS = "setup_facts"
    NO_VISIT = "no_visit"
    TEST_TIME = "test_time"
    PIN_WEAK = "pin_weak"
    PIN_WRONG = "pin_wrong"
    ENTERED_ALREADY = "entered_already"


@dataclass(frozen=True, slots=True)
class Refusal:
    """`expected` is what would be accepted, in the units of the order; empty when words suffice."""

    reason: Refused
    given: str = ""
    expected: str = ""


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """What the door refused before there was an order to judge; `count` times the same.

    `actor` is the platform that signed, or through whose link it came: then nobody vouches for it.
    """

    actor: str
    command_id: str
    refusal: Refusal
    count: int = 1
