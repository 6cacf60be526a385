"""What our own code may not even contain."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(path for room in ("agent", "drivers") for path in (ROOT / room).rglob("*.py"))
# Turn data into code, or into objects of the sender's choice.
MODULES = {
    "pickle",
    "marshal",
    "shelve",
    "yaml",
    "dill",
    "code",
    "codeop",
    "xmlrpc",
    "socketserver",
}
CALLS = {"eval", "exec", "compile", "__import__"}
# Weaken TLS, whatever they are called on.
ATTRIBUTES = {"CERT_NONE", "CERT_OPTIONAL", "_create_unverified_context", "tls_insecure_set"}


def faults(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names):
                yield from (one.name for one in names if one.name.partition(".")[0] in MODULES)
            case ast.ImportFrom(module=str(module)) if module.partition(".")[0] in MODULES:
                yield module
            case ast.Call(func=ast.Name(name)) if name in CALLS:
                yield name
            case ast.Call(func=ast.Attribute(ast.Name("os"), "system" | "popen")):
                yield "os.system"
            case ast.keyword("shell", ast.Constant(True)):
                yield "shell=True"
            case ast.Attribute(attr=name) if name in ATTRIBUTES:
                yield name
            case ast.Assign([ast.Attribute(attr="check_hostname")]):
                yield "check_hostname"
            case _:
                pass


def test_no_data_becomes_code_and_no_certificate_goes_unverified() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {fault}"
        for path in FILES
        for fault in faults(path.read_text("utf-8"))
    }
    assert len(FILES) > 100
    assert found == set()


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from yaml import load",
        "eval('1')",
        "os.system('x')",
        "run(x, shell=True)",
        "context.verify_mode = ssl.CERT_NONE",
        "context.check_hostname = False",
        "client.tls_insecure_set(True)",
    ],
)
def test_each_of_these_would_be_found(source: str) -> None:
    assert list(faults(source))
