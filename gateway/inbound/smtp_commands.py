"""What a command line of a client says.  Pure: bytes in, a value or the Reply that refuses it out.

Source: RFC 5321 section 4.1, RFC 1870 (SIZE), 6152 (BODY), 6531 (SMTPUTF8).  We are lenient where it is harmless (a
space after `FROM:`, a path without brackets) and strict where the protocol could come out of step.
"""

import re
from dataclasses import dataclass

from gateway.inbound import replies
from gateway.inbound.replies import Reply

MAX_LINE_BYTES = 4096
# RFC 5321 4.5.3.1 names 64 and 255 as the least that must be taken; long sender rewriting schemes go beyond 64.
MAX_LOCAL_BYTES = 256
MAX_DOMAIN_BYTES = 255

_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NULL_PATH = re.compile(r"<\s*>")
_ROUTE = r"(?:@[^\s<>@,:]+(?:,@[^\s<>@,:]+)*:)?"
_LOCAL = r'(?P<local>"(?:[^"\\]|\\.)*"|[^\s<>()\[\]\\,;:@"]+)'
_DOMAIN = r"(?:@(?P<domain>\[[^\s<>\[\]\\]+\]|[^\s<>()\[\]\\,;:@\"]+))?"
_PATH = re.compile(rf"<{_ROUTE}{_LOCAL}{_DOMAIN}>")
_BARE_PATH = re.compile(rf"{_LOCAL}{_DOMAIN}(?!\S)")
_SIZE = re.compile(r"[0-9]{1,20}")  # RFC 1870 section 4: at most 20 digits; str.isdigit would let other digits in
_HOST = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class Command:
    """A verb in upper case, and the rest of the line (undecodable bytes as surrogates)."""

    verb: str
    argument: str


@dataclass(frozen=True, slots=True)
class Path:
    """A mailbox.  local: as it was sent, quotes included; "" is the null path.  domain: "" where there was none."""

    local: str
    domain: str

    @property
    def address(self) -> str:
        """Return the addr-spec, "" for the null path."""
        return f"{self.local}@{self.domain}" if self.domain else self.local


@dataclass(frozen=True, slots=True)
class MailCommand:
    """The arguments of MAIL.  size_bytes: as declared, None when it was not."""

    sender: Path
    size_bytes: int | None
    smtputf8: bool


def read_command(line: bytes) -> Command | Reply:
    """Split a line with its line end into verb and argument."""
    if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
        return replies.BARE_LINE_END
    text = line[:-2].decode("utf-8", "surrogateescape")
    verb, _, argument = text.rstrip().partition(" ")
    if _CONTROLS.search(text) or not verb.isascii():
        return replies.BAD_CHARACTERS
    verb = verb.upper()
    if not argument.isascii() and verb not in ("MAIL", "RCPT"):
        return replies.BAD_CHARACTERS
    return Command(verb, argument.strip())


def read_host(argument: str) -> str | Reply:
    """Read the argument of EHLO or HELO; any word will do, many clients have no proper name."""
    return argument if _HOST.fullmatch(argument) else replies.BAD_ARGUMENT


def read_mail(argument: str, *, max_bytes: int) -> MailCommand | Reply:
    """Read the argument of MAIL.

    Replies: 501 5.5.4 no `FROM:` or a bad parameter · 501 5.1.7 no path · 553 5.6.7 8-bit · 555 unknown parameter ·
    552 5.3.4 declared too large.
    """
    found = _read_path(argument, "FROM:")
    if found is None:
        return replies.BAD_SENDER if argument.upper().startswith("FROM:") else replies.BAD_ARGUMENT
    path, rest = found
    parameters = _read_parameters(rest)
    if isinstance(parameters, Reply):
        return parameters
    smtputf8 = "SMTPUTF8" in parameters
    if refusal := _refuse_characters(path, smtputf8=smtputf8):
        return refusal
    if path.local and not path.domain:
        return replies.BAD_SENDER
    size = parameters.get("SIZE")
    if size is not None and int(size) > max_bytes:
        return replies.TOO_LARGE
    return MailCommand(path, None if size is None else int(size), smtputf8)


def read_rcpt(argument: str, *, smtputf8: bool) -> Path | Reply:
    """Read the argument of RCPT; a source route is stripped (RFC 5321 appendix C).

    Replies: 501 5.5.4 no `TO:` · 501 5.1.3 no path · 553 5.6.7 8-bit · 555 any parameter.
    """
    found = _read_path(argument, "TO:")
    if found is None or not found[0].local:
        return replies.BAD_RECIPIENT if argument.upper().startswith("TO:") else replies.BAD_ARGUMENT
    path, rest = found
    return _refuse_characters(path, smtputf8=smtputf8) or (replies.BAD_PARAMETER if rest.strip() else path)


def _read_path(argument: str, keyword: str) -> tuple[Path, str] | None:
    if argument[: len(keyword)].upper() != keyword:
        return None
    text = argument[len(keyword) :].lstrip()
    if null := _NULL_PATH.match(text):
        path, rest = Path("", ""), text[null.end() :]
    elif match := _PATH.match(text) or _BARE_PATH.match(text):
        path, rest = Path(match["local"], match["domain"] or ""), text[match.end() :]
    else:
        return None
    return None if (rest and rest[0] != " ") or _too_long(path) else (path, rest)


def _too_long(path: Path) -> bool:
    return (
        len(path.local.encode("utf-8", "surrogateescape")) > MAX_LOCAL_BYTES
        or len(path.domain.encode("utf-8", "surrogateescape")) > MAX_DOMAIN_BYTES
    )


def _refuse_characters(path: Path, *, smtputf8: bool) -> Reply | None:
    if path.address.isascii():
        return None
    broken = any("\ud800" <= character <= "\udfff" for character in path.address)
    return None if smtputf8 and not broken else replies.NEEDS_SMTPUTF8


def _read_parameters(rest: str) -> dict[str, str] | Reply:
    """Read the parameters of MAIL; the checked values by upper-case name, "" for one without a value."""
    parameters: dict[str, str] = {}
    for word in rest.split():
        name, has_value, value = word.partition("=")
        name = name.upper()
        if name not in ("SIZE", "BODY", "SMTPUTF8"):
            return replies.BAD_PARAMETER
        if name in parameters or not _fits(name, value, bool(has_value)):
            return replies.BAD_ARGUMENT
        parameters[name] = value
    return parameters


def _fits(name: str, value: str, has_value: bool) -> bool:
    match name:
        case "SIZE":
            return _SIZE.fullmatch(value) is not None
        case "BODY":
            return value.upper() in ("7BIT", "8BITMIME")
        case _:
            return not has_value
