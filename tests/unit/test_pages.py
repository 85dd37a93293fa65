"""The pages for people: each is found from the README, and each link leads somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_page_of_the_documentation_is_linked_from_the_first_one() -> None:
    linked = set(re.findall(r"\]\(([^)#\s]+)", README))
    pages = {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md") if not page.name.startswith("adding-")}
    assert pages <= linked


def test_a_link_between_pages_leads_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]
    broken = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in pages
        for link in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
        if not link.startswith("http") and not (page.parent / link).exists()
    ]
    assert broken == []


@pytest.mark.parametrize("name", ["answer.py", "portal/portal.py", "webhook-receiver/receiver.py"])
def test_an_example_that_is_called_with_nothing_says_how_to_call_it(name: str) -> None:
    command = [sys.executable, str(ROOT / "examples" / name)]
    done = subprocess.run(command, env={}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{Path(name).name} " in done.stderr or f"python {Path(name).name}" in done.stderr
    assert "Traceback" not in done.stderr
