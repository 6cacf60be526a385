"""Room rule: what a broker's answers mean for a batch and for a link. Pure."""

from typing import Any, NamedTuple

from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from agent.ports import Answer, LinkFault, Receipt
from drivers.mqtt.broker import reason_words

NO_MATCHING_SUBSCRIBERS = 0x10
NOT_AUTHORISED = 0x87
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
    """Why a connection ended. `said`: the broker gave a reason of its own.

    `closed`: it was closed in order and without a word, as by a broker that gave our name away; a
    gateway that drops a connection resets it.
    """

    words: str
    reason: int = 0
    said: bool = False
    fault: LinkFault = LinkFault.LOST
    closed: bool = False


def judge(token: int, puback: Puback, topic: str) -> Receipt:
    """What the broker says of the batch that was sent with `token`."""
    if puback.reason == NO_MATCHING_SUBSCRIBERS:
        why = f"no_consumer: nobody is subscribed to {topic}"
        return Receipt(token, Answer.KEPT, why, LinkFault.NO_CONSUMER)
    if puback.reason == PAYLOAD_FORMAT_INVALID:
        return Receipt(token, Answer.REJECTED, puback.words)
    if puback.reason >= FAILED:
        fault = LinkFault.FORBIDDEN if puback.reason == NOT_AUTHORISED else LinkFault.ENDED
        return Receipt(token, Answer.KEPT, f"{puback.words}: topic {topic}", fault)
    return Receipt(token, Answer.ACCEPTED)


def parting(flags: Any, reason: ReasonCode, properties: Properties | None) -> Parting:
    if flags.is_disconnect_packet_from_server:
        words = f"the broker ended the session: {reason_words(reason, properties)}"
        return Parting(words, reason.value, said=True, fault=LinkFault.ENDED)
    if str(reason) == "Unspecified error":  # paho's word for an end without a packet
        return Parting("the connection was lost", closed=True)
    return Parting(str(reason).lower())


def refused(connack: Connack) -> Parting:
    """The broker's answer to the greeting, which is a no."""
    words = f"refused: {reason_words(connack.reason, connack.properties)}"
    match connack.reason.value:
        case 0x86 | 0x87 | 0x8C:  # bad user name or password, not authorised, bad method
            return Parting(words, fault=LinkFault.NOT_AUTHORISED)
        case 0x9A | 0x9B:  # what we always ask for: retain and QoS 1
            return Parting(words, fault=LinkFault.LIMITS)
        case _:
            return Parting(words, fault=LinkFault.ENDED)


def rival_words(client_id: str) -> str:
    return f"is a second controller running that comes as {client_id}?"
