"""Room rule: control's end of the process that signs and checks signatures. Meets no library.

The process is started when it is first needed and ends by itself when it was not needed for a
while. Whoever asks waits, within a bound: the desk's thread for a command, a thread of its own for
a seal, and never the scan. A notary that dies or is slow is no fault of ours: NotaryGone, and the
next who asks starts another.
"""

import json
import os
import select
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Final, TypeVar

from agent import threads
from agent.catalogue import Told
from agent.signing import (
    KEY_FILE,
    PUBLIC_FILE,
    KeyUnusable,
    Proof,
    Unproved,
    is_whole,
    refuse_exposed,
    written_public,
)

IDLE_S: Final = 60.0
# Python and the library load in 0.3 s on a PC and in 2 s on a Pi with a cold card.
ANSWER_S: Final = 10.0
_ANSWER_BYTES_MAX: Final = 64 * 1024
# What the service manager gave is control's alone.
_NOT_FOR_CHILDREN: Final = ("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC")
# One that goes to rest just as it is asked is started again, once.
_TRIES: Final = 2
_Found = TypeVar("_Found")


class NotaryGone(Told):
    """The process that signs died or took too long. Ask again later."""


class Notary:
    """For any thread; one is served at a time. `folder` is where the station's key is.

    `public` is its public half, empty while the key is `unusable`: that is told, and tried again
    with each signature. Commands are proved all the same.
    """

    def __init__(self, folder: Path, *, idle_s: float = IDLE_S, answer_s: float = ANSWER_S) -> None:
        self._folder = folder
        self._idle_s = idle_s
        self._answer_s = answer_s
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        refuse_exposed(folder / KEY_FILE)
        self.public = ""
        self.unusable: KeyUnusable | None = None
        try:
            self.public = self._known_public()
        except KeyUnusable as why:
            self.unusable = why

    def begin_signing(self, message: bytes) -> Future[bytes]:
        """Begins at once and waits for nothing; the result may raise NotaryGone or KeyUnusable."""
        return _beside("seal", lambda: self._sign(message))

    def begin_proving(self, token: str, keys: Mapping[str, str]) -> "Future[Proof | Unproved]":
        """The same for a signed command."""
        return _beside("proof", lambda: self._prove(token, keys))

    def close(self) -> None:
        with self._lock:
            self._end()

    def _known_public(self) -> str:
        """As it is written beside the key, or else as whoever may use the key makes it again."""
        made = (self._folder / KEY_FILE).exists() and is_whole(self._folder / PUBLIC_FILE)
        return written_public(self._folder) if made else str(self._ask("public")["public"])

    def _sign(self, message: bytes) -> bytes:
        """What nobody could check is not signed. A key that was put in since is told by its own."""
        self.public = self.public or self._known_public()
        signed = self._ask("sign", message=message.hex())
        self.public = str(signed["public"])
        return bytes.fromhex(signed["signature"])

    def _prove(self, token: str, keys: Mapping[str, str]) -> Proof | Unproved:
        answer = self._ask("prove", token=token, keys=dict(keys))
        return Proof(**answer["is"]) if answer["proved"] else Unproved(**answer["is"])

    def _ask(self, what: str, **fields: Any) -> dict[str, Any]:
        line = json.dumps({"do": what, **fields}).encode() + b"\n"
        with self._lock:
            try:
                answer = self._exchange(line)
            except NotaryGone:
                self._end()
                raise
        if "unusable" in answer:
            why = KeyUnusable.of(answer["unusable"])
            assert why is not None, "it is of the same version"
            raise why
        return answer

    def _exchange(self, line: bytes) -> dict[str, Any]:
        """One request and its answer."""
        process = self._hand_over(line)
        assert process.stdout is not None, "it was started with both pipes"
        if not select.select([process.stdout], [], [], self._answer_s)[0]:
            raise NotaryGone("notary.slow", seconds=f"{self._answer_s:g}")
        answer = process.stdout.readline(_ANSWER_BYTES_MAX)
        if not answer.endswith(b"\n"):
            raise NotaryGone("notary.died")
        found: dict[str, Any] = json.loads(answer)
        return found

    def _hand_over(self, line: bytes) -> subprocess.Popen[bytes]:
        """The process that has the request now."""
        for _ in range(_TRIES):
            if self._process is None or _has_ended(self._process):
                self._end()
                self._process = self._start()
            assert self._process.stdin is not None, "it was started with both pipes"
            try:
                self._process.stdin.write(line)
                self._process.stdin.flush()
            except OSError:
                self._end()
            else:
                return self._process
        raise NotaryGone("notary.ended")

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {k: v for k, v in os.environ.items() if k not in _NOT_FOR_CHILDREN}
        # It finds the same modules that we found, however we were started.
        environment["PYTHONPATH"] = os.pathsep.join(one for one in sys.path if one)
        argv = ["-P", "-m", "agent.signing", str(self._folder), str(self._idle_s)]
        try:
            process = subprocess.Popen(
                [sys.executable, *argv],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment,
                start_new_session=True,  # a Ctrl-C at a terminal is control's to hear
            )
        except OSError as error:
            raise NotaryGone("notary.not_started", raw=error.strerror) from error
        # One that went to rest must not stay behind as a zombie until somebody asks again.
        Thread(target=process.wait, name="notary", daemon=True).start()
        return process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None, "it was started with both pipes"
            try:
                pipe.close()
            except BrokenPipeError:
                continue  # what it had not read goes with it


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Its end of the pipe is closed: it is about to be gone."""
    assert process.stdout is not None, "it was started with both pipes"
    return bool(select.select([process.stdout], [], [], 0)[0])


def _beside(name: str, work: Callable[[], _Found]) -> "Future[_Found]":
    """Work in a thread that lives no longer than its process; the result is what it returns."""
    found: Future[_Found] = Future()

    def run() -> None:
        try:
            found.set_result(work())
        except (NotaryGone, KeyUnusable) as why:
            found.set_exception(why)

    ended = threads.begin(name, run)
    ended.add_done_callback(lambda one: _pass_on(one, found))
    return found


def _pass_on(ended: Future[None], found: Future[Any]) -> None:
    """A fault of ours reaches whoever waits, and ends the process there."""
    fault = ended.exception()
    if fault is not None:
        found.set_exception(fault)
