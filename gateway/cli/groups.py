"""How a group lists its commands in `--help`: each with its whole first sentence, on as many lines as it takes."""

from typing import Any

from typer.core import TyperGroup


class Group(TyperGroup):
    """A group of commands whose list cuts no sentence off."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands, in the order in which they were declared."""
        commands = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        rows = [(name, _sentence(each.help)) for name, each in commands.items() if each and not each.hidden]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _sentence(help: str | None) -> str:
    """Return the first paragraph in one line."""
    return " ".join((help or "").partition("\n\n")[0].split())
