"""The laws of the house: sizes, import lines, make targets, documents, and what must never be written down."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = sorted((ROOT / "gateway").rglob("*.py"))
SOURCES = PRODUCT + sorted(p for folder in ("tests", "benchmarks", "scripts") for p in (ROOT / folder).rglob("*.py"))
LINES_OF_A_FILE, LINES_OF_A_FUNCTION = 450, 60
SHORT_FUNCTION, SHARE_OF_SHORT_FUNCTIONS = 30, 0.9

TARGETS = ("demo", "test", "check", "long", "soak", "bench", "score", "docs", "help")
PARAGRAPHS = {1: 2, 2: 7, 3: 9, 4: 8, 5: 4, 6: 6, 7: 3, 8: 0, 9: 0}

# In halves, so that this file does not hold what it looks for.
FORBIDDEN = re.compile(
    "/wo"
    r"rk/(ma(in)|stee(ring)|shar(ed)|\.lib(rary))|/fa"
    r"rm/|/tmp/w"
    r"t/|file:///o"
    r"pt|pyp"
    r"i\.org|python"
    r"hosted\.org|registry\.npm"
    r"js|deb\.deb"
    r"ian\.org"
)
LEFT_OPEN = re.compile("TO" r"DO|FIX" r"ME|XX" r"X|NotImplemented" r"Error|mark\.x" r"fail")


def kept_files() -> list[Path]:
    """Return every file that git keeps or would keep, or, outside of a repository, every source file."""
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    names = done.stdout.split("\0") if done.returncode == 0 else [str(p.relative_to(ROOT)) for p in SOURCES]
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the name and the number of lines, docstring aside, of each function of a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            doc = node.body[0] if ast.get_docstring(node) else None
            doc_lines = doc.end_lineno - doc.lineno + 1 if doc and doc.end_lineno else 0
            yield f"{path.name}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1 - doc_lines


def is_a_migration(path: Path) -> bool:
    """Say whether a file is a migration: a list of statements, written once and never edited, with nothing to split."""
    return "migrations" in path.parts


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", PRODUCT, ids=relative)
def test_no_product_file_is_longer_than_a_person_reads_at_once(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LINES_OF_A_FILE


def test_no_function_is_longer_than_a_screen() -> None:
    sources = [path for path in SOURCES if not is_a_migration(path)]
    long = [(name, lines) for path in sources for name, lines in functions(path) if lines > LINES_OF_A_FUNCTION]
    assert long == []


def test_nine_of_ten_functions_are_short() -> None:
    lengths = [lines for path in PRODUCT for _, lines in functions(path)]
    assert sum(lines < SHORT_FUNCTION for lines in lengths) >= SHARE_OF_SHORT_FUNCTIONS * len(lengths)


@pytest.mark.parametrize("path", PRODUCT, ids=relative)
def test_every_product_file_opens_with_its_law(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), "the file has no docstring"


def test_every_module_stands_on_a_line_of_the_import_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(contract["layers"] for contract in contracts if contract["id"] == "layers")
    named = {name.strip(" ()") for line in layers for name in line.split(":")}
    homeless = []
    for path in PRODUCT:
        parts = path.relative_to(ROOT / "gateway").with_suffix("").parts
        prefixes = {".".join(parts[: length + 1]) for length in range(len(parts))}
        if path.name != "__init__.py" and not prefixes & named:
            homeless.append(relative(path))
    assert homeless == [], "name them in [tool.importlinter] of pyproject.toml"


@pytest.mark.parametrize("target", TARGETS)
def test_makefile_has_the_target_and_says_what_it_does(target: str) -> None:
    """CONTRACT 1: `make help` lists the targets."""
    shown = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.search(rf"^  make {target} +\w", shown, flags=re.MULTILINE)


def test_make_alone_prints_help() -> None:
    plain, asked = (
        subprocess.run(["make", "-s", *goal], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for goal in ([], ["help"])
    )
    assert plain == asked != ""


def test_continuous_integration_runs_every_test_and_lets_no_service_be_missing() -> None:
    script = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    assert script.index("export CI=true") < script.index("make test")


def test_process_document_has_every_paragraph_once_and_in_order() -> None:
    text = (ROOT / "docs/process.md").read_text(encoding="utf-8")
    found = re.findall(r"^(?:## |\*\*)(\d(?:\.\d)?)\b", text, flags=re.MULTILINE)
    wanted = [label for section, last in PARAGRAPHS.items() for label in _labels(section, last)]
    assert found == wanted


def _labels(section: int, last: int) -> list[str]:
    return [str(section), *(f"{section}.{paragraph}" for paragraph in range(1, last + 1))]


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md")), ids=relative)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target and not target.startswith("mailto:")]
    assert [target for target in local if not (path.parent / target).exists()] == []


def test_nothing_names_a_machine_or_an_index_host() -> None:
    assert _lines_with(FORBIDDEN, kept_files()) == []


def test_nothing_is_left_open_in_the_code() -> None:
    assert _lines_with(LEFT_OPEN, SOURCES) == []


def _lines_with(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    return [
        f"{relative(path)}:{number}"
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
        if pattern.search(line)
    ]
