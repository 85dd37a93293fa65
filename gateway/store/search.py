"""Finding cases by the words of their subjects: a table of words, the same on both databases.

Each word that is asked for must begin a word of the subject.  Few hits are looked up by the rarest word; many are met
soon when the cases are walked in their order, so both stay quick however many cases there are.
"""

import re
from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Connection, ScalarSelect, and_, false, func, literal, select

from gateway.store.call_tables import case_word
from gateway.store.sql import insert_new
from gateway.store.tables import support_case

NUMBER_WIDTH = 10
WORD_LENGTH, WORDS_OF_A_SUBJECT, WORDS_OF_A_QUESTION = 64, 60, 8
# Up to so many hits are looked up; more are walked.  Where both cost about the same among 100,000 cases.
FEW = 600
# Up to so many hits of a word are counted, to know which word is the rarest.
COUNTED = 2000

_WORD = re.compile(r"\w+")
# Sorts behind every word that has the same beginning.
_LAST = "\U0010ffff"


def words(text: str, *, limit: int = WORDS_OF_A_SUBJECT) -> list[str]:
    """Return the different words of a text in lower case, in their order."""
    found = (match.group().casefold()[:WORD_LENGTH] for match in _WORD.finditer(text))
    return list(dict.fromkeys(found))[:limit]


def index(conn: Connection, case_id: int, subject: str) -> None:
    """Make a case findable by its subject; calling twice is nothing."""
    _insert(conn, [(case_id, subject)])


def index_many(conn: Connection, subjects: Iterable[tuple[int, str]]) -> None:
    """Make cases findable: (id, subject) each."""
    _insert(conn, subjects)


def forget(conn: Connection, case_ids: Sequence[int]) -> None:
    """Take the words of cases away, as their subjects are."""
    conn.execute(case_word.delete().where(case_word.c.case_id.in_(case_ids)))


def condition(conn: Connection, text: str) -> ColumnElement[bool]:
    """Return the condition on `support_case` for what was asked for: a number, or the beginnings of words."""
    asked = words(text, limit=WORDS_OF_A_QUESTION)
    if not asked:
        return false()
    if text.strip().isdecimal() and (named := _numbered(conn, text.strip())):
        return support_case.c.id == named
    counted = sorted(zip(_counts(conn, asked), asked, strict=True))
    fewest, rarest = counted[0]
    others = [_has(word) for _, word in counted if word != rarest]
    if fewest > FEW:
        return and_(_has(rarest), *others)
    return and_(support_case.c.id.in_(select(case_word.c.case_id).where(_begins(rarest))), *others)


def _numbered(conn: Connection, number: str) -> int | None:
    """Return the id of the case of a number, with or without its leading zeros."""
    same = select(support_case.c.id).where(support_case.c.number == number.zfill(NUMBER_WIDTH))
    return conn.execute(same).scalar()


def _insert(conn: Connection, subjects: Iterable[tuple[int, str]]) -> None:
    rows = [{"word": word, "case_id": case_id} for case_id, subject in subjects for word in words(subject)]
    if rows:
        conn.execute(insert_new(conn, case_word), rows)


def _counts(conn: Connection, asked: Sequence[str]) -> list[int]:
    """Return how often each word is met, up to COUNTED."""
    return list(conn.execute(select(*(_count(word) for word in asked))).one())


def _count(word: str) -> ScalarSelect[int]:
    some = select(case_word.c.case_id).where(_begins(word)).limit(COUNTED).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def _begins(word: str) -> ColumnElement[bool]:
    # A range, not LIKE: an index serves it whatever collation the database has.
    return and_(case_word.c.word >= word, case_word.c.word < word + _LAST)


def _has(word: str) -> ColumnElement[bool]:
    # Not EXISTS: PostgreSQL would make a join of it, and think longer about the order of three than the search takes.
    here = select(literal(1)).where(case_word.c.case_id == support_case.c.id, _begins(word)).limit(1)
    return here.scalar_subquery().is_not(None)
