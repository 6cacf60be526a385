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


def test_the_relay_and_an_uplink_load_neither_the_words_nor_a_terminal() -> None:
    """Control says its facts in the host's log; the others have none to say."""
    for command in ("relay", "uplink"):
        loaded = "print(sorted({'agent.words', 'getpass'} & set(sys.modules)))"
        assert said(f"import sys, agent.cli.{command}; {loaded}") == "[]", command


def test_the_relay_and_an_uplink_load_no_inspection_of_python() -> None:
    for command in ("relay", "uplink"):
        loaded = "print(sorted({'inspect', 'ast', 'dis', 'shutil'} & set(sys.modules)))"
        parsed = f"import agent.cli as cli, sys; cli._parser({command!r})"
        assert said(f"{parsed}; import agent.core.model.records; {loaded}") == "[]", command


def test_a_dataclass_is_what_it_is_anywhere_and_inspect_is_the_real_one() -> None:
    program = (
        "import agent, dataclasses, sys\n"
        "it = dataclasses.make_dataclass('It', ['one'])\n"
        "import inspect\n"
        "print(it(one=1), it.__doc__, inspect.signature(it))"
    )
    assert said(program) == "It(one=1) It (one: 'typing.Any') -> None"


def test_control_loads_no_tls_and_whoever_wants_it_later_gets_the_real_one() -> None:
    loaded = "print(sorted({'ssl', '_ssl'} & set(sys.modules)))"
    assert said(f"import sys, agent.cli.control; {loaded}") == "[]"
    served = "import agent.cli.control, pymodbus.datastore as it; print(it.ModbusServerContext)"
    assert "pymodbus.datastore" in said(served)
    later = "import agent.cli.control, ssl; print(ssl.create_default_context().check_hostname)"
    assert said(later) == "True"


def test_whoever_had_tls_before_keeps_it() -> None:
    program = "import asyncio, agent.cli.control, asyncio.sslproto as it; print(it.ssl.__name__)"
    assert said(program) == "ssl"


def test_no_process_loads_addresses_and_one_in_brackets_is_still_looked_at() -> None:
    for command in ("relay", "uplink", "control"):
        loaded = "print('ipaddress' in sys.modules)"
        assert said(f"import sys, agent.cli.{command}; {loaded}") == "False", command
    asked = "import agent, urllib.parse as it; print(it.urlsplit('http://[::1]:80/').hostname)"
    assert said(asked) == "::1"
    refused = (
        "import agent, urllib.parse as it\n"
        "try: it.urlsplit('http://[1.2.3.4]/')\n"
        "except ValueError as why: print(why)"
    )
    assert "IPv4" in said(refused)
