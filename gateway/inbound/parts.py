"""The walk over the MIME tree: leaves decoded, attached mails kept apart, machine-readable reports as text.

The tree comes from `parse.py`; nothing here trusts it.  The walk never enters `message/*`: an attached mail is
another mail.  Transfer encodings are decoded here, leniently (RFC 2045 6.7-6.8), to at most what the mail itself
can hold: no encoding of mail grows.
"""

import binascii
import email
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from itertools import islice

from gateway.cleaning import clean_text
from gateway.inbound import body, charset, headers, opaque, richtext, tnef
from gateway.inbound.body import Leaf
from gateway.inbound.headers import Head

PARTS_LIMIT = 1_000
DEPTH_LIMIT = 20
REPORT_CHARACTERS = 200_000
INNER_PARTS_LIMIT = 20

_REPORTS = frozenset(
    (
        "message/delivery-status",
        "message/global-delivery-status",
        "message/disposition-notification",
        "message/global-disposition-notification",
        "message/feedback-report",
    )
)
_BOUNDARY_DEFECTS = frozenset(
    (
        "NoBoundaryInMultipartDefect",
        "StartBoundaryNotFoundDefect",
        "CloseBoundaryNotFoundDefect",
        "MultipartInvariantViolationDefect",
    )
)
_KNOWN_ENCODINGS = frozenset(("", "7bit", "8bit", "binary", "7-bit", "8-bit", "none"))


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedMail:
    """A mail inside the mail.  content: its bytes (line ends as LF).  head: its header block.  text: what it says."""

    content_type: str
    name: str
    content: bytes
    head: Head
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """All parts of the outer mail.

    content_type, parameters: of the whole mail.  reports: (content type, text) of machine-readable report parts.
    """

    content_type: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    leaves: tuple[Leaf, ...] = ()
    attached: tuple[AttachedMail, ...] = ()
    reports: tuple[tuple[str, str], ...] = ()
    defects: tuple[str, ...] = ()


@dataclass(slots=True)
class _Node:
    """A part on the way: its tree node, how deep it stands, its container and its multipart/alternative."""

    message: Message
    depth: int
    container: str
    group: int


def walk(message: Message) -> Parts:
    """Gather the parts of a mail in document order, at most PARTS_LIMIT of them and DEPTH_LIMIT deep."""
    leaves: list[Leaf] = []
    attached: list[AttachedMail] = []
    reports: list[tuple[str, str]] = []
    defects: list[str] = []
    for node in _nodes(message, defects):
        content_type, parameters = _content_type(node)
        if content_type in _REPORTS:
            reports.append((content_type, _report_text(node.message)))
        elif content_type.startswith("message/") and node.message.is_multipart():
            attached.append(_attached(node.message, content_type, parameters))
        else:
            leaves += _unwrapped(_leaf(node, content_type, parameters, defects))
    content_type, parameters = headers.parameters(_value(message, "content-type"))
    return Parts(
        content_type=content_type,
        parameters=tuple(parameters.items()),
        leaves=tuple(leaves),
        attached=tuple(attached),
        reports=tuple(reports),
        defects=tuple(dict.fromkeys(defects)),
    )


def _nodes(message: Message, defects: list[str]) -> Iterator[_Node]:
    """Yield all parts that are no multipart, in order."""
    stack = [_Node(message, 0, "", 0)]
    seen = groups = 0
    while stack:
        node = stack.pop()
        seen += 1
        if seen > PARTS_LIMIT:
            defects.append("mime:too-many-parts")
            return
        if any(type(defect).__name__ in _BOUNDARY_DEFECTS for defect in node.message.defects):
            defects.append("mime:boundary")
        kind = node.message.get_content_maintype()
        if kind != "multipart" or not node.message.is_multipart():
            yield node
            inner = _signed_inside(node)
            if inner is not None:
                stack.append(_Node(inner, node.depth + 1, node.container, node.group))
            continue
        if node.depth >= DEPTH_LIMIT:
            defects.append("mime:too-deep")
            continue
        container = node.message.get_content_type()
        groups += container == "multipart/alternative"
        group = node.group or (groups if container == "multipart/alternative" else 0)
        children = [part for part in node.message.get_payload() if isinstance(part, Message)]
        stack.extend(_Node(child, node.depth + 1, container, group) for child in reversed(children))


