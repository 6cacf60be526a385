"""Room rule: when a certificate ends. Verifies nothing: the TLS library does that.

The standard library decodes the peer's certificate and authorities, but no leaf from a file; its
end stands at a fixed place of the DER (RFC 5280, 4.1), which takes a few lines to walk to.
"""

import ssl
from calendar import timegm
from datetime import datetime
from pathlib import Path

from agent.ports import Certificate

_SEQUENCE, _UTC_TIME, _GENERALIZED_TIME, _VERSION = 0x30, 0x17, 0x18, 0xA0
_FILE_BYTES_MAX = 256 * 1024


def of_files(ca_file: Path | None, cert_file: Path | None) -> tuple[Certificate, ...]:
    """Those a station keeps: its own, and the authority if it pins a single one.

    OSError or ValueError when a file cannot be read as what it should be.
    """
    found = []
    if cert_file is not None:
        with cert_file.open("rb") as file:
            text = file.read(_FILE_BYTES_MAX).decode("ascii", "replace")
        begin = text.find(ssl.PEM_HEADER)
        end = text.find(ssl.PEM_FOOTER, begin)
        if begin < 0 or end < 0:
            raise ValueError(f"{cert_file} holds no certificate in PEM")
        leaf = ssl.PEM_cert_to_DER_cert(text[begin : end + len(ssl.PEM_FOOTER)])
        found.append(Certificate("station", not_after_utc_ms(leaf)))
    if ca_file is not None:
        authorities = ssl.create_default_context(cafile=ca_file).get_ca_certs()
        if len(authorities) == 1:  # of a bundle most members are not ours
            found.append(Certificate("authority", _ended(authorities[0]["notAfter"])))
    return tuple(found)


def of_peer(sock: object) -> tuple[Certificate, ...]:
    """The broker's, once it is connected. None without TLS."""
    told = sock.getpeercert() if isinstance(sock, ssl.SSLSocket) else None
    return (Certificate("broker", _ended(told["notAfter"])),) if told else ()


def not_after_utc_ms(der: bytes) -> int:
    """ValueError when it is no certificate."""
    try:
        _, body, _ = _part(der, 0)  # Certificate
        _, body, _ = _part(body, 0)  # its TBSCertificate
        tag, _, at = _part(body, 0)
        if tag == _VERSION:
            _, _, at = _part(body, at)  # what comes next is the serial number
        for _ in range(2):  # signature algorithm, issuer
            _, _, at = _part(body, at)
        _, validity, _ = _part(body, at)
        _, _, at = _part(validity, 0)
        tag, ended, _ = _part(validity, at)
        years = {_UTC_TIME: "%y", _GENERALIZED_TIME: "%Y"}[tag]
        moment = datetime.strptime(ended.decode("ascii"), f"{years}%m%d%H%M%SZ")  # noqa: DTZ007  # Z is UTC
    except (IndexError, KeyError, ValueError) as fault:
        raise ValueError(f"this is no certificate: {fault}") from fault
    return timegm(moment.timetuple()) * 1000


def _ended(words: object) -> int:
    return ssl.cert_time_to_seconds(str(words)) * 1000


def _part(der: bytes, at: int) -> tuple[int, bytes, int]:
    """Tag, content and end of the element at `at`."""
    tag, size, at = der[at], der[at + 1], at + 2
    if size & 0x80:
        octets = size & 0x7F
        size, at = int.from_bytes(der[at : at + octets], "big"), at + octets
    if at + size > len(der):
        raise IndexError("it ends too early")
    return tag, der[at : at + size], at + size
