"""Answer a mail of the gateway as the customer would, and send the answer by SMTP.

python examples/answer.py var/sent/2.eml "It is 7.2." [127.0.0.1:8025]
"""

import email
import smtplib
import sys
from email import policy
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path


def answer(asked: bytes, words: str) -> EmailMessage:
    """Return the words above the quoted mail, from whom it went to, to whom it came from."""
    mail = email.message_from_bytes(asked, policy=policy.default)
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    reply = EmailMessage(policy=policy.SMTP)
    reply["From"], reply["To"], reply["Subject"] = mail["To"], mail["Reply-To"], f"Re: {mail['Subject']}"
    reply["Message-ID"], reply["In-Reply-To"] = make_msgid(domain="example.com"), mail["Message-ID"]
    reply.set_content(words + "\n\n" + "".join(f"> {line}\n" for line in text.splitlines()))
    return reply


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    host, port = (sys.argv[3] if len(sys.argv) > 3 else "127.0.0.1:8025").rsplit(":", 1)
    with smtplib.SMTP(host, int(port)) as server:
        server.send_message(answer(Path(sys.argv[1]).read_bytes(), sys.argv[2]))
