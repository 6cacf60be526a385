"""The manual is what the grammar says."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("console_manual", DOCS / "console.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_manual_is_what_the_grammar_says(language: str) -> None:
    """If not: python docs/console.py"""
    module = generator()
    written = (DOCS / module.FILES[language]).read_text("utf-8")
    assert written == module.page(language)