def _signed_inside(node: _Node) -> Message | None:
    """Return the entity inside an opaque S/MIME signature; it counts as body.  Source: RFC 8551 3.5.2, MI-18."""
    if node.message.get_content_type() not in opaque.CONTENT_TYPES or node.depth >= DEPTH_LIMIT:
        return None
    inner = opaque.signed_content(_decoded(node.message)[0])
    if inner is None or inner.count(b"\n--") > PARTS_LIMIT:
        return None
    try:
        return email.message_from_bytes(inner)
    except Exception:  # the standard library recurses once a nesting level; the signature stays an attachment
        return None


def _content_type(node: _Node) -> tuple[str, dict[str, str]]:
    """Return type and parameters of a part; what declares nothing usable is text.  Source: RFC 2045 5.2."""
    value = _value(node.message, "content-type")
    content_type, parameters = headers.parameters(value)
    if content_type.startswith("multipart/"):
        return "text/plain", {}  # its boundary was never found: what it holds is shown as it stands
    if not value and node.container == "multipart/digest":
        return "message/rfc822", {}
    if content_type.count("/") != 1:
        return ("text/html", parameters) if content_type == "html" else ("text/plain", parameters)
    return content_type, parameters


def _leaf(node: _Node, content_type: str, parameters: dict[str, str], defects: list[str]) -> Leaf:
    disposition, named = headers.parameters(_value(node.message, "content-disposition"))
    data, defect = _decoded(node.message)
    if defect:
        defects.append(defect)
    return Leaf(
        content_type=content_type,
        parameters=parameters,
        data=data,
        disposition=disposition,
        name=_name(named, "filename") or _name(parameters, "name"),
        group=node.group,
        container=node.container,
    )


def _unwrapped(leaf: Leaf) -> list[Leaf]:
    """Return body and files of a winmail.dat, and the wrapper itself: it may hold what is not shown.  Source: MI-18."""
    if leaf.content_type not in tnef.CONTENT_TYPES and leaf.name.lower() != tnef.FILE_NAME:
        return [leaf]
    found = tnef.unpack(leaf.data)
    if found is None:
        return [leaf]
    bodies = [("text/plain", found.charset, found.text), ("text/html", found.charset, found.html)]
    files = [(file.name, file.content_type or "application/octet-stream", file.data) for file in found.files]
    if found.rtf and not (found.text or found.html):
        bodies.append(("text/plain", "utf-8", richtext.text_of(found.rtf).encode()))
        files.append(("message.rtf", "application/rtf", found.rtf))
    return [
        *(
            Leaf(
                content_type=kind,
                parameters={"charset": codec},
                data=data,
                group=leaf.group,
                container=body.WRAPPED,
            )
            for kind, codec, data in bodies
            if data.strip()
        ),
        *(
            Leaf(content_type=kind, parameters={}, data=data, disposition="attachment", name=name or "attachment")
            for name, kind, data in files
        ),
        leaf,
    ]


def _name(parameters: dict[str, str], key: str) -> str:
    """Return a file name; where the plain and the extended form differ, both, the extended one first.

    Source: RFC 2231 4, RFC 6266 4.3.  A sender that names one file twice wants two programs to see two names.
    """
    plain, extended = headers.decode_words(parameters.get(key, ""), limit=4_000), parameters.get(f"{key}*", "")
    if extended and plain and extended != plain and plain.isascii() and extended.isascii():
        return f"{extended} [{plain}]"
    return extended or plain


