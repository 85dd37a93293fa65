"""Plant each bug in a copy of the tree and see the named tests turn red: `python -m tests.mutants [part of a name]`.

First the named tests must be green without any bug.  Exit code 1 when a bug survives, its text is not found, its tests
cannot be run, or anything was red before.  Your own tree is never touched.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.mutants.catalogue import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
COPIED = ("gateway", "templates", "tests", "scripts", "benchmarks", "pyproject.toml", "gateway.example.toml")
SECONDS = 600
GREEN, RED = 0, 1
KILLED = "killed"


def main(parts: Sequence[str]) -> int:
    """Run all mutants, or those whose name holds one of `parts`.  Returns 0 when every one is killed, else 1."""
    chosen = [mutant for mutant in MUTANTS if not parts or any(part in mutant.name for part in parts)]
    with tempfile.TemporaryDirectory(prefix="case-gateway-mutants-") as folder:
        tree = Path(folder)
        _copy(tree)
        print("without any bug ...", flush=True)
        if _pytest(tree, [test for mutant in chosen for test in mutant.tests]) != GREEN:
            print("The named tests are not green without any planted bug; mend that first.", file=sys.stderr)
            return 1
        return _print_table([(mutant, *_timed(tree, mutant)) for mutant in chosen])


def try_one(tree: Path, mutant: Mutant) -> str:
    """Plant one bug, run its tests, take it out again; return `killed` or what is wrong."""
    file = tree / mutant.file
    sound = file.read_text(encoding="utf-8")
    if sound.count(mutant.old) != 1:
        return f"its text stands {sound.count(mutant.old)} times in {mutant.file}"
    file.write_text(sound.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        code = _pytest(tree, mutant.tests)
    finally:
        file.write_text(sound, encoding="utf-8")
    return {RED: KILLED, GREEN: "SURVIVED"}.get(code, f"its tests cannot be run (pytest: {code})")


def _timed(tree: Path, mutant: Mutant) -> tuple[str, float]:
    began = time.monotonic()
    print(f"{mutant.name} ...", flush=True)
    return try_one(tree, mutant), time.monotonic() - began


def _copy(tree: Path) -> None:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, tree / name)


def _pytest(tree: Path, tests: Sequence[str]) -> int:
    """Run tests in the copy and return pytest's exit code; -1 when they did not end."""
    options = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:randomly", "--no-header", "--tb=no"]
    command = [sys.executable, "-m", "pytest", *options, *dict.fromkeys(tests)]
    # No byte code: a bug that is planted and taken out within one second would be read from the cache.
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ran = subprocess.run(command, cwd=tree, env=environment, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return -1
    return ran.returncode


def _print_table(results: Sequence[tuple[Mutant, str, float]]) -> int:
    table = Table(title="Planted bugs")
    for heading in ("bug", "verdict"):
        table.add_column(heading)
    table.add_column("seconds", justify="right")
    for mutant, verdict, seconds in results:
        table.add_row(mutant.name, verdict, f"{seconds:.1f}")
    Console(width=120).print(table)
    return 0 if all(verdict == KILLED for _, verdict, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
