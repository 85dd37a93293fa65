"""Run the long forms of the tests, then the planted bugs, and print one table: `make long`.

Each part is bounded in time.  Exit code 1 when anything failed.
"""

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from rich.console import Console
from rich.table import Table

MUTANTS = Path(__file__).parents[1] / "tests" / "mutants" / "__main__.py"
LONG_TESTS_SECONDS = 3600
MUTANTS_SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one long test."""

    name: str
    verdict: str
    seconds: float


def main(arguments: list[str]) -> int:
    """Run both parts; the arguments go to pytest.  Returns 0 when nothing failed, else 1."""
    results, code = _long_tests(arguments)
    _print_table(results)
    if not arguments and MUTANTS.exists():
        code = max(code, _bounded([sys.executable, "-m", "tests.mutants"], MUTANTS_SECONDS))
    return min(code, 1)


def _long_tests(arguments: list[str]) -> tuple[list[Result], int]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-m", "long", "--timeout=1800", f"--junitxml={report}"]
        code = _bounded([*command, *arguments], LONG_TESTS_SECONDS)
        results = _read(report) if report.exists() else []
    nothing_collected = 5
    return results, 0 if code == nothing_collected else code


def _bounded(command: list[str], seconds: float) -> int:
    try:
        return subprocess.run(command, check=False, timeout=seconds).returncode
    except subprocess.TimeoutExpired:
        print(f"Stopped after {seconds:g} s: {' '.join(command[1:4])}", file=sys.stderr)
        return 1


def _read(report: Path) -> list[Result]:
    return [
        Result(
            name=f"{case.get('classname', '').removeprefix('tests.')}: {case.get('name', '')}",
            verdict=next((child.tag for child in case if child.tag in ("failure", "error", "skipped")), "passed"),
            seconds=float(case.get("time", "0")),
        )
        for case in ElementTree.parse(report).iter("testcase")
    ]


def _print_table(results: list[Result]) -> None:
    table = Table(title="Long forms")
    table.add_column("test")
    table.add_column("verdict")
    table.add_column("seconds", justify="right")
    for result in sorted(results, key=lambda result: result.name):
        table.add_row(result.name, result.verdict, f"{result.seconds:.1f}")
    Console(width=120).print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
