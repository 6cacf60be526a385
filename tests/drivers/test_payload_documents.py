"""What docs/ tells platforms: schemas, AsyncAPI and examples are current, valid and agree."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from drivers.payload import schema

DOCS = Path(__file__).parents[2] / "docs"
# AsyncAPI's own schema of a document: npm package @asyncapi/specs 6.11.1 (Apache-2.0).
OFFICIAL = Path(__file__).with_name("asyncapi-3.0.0.json")
EXAMPLES = [
    json.loads(line) for line in (DOCS / "examples/records.jsonl").read_text("utf-8").splitlines()
]


def read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def written() -> dict[Path, str]:
    """What docs/payload.py would write."""
    specification = importlib.util.spec_from_file_location("payload", DOCS / "payload.py")
    assert specification is not None
    assert specification.loader is not None
    module: Any = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return dict(module.files())


def test_the_files_are_what_the_model_says() -> None:
    """If not: python docs/payload.py"""
    files = written()
    assert set((DOCS / "schema").glob("*.json")) <= set(files)
    stale = [
        path.name
        for path, text in files.items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    assert stale == []


def test_the_asyncapi_document_is_valid_by_asyncapis_own_schema() -> None:
    validator = jsonschema.Draft7Validator(read(OFFICIAL))
    assert [error.message for error in validator.iter_errors(read(DOCS / "asyncapi.json"))] == []


def test_asyncapis_own_schema_refuses_a_document_that_is_wrong() -> None:
    document = read(DOCS / "asyncapi.json")
    document["operations"]["records"]["action"] = "shout"
    assert not jsonschema.Draft7Validator(read(OFFICIAL)).is_valid(document)


@pytest.mark.parametrize("path", sorted((DOCS / "schema").glob("*.json")), ids=lambda p: p.stem)
def test_every_schema_is_one(path: Path) -> None:
    jsonschema.Draft7Validator.check_schema(read(path))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["kind"])
def test_every_example_fits_its_schema(example: dict[str, Any]) -> None:
    found = read(DOCS / "schema" / f"{example['kind']}.json")
    jsonschema.Draft7Validator(found).validate(example["record"])


def test_every_kind_has_one_example() -> None:
    """If not: python docs/examples/records.py"""
    assert [example["kind"] for example in EXAMPLES] == list(schema.kinds())
