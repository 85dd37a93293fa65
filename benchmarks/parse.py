"""How fast mails are read, in this process and by the children, against mail-parser alone in the same run."""

import time
from collections.abc import Callable

import mailparser

from benchmarks.row import Row
from gateway.inbound import reading
from gateway.inbound.parse_pool import ParsePool
from gateway.model import Envelope, ReadingRules, Source

SECONDS = 2.0
BATCH = 100
_TEXT = (
    "Hello,\r\n\r\nit prints again, but the second tray is still empty.\r\n"
    + "We tried the steps of the manual, one by one, and wrote down what happened.\r\n" * 10
    + "\r\nRegards\r\nAnn\r\n\r\nOn Fri, 20 Nov 2026 at 10:00, Care <care@example.test> wrote:\r\n"
    "> Please tell us more about the second tray.\r\n"
    "> Reference ID: REF-7K3MQ2XD91FVHT4BNWE5C8GZ0AY\r\n"
)


def run() -> list[Row]:
    """Measure reads a second of one process and of two children, over mail-parser's parses a second."""
    raw = reply()
    envelope = Envelope(mail_from="ann@example.com", rcpt_tos=("care@example.test",), source=Source.SMTP)
    rules = ReadingRules()
    alone = _per_second(lambda: mailparser.parse_from_bytes(raw))
    one = _per_second(lambda: reading.read(raw, envelope, rules))
    pool = ParsePool(children=2, mail_seconds=10, memory_bytes=1_073_741_824, rules=rules)
    try:
        pool.read_many([(raw, envelope)] * BATCH)
        two = BATCH * _per_second(lambda: pool.read_many([(raw, envelope)] * BATCH))
    finally:
        pool.close()
    yardstick = f"mail-parser alone, {alone:.0f}/s"
    return [
        Row(name="read one mail", figure=one, unit="mails/s", yardstick=yardstick, ratio=one / alone, target=0.5),
        Row(name="two parse children", figure=two, unit="mails/s", yardstick=yardstick, ratio=two / alone, target=1.0),
    ]


def reply() -> bytes:
    """Return a reply of about 3.5 kB with a text and an HTML part, both quoted-printable in effect."""
    html = "<html><body><div>" + _TEXT.replace("\r\n", "<br>\r\n") + "</div></body></html>\r\n"
    received = "".join(
        f"Received: from mx{n}.example.com (mx{n}.example.com [192.0.2.{n}]) by mail.example.net with ESMTPS id a{n};"
        f" Sat, 21 Nov 2026 10:00:0{n} +0000\r\n"
        for n in range(4)
    )
    head = (
        "From: Ann Example <ann@example.com>\r\nTo: care@example.test\r\nSubject: Re: [Case 0000000001] Printer\r\n"
        "Message-ID: <r1@example.com>\r\nIn-Reply-To: <o1@example.test>\r\nReferences: <o1@example.test>\r\n"
        "Date: Sat, 21 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/alternative; boundary="b1"\r\n\r\n'
    )
    parts = "".join(
        f"--b1\r\nContent-Type: text/{kind}; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: quoted-printable\r\n\r\n{body}\r\n"
        for kind, body in (("plain", _TEXT), ("html", html))
    )
    return (received + head + parts + "--b1--\r\n").encode()


def _per_second(work: Callable[[], object]) -> float:
    work()
    count, start = 0, time.perf_counter()
    while (taken := time.perf_counter() - start) < SECONDS:
        work()
        count += 1
    return count / taken


if __name__ == "__main__":
    for row in run():
        print(f"{row.name}: {row.figure:.0f} {row.unit}, {row.ratio:.2f} of {row.yardstick} (target {row.target})")
