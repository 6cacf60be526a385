"""Room rule: what a broker's answers mean for a batch and for a link. Pure."""

from typing import Any, NamedTuple

from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from agent.ports import Answer
from drivers.mqtt.broker import reason_words

NO_MATCHING_SUBSCRIBERS = 0x10
TAKEN_OVER = 0x8E
PACKET_TOO_LARGE = 0x95
PAYLOAD_FORMAT_INVALID = 0x99
FAILED = 0x80  # reasons from here on are failures


class Connack(NamedTuple):
    reason: ReasonCode
    properties: Properties


class Puback(NamedTuple):
    mid: int
    reason: int
    words: str


class Suback(NamedTuple):
    mid: int
    reasons: list[ReasonCode]


class Parting(NamedTuple):
    """Why a connection ended. `said`: the broker gave a reason of its own."""

    words: str
    reason: int = 0
    said: bool = False


def judge(puback: Puback, topic: str) -> tuple[Answer, str]:
    if puback.reason == NO_MATCHING_SUBSCRIBERS:
        return Answer.KEPT, f"no_consumer: nobody is subscribed to {topic}"
    if puback.reason == PAYLOAD_FORMAT_INVALID:
        return Answer.REJECTED, puback.words
    if puback.reason >= FAILED:
        return Answer.KEPT, f"{puback.words}: topic {topic}"
    return Answer.ACCEPTED, ""


def parting(flags: Any, reason: ReasonCode, properties: Properties | None) -> Parting:
    if flags.is_disconnect_packet_from_server:
        words = f"the broker ended the session: {reason_words(reason, properties)}"
        return Parting(words, reason.value, said=True)
    if str(reason) == "Unspecified error":  # paho's word for an end without a packet
        return Parting("the connection was lost")
    return Parting(str(reason).lower())


def rival_words(client_id: str) -> str:
    return f"is a second controller running that comes as {client_id}?"
