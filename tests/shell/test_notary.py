"""The process that signs: started when it is needed, gone when it is not, and no one's burden."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.notary import Notary, NotaryGone
from agent.signing import (
    NEST_MAX,
    PUBLIC_FILE,
    Proof,
    Unproved,
    new_pair,
    public_of,
    signed_by,
    token_of,
)

WAIT_S = 20.0
PR_SET_MDWE = 65
ROOT = Path(__file__).parents[2]


@pytest.fixture
def notary(tmp_path: Path) -> Iterator[Notary]:
    one = Notary(tmp_path)
    yield one
    one.close()


def pid(notary: Notary) -> int:
    assert notary._process is not None
    return notary._process.pid


def ended(process: int) -> bool:
    """Whether it is gone within the bound, and no zombie either."""
    try:
        seen = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([seen], [], [], WAIT_S)[0])
    finally:
        os.close(seen)


def test_it_signs_with_the_stations_key_and_loads_nothing_here(notary: Notary) -> None:
    signature = notary.begin_signing(b"what").result(WAIT_S)
    assert signed_by(notary.public, b"what", signature.hex())


def test_a_station_that_has_its_key_starts_no_process(notary: Notary, tmp_path: Path) -> None:
    again = Notary(tmp_path)
    assert again.public == notary.public
    assert again._process is None


@pytest.mark.parametrize("cut_to", [0, 20])
def test_a_public_half_that_a_crash_cut_short_is_made_again(tmp_path: Path, cut_to: int) -> None:
    """Found on a card that lost its last writes: every seal would have named a key of nothing."""
    with closing(Notary(tmp_path)) as one:
        whole = one.public
    public = tmp_path / PUBLIC_FILE
    public.write_text(whole[:cut_to], encoding="ascii")
    with closing(Notary(tmp_path)) as one:
        assert one.public == whole
    assert public.read_text(encoding="ascii").strip() == whole


def test_it_proves_commands(notary: Notary, tmp_path: Path) -> None:
    file = tmp_path / "province.pem"
    file.write_text(new_pair()[0])
    keys = {"k1": public_of(file)}
    token = token_of({"iss": "province"}, "k1", file)
    assert notary.begin_proving(token, keys).result(WAIT_S) == Proof("k1", {"iss": "province"})
    assert notary.begin_proving(token[:-4] + "AAAA", keys).result(WAIT_S) == Unproved(
        "signature", "k1"
    )
    assert notary.begin_proving("x" * 8000, keys).result(WAIT_S) == Unproved("no_token")


def test_no_claims_that_it_can_read_and_control_cannot(notary: Notary, tmp_path: Path) -> None:
    """Signed by a platform that may only ask, they ended control, again at each start."""
    file = tmp_path / "province.pem"
    file.write_text(new_pair()[0])
    keys = {"k1": public_of(file)}
    found = []
    for depth in (1, NEST_MAX, NEST_MAX + 1, 500):
        nest = json.loads("[" * (depth - 1) + "]" * (depth - 1) or "0")
        token = token_of({"x": nest}, "k1", file)
        found.append(type(notary.begin_proving(token, keys).result(WAIT_S)))
    assert found == [Proof, Proof, Unproved, Unproved]


def test_one_process_serves_whoever_asks(notary: Notary) -> None:
    first = pid(notary)
    asked = [notary.begin_signing(bytes([n])) for n in range(20)]
    for n, one in enumerate(asked):
        assert signed_by(notary.public, bytes([n]), one.result(WAIT_S).hex())
    assert pid(notary) == first


def test_one_that_was_killed_is_started_again(notary: Notary) -> None:
    process = pid(notary)
    os.kill(process, signal.SIGKILL)
    assert ended(process)
    assert notary.begin_signing(b"what").result(WAIT_S)
    assert pid(notary) != process


def test_whose_control_was_killed_it_goes_without_a_word(tmp_path: Path) -> None:
    """Its traceback stood in the system's journal beside what had really happened."""
    notary = subprocess.Popen(
        [sys.executable, "-m", "agent.signing", str(tmp_path), str(WAIT_S)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    assert notary.stdout is not None
    notary.stdout.close()
    said = notary.communicate(b'{"do": "public"}\n', WAIT_S)[1]
    assert (notary.returncode, said) == (0, b"")


def test_one_that_is_stuck_is_given_up(tmp_path: Path) -> None:
    notary = Notary(tmp_path, answer_s=5.0)
    notary._answer_s = 0.2
    process = pid(notary)
    os.kill(process, signal.SIGSTOP)
    with pytest.raises(NotaryGone, match=r"no answer within 0\.2 s"):
        notary.begin_signing(b"what").result(WAIT_S)
    assert ended(process)
    notary._answer_s = WAIT_S
    assert notary.begin_signing(b"what").result(WAIT_S)
    notary.close()


def test_it_goes_to_rest_and_comes_back(tmp_path: Path) -> None:
    notary = Notary(tmp_path, idle_s=0.2)
    process = pid(notary)
    assert ended(process)
    assert notary.begin_signing(b"what").result(WAIT_S)
    assert pid(notary) != process
    notary.close()


def test_where_nothing_can_be_started_that_is_said(
    notary: Notary, monkeypatch: pytest.MonkeyPatch
) -> None:
    notary.close()
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(NotaryGone, match="no process can be started"):
        notary.begin_signing(b"what").result(WAIT_S)


def test_it_works_where_no_memory_may_be_written_and_run(tmp_path: Path) -> None:
    """As control's unit has it (MemoryDenyWriteExecute), on a kernel that knows how."""
    code = (
        "import ctypes, sys; from pathlib import Path; from agent.notary import Notary;"
        f" ctypes.CDLL(None).prctl({PR_SET_MDWE}, 1, 0, 0, 0);"
        " notary = Notary(Path(sys.argv[1]));"
        " print(len(notary.begin_signing(b'what').result(20))); notary.close()"
    )
    argv = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "64\n"
