"""Room rule: a piece of work in a child process, which takes away all that it loaded.

A console idles for months in a few MiB. What it lends from the drivers takes as much again, and
Python gives no memory back. The child has no part in the session: what it asks, we ask for it.
"""

import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Generator, Iterable
from io import BufferedRWPair
from typing import Any, NoReturn

# Answers a question of the work's; in the child by asking the parent.
Ask = Callable[[dict[str, Any]], Any]
Work = Callable[[Ask], Iterable[str]]


def apart(work: Work, ask: Ask = dict) -> Generator[str, None, None]:
    """The lines that it yields, each as soon as it is known. Whoever has enough ends it.

    The process has one thread, so that a fork is whole. A work that fails is our fault.
    """
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        ours.close()
        _work(theirs, work)
    theirs.close()
    ended = False
    try:
        with ours, ours.makefile("rwb") as wire:
            for told in map(json.loads, wire):
                if "line" in told:
                    yield told["line"]
                elif "ask" in told:
                    _tell(wire, ask(told["ask"]))
                else:
                    ended = True
        assert ended, "the work ended before its end; its traceback is in the log"
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _work(theirs: socket.socket, work: Work) -> NoReturn:
    """Never returns: the parent's callers are none of the child's."""
    done = False
    try:
        with theirs.makefile("rwb") as wire:

            def ask(fields: dict[str, Any]) -> Any:
                _tell(wire, {"ask": fields})
                return json.loads(wire.readline())

            for line in work(ask):
                _tell(wire, {"line": line})
            _tell(wire, {"end": True})
        done = True
    finally:
        if not done:
            traceback.print_exc()
            sys.stderr.flush()
        os._exit(not done)


def _tell(wire: BufferedRWPair, what: Any) -> None:
    wire.write(json.dumps(what).encode() + b"\n")
    wire.flush()
