"""What an uplink does not load, and that nobody else is touched by it. Each in a fresh process."""

import subprocess
import sys


def said(program: str) -> str:
    argv = [sys.executable, "-c", program]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def test_mqtt_loads_no_http_and_no_email() -> None:
    loaded = (
        "print(sorted({'http.client', 'email', 'tempfile', 'urllib.request'} & set(sys.modules)))"
    )
    assert said(f"import sys, drivers.mqtt; {loaded}") == "[]"


def test_whoever_wants_urllib_request_later_gets_the_real_one() -> None:
    assert said("import drivers.mqtt, urllib.request as it; print(callable(it.urlopen))") == "True"


def test_whoever_had_it_before_keeps_it() -> None:
    program = (
        "import urllib.request as it, drivers.mqtt, sys; print(sys.modules['urllib.request'] is it)"
    )
    assert said(program) == "True"


def test_a_resident_process_loads_neither_the_catalogue_nor_a_terminal() -> None:
    for command in ("relay", "uplink", "control"):
        loaded = "print(sorted({'agent.words', 'getpass'} & set(sys.modules)))"
        assert said(f"import sys, agent.cli.{command}; {loaded}") == "[]", command
