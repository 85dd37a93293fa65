"""Run the benchmarks and print one table: `python -m benchmarks [NAME ...]`, or `make bench ONLY=NAME`.

A benchmark is a file of this folder with a function `run() -> list[Row]`.  A figure that misses its target is shown
as such and is no failure of the command (machines differ); a benchmark that breaks is one.
"""

import importlib
import pkgutil
import sys
import traceback
from collections.abc import Sequence

import benchmarks
from benchmarks.row import Row, print_table


def names() -> list[str]:
    """Return the names of all benchmarks, in alphabetical order."""
    found = (module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name != "__main__")
    return sorted(name for name in found if hasattr(importlib.import_module(f"benchmarks.{name}"), "run"))


def main(wanted: Sequence[str]) -> int:
    """Run the wanted benchmarks, or all.  Returns 2 for an unknown name, 1 when one broke, else 0."""
    known = names()
    unknown = [name for name in wanted if name not in known]
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}; there are: {', '.join(known)}.", file=sys.stderr)
        return 2
    rows: list[Row] = []
    broken: list[str] = []
    for name in wanted or known:
        print(f"Measuring {name} ...", file=sys.stderr, flush=True)
        try:
            rows += importlib.import_module(f"benchmarks.{name}").run()
        except Exception:
            # One broken benchmark must not cost the figures of the others.
            traceback.print_exc()
            broken.append(name)
    print_table(rows)
    for name in broken:
        print(f"{name} broke; its error stands above.", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
