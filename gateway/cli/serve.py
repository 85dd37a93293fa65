"""`gateway serve`: the long-running roles, until SIGTERM or SIGINT asks for a clean stop."""

import signal
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.call import Call, command

if TYPE_CHECKING:
    from gateway.app import App
    from gateway.config import Config


def register(tree: typer.Typer) -> None:
    """Add the command to the tree."""
    command(
        tree,
        "serve",
        example=("gateway serve --config gateway.toml", "gateway serve --roles smtp,worker"),
        json=False,
    )(serve)


def serve(
    call: Call,
    roles: Annotated[str, typer.Option(metavar="ROLE,...", help="Only these roles; all when left out.")] = "",
) -> None:
    """Take mail in, process it and deliver notices, until SIGTERM or Ctrl-C; then stop cleanly."""
    from gateway import app, maillog

    chosen, config = chosen_roles(roles), call.settings()
    maillog.configure()
    log_settings(config)
    with app.build(config) as running:
        for asked in (signal.SIGTERM, signal.SIGINT):
            signal.signal(asked, lambda *_: running.stop())
        running.start(chosen)
        smtp = f"{config.smtp.host}:{running.smtp_port}" if "smtp" in chosen else "off"
        web = f"http://{config.web.host}:{start_web(running)}" if "web" in chosen else "off"
        maillog.ready(roles=chosen, smtp=smtp, web=web)
        print(f"Ready: SMTP {smtp}, web {web}, roles {', '.join(chosen)}; Ctrl-C stops.", flush=True)
        running.wait()


def start_web(running: "App") -> int:
    """Serve API and console from this process and return the port.  Raises GatewayError when it is taken."""
    from gateway.web.server import WebServer

    server = WebServer(running)
    running.attend(server)
    return server.port


def chosen_roles(text: str) -> tuple[str, ...]:
    """Return the roles that `--roles` names, all that there are for an empty one.  Raises BadParameter."""
    from gateway.app import ROLES

    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip())) or ROLES
    for name in names:
        if name not in ROLES:
            raise typer.BadParameter(f"there is no role {name}; there is {', '.join(ROLES)}", param_hint="--roles")
    return names


def log_settings(config: "Config") -> None:
    """Log the effective settings, a line a section, with secrets masked."""
    from gateway import maillog
    from gateway.config import effective

    for section, values in effective(config).items():
        if values:
            maillog.settings(section, values)
