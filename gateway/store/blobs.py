"""Stored bytes: one row for each content, whoever uses it.  The last one who lets go of it takes it away."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, exists, select

from gateway.inbound import content_key
from gateway.store.tables import attachment, blob, mail, outbox


def drop_unused(conn: Connection, digests: Iterable[str]) -> int:
    """Delete those of these contents that nothing names any more; return how many.  Calling twice is nothing."""
    return sum(_drop(conn, digest) for digest in sorted(set(digests) - {""}))


def _drop(conn: Connection, digest: str) -> int:
    named = (exists().where(attachment.c.sha256 == digest), exists().where(outbox.c.rendered_sha256 == digest))
    free = select(blob.c.bytes).where(blob.c.sha256 == digest, *(~one for one in named))
    content = conn.execute(free).scalar()
    if content is None or _is_a_mail(conn, digest, content):
        return 0
    return conn.execute(delete(blob).where(blob.c.sha256 == digest)).rowcount


def _is_a_mail(conn: Connection, digest: str, content: bytes) -> bool:
    """Say whether these bytes are those of a received mail that still has them (an attached file may be one)."""
    # By its content key, which has an index: one on the digest of the raw bytes would cost every mail that arrives.
    same = (mail.c.content_key == content_key.content_key(content), mail.c.duplicate_of.is_(None))
    return conn.execute(select(exists().where(*same, mail.c.raw_sha256 == digest))).scalar_one()
