"""Every numbered paragraph of docs/process.md 2 to 7 has a test of its own, named by its number."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests/story/paragraphs"
TESTS = {
    node.name
    for path in FOLDER.glob("test_*.py")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.FunctionDef)
}


def paragraphs() -> list[str]:
    text = (ROOT / "docs/process.md").read_text(encoding="utf-8")
    found = re.findall(r"^(?:## |\*\*)(\d\.\d)\b", text, flags=re.MULTILINE)
    return [number for number in found if "2" <= number[0] <= "7"]


def test_there_are_paragraphs() -> None:
    assert len(paragraphs()) == 37


@pytest.mark.parametrize("number", paragraphs())
def test_the_paragraph_has_a_test(number: str) -> None:
    prefix = f"test_{number.replace('.', '_')}_"
    assert [name for name in TESTS if name.startswith(prefix)], f"write {prefix}... in {FOLDER.name}/"