def _decoded(message: Message) -> tuple[bytes, str]:
    data = _payload_bytes(message)
    encoding = _value(message, "content-transfer-encoding").partition(";")[0].strip().lower()
    if encoding == "base64":
        return headers.base64_bytes(data), ""
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data), ""
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        return _uudecoded(data), ""
    return data, "" if encoding in _KNOWN_ENCODINGS else "mime:transfer-encoding"


def _payload_bytes(message: Message) -> bytes:
    """Return the body of a leaf as it stands in the mail.

    Not get_payload(): where the body holds 8-bit bytes, it decodes them with whatever codec the sender names, which
    raises for some (`idna`) and runs others (`unicode_escape`).
    """
    payload = message._payload  # type: ignore[attr-defined]
    return payload.encode("utf-8", "surrogateescape") if isinstance(payload, str) else b""


def _uudecoded(data: bytes) -> bytes:
    decoded: list[bytes] = []
    inside = False
    for line in data.splitlines():
        if line.startswith(b"begin ") and not inside:
            inside = True
        elif line.startswith(b"end") and inside:
            return b"".join(decoded)
        elif inside:
            try:
                decoded.append(binascii.a2b_uu(line))
            except binascii.Error:
                return data
    return data


def _attached(message: Message, content_type: str, parameters: dict[str, str]) -> AttachedMail:
    children = message.get_payload()
    inner = children[0] if isinstance(children, list) and isinstance(children[0], Message) else message
    content = _flattened(inner, _value(message, "content-transfer-encoding").lower())
    named = headers.parameters(_value(message, "content-disposition"))[1]
    return AttachedMail(
        content_type=content_type,
        name=_name(named, "filename") or _name(parameters, "name"),
        content=content,
        head=headers.scan(content[: headers.BLOCK_LIMIT_BYTES]),
        text=_text_of(inner),
    )


def _flattened(inner: Message, encoding: str) -> bytes:
    """Return the bytes of an attached mail.  Some senders encode it against RFC 2046 5.2.1; that is undone."""
    if encoding in ("base64", "quoted-printable") and not inner.is_multipart():
        data = _payload_bytes(inner)
        return headers.base64_bytes(data) if encoding == "base64" else binascii.a2b_qp(data)
    try:
        return inner.as_bytes()
    except Exception:
        # The generator recurses once a level and refuses some charsets; the raw mail keeps the bytes.
        return b""


def _text_of(inner: Message) -> str:
    """Return the text of an attached mail as far as hints need it."""
    texts: list[str] = []
    for part in islice(inner.walk(), INNER_PARTS_LIMIT):
        if part.get_content_maintype() == "text":
            leaf = _leaf(_Node(part, 0, "", 0), part.get_content_type(), {}, [])
            texts.append(body.decode(leaf)[0])
    return "\n".join(texts)[:REPORT_CHARACTERS]


def _report_text(message: Message) -> str:
    """Return the fields of a machine-readable report, a blank line between its groups."""
    groups = message.get_payload() if message.is_multipart() else [message]
    lines: list[bytes] = []
    for group in islice(groups, PARTS_LIMIT):
        if isinstance(group, Message):
            fields = group.raw_items() if group is not message else ()
            lines += [f"{name}: {value}".encode("utf-8", "surrogateescape") for name, value in fields]
            lines += [_payload_bytes(group), b""]
    data = b"\n".join(lines)
    if _value(message, "content-transfer-encoding").strip().lower() == "base64":
        data = headers.base64_bytes(data)
    return clean_text(charset.decode_unmarked(data), limit=REPORT_CHARACTERS)


def _value(message: Message, name: str) -> str:
    """Return a field of a part, unfolded; 8-bit bytes are read as UTF-8, else as Windows-1252 (RFC 7103 7.7)."""
    for key, value in message.raw_items():
        if key.lower() == name:
            raw = str(value).encode("utf-8", "surrogateescape")
            return " ".join(charset.decode_unmarked(raw).split())
    return ""
