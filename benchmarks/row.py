"""One line of the table of figures.

The ratio says how we stand beside the yardstick, and more is always better; so it can be compared with a target, and
two machines can be compared with each other, which bare rates cannot.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A measured figure.

    figure: what we reached, in `unit`.  yardstick: what it is compared with, with its own figure.
    ratio: figure by yardstick, more is better.  target: the least ratio we accept.
    limits: what keeps the figure from being better, in a few words.
    """

    name: str
    figure: float
    unit: str
    yardstick: str
    ratio: float
    target: float
    limits: str = ""

    @property
    def met(self) -> bool:
        """Say whether the target is reached."""
        return self.ratio >= self.target


def within(name: str, figure: float, unit: str, *, allowed: float, limits: str = "") -> Row:
    """Return the row of a figure that must stay below `allowed`, both in `unit`; its ratio is allowed by figure."""
    return Row(
        name=name,
        figure=figure,
        unit=unit,
        yardstick=f"{allowed:g} {unit} allowed",
        ratio=allowed / figure if figure else float("inf"),
        target=1.0,
        limits=limits,
    )


def print_table(rows: Sequence[Row], console: Console | None = None) -> None:
    """Print one table of ratios, and below it what limits each figure."""
    console = console or Console(width=120)
    table = Table(title="Benchmarks: ratios to a yardstick of the same run, more is better")
    for heading in ("benchmark", "yardstick"):
        table.add_column(heading)
    for heading in ("figure", "ratio", "target", ""):
        table.add_column(heading, justify="right")
    for row in rows:
        verdict = "met" if row.met else "MISSED"
        figure = f"{row.figure:,.4g} {row.unit}"
        table.add_row(row.name, row.yardstick, figure, f"{row.ratio:.2f}", f"{row.target:.2f}", verdict)
    console.print(table)
    for row in rows:
        if row.limits:
            console.print(f"{row.name}: {row.limits}", highlight=False)
