"""Finding cases by the words of their subjects: a table of words, the same on both databases.

Each word that is asked for must begin a word of the subject.  Few hits are looked up by the rarest word; more are met
soon when the cases are walked in their order, so both stay quick however many cases there are.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
    false,
    func,
    literal_column,
    select,
    true,
)

from gateway.store.call_tables import case_word
from gateway.store.sql import insert_new
from gateway.store.tables import support_case

NUMBER_WIDTH = 10
WORD_LENGTH, WORDS_OF_A_SUBJECT, WORDS_OF_A_QUESTION = 64, 60, 8
# Up to so many hits of the rarest word are looked up.  For more the cases are walked, which costs the same at this
# number of hits among 100,000 cases.
LOOKED_UP = 250
# Up to so many hits of a word are counted, to know which word is the rarest.  While walking, a case is looked for among
# so many; it is cheaper to look at the words of each case when there are more.
COUNTED = 1200
# Nothing can be found; the case of this number; the rarest word has few hits, some, or many.
HOW = NOTHING, NUMBER, FEW, SOME, MANY = "nothing", "number", "few", "some", "many"

_NUMBERED = select(support_case.c.id).where(support_case.c.number == bindparam("sought"))
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


@dataclass(frozen=True, slots=True)
class Sought:
    """How a question is looked for.  how: one of HOW.  words: how many.  values: of the condition's parameters.

    Two questions with the same `how` and `words` have the same condition, so a statement with it is built once.
    """

    how: str
    words: int = 0
    values: dict[str, Any] = field(default_factory=dict)


def look_up(conn: Connection, text: str) -> Sought:
    """Return how to look for what was asked for: a case number, or the beginnings of words, the rarest first."""
    asked = words(text, limit=WORDS_OF_A_QUESTION)
    if not asked:
        return Sought(NOTHING)
    if text.strip().isdecimal() and (id_ := _id_of(conn, text.strip())):
        return Sought(NUMBER, values={"sought_id": id_})
    met = conn.execute(_counting(len(asked)), _ranges(asked)).one()
    counted = sorted(zip(met, asked, strict=True))
    fewest = counted[0][0]
    how = FEW if fewest <= LOOKED_UP else SOME if fewest < COUNTED else MANY
    return Sought(how, len(asked), _ranges([word for _, word in counted]))


@cache
def condition(how: str, words: int) -> ColumnElement[bool]:
    """Return the condition on `support_case` of a `Sought`."""
    if how == NOTHING:
        return false()
    if how == NUMBER:
        return support_case.c.id == bindparam("sought_id")
    if how == MANY:
        return and_(*map(_has, range(words)))
    among = support_case.c.id.in_(select(case_word.c.case_id).where(_begins(0)))
    # With IS TRUE neither database begins with the word: both walk the cases, and look for each in a hash of the hits.
    return and_(among if how == FEW else among.is_(true()), *map(_has, range(1, words)))


def _id_of(conn: Connection, number: str) -> int | None:
    """Return the id of the case of a number, with or without its leading zeros."""
    return conn.execute(_NUMBERED, {"sought": number.zfill(NUMBER_WIDTH)}).scalar()


def _insert(conn: Connection, subjects: Iterable[tuple[int, str]]) -> None:
    rows = [{"word": word, "case_id": case_id} for case_id, subject in subjects for word in words(subject)]
    if rows:
        conn.execute(insert_new(conn, case_word), rows)


@cache
def _counting(words: int) -> Select[Any]:
    """Return the statement that counts how often each word is met, up to COUNTED."""
    # Written out: PostgreSQL keeps no plan for a number of rows that it does not know.
    limit = literal_column(str(COUNTED), Integer)
    met = (select(case_word.c.case_id).where(_begins(place)).limit(limit).subquery() for place in range(words))
    return select(*(select(func.count()).select_from(some).scalar_subquery() for some in met))


def _ranges(asked: Sequence[str]) -> dict[str, Any]:
    # A range, not LIKE: an index serves it whatever collation the database has.
    first = {f"word_{place}": word for place, word in enumerate(asked)}
    return first | {f"behind_{place}": word + _LAST for place, word in enumerate(asked)}


def _begins(place: int) -> ColumnElement[bool]:
    return and_(case_word.c.word >= bindparam(f"word_{place}"), case_word.c.word < bindparam(f"behind_{place}"))


def _has(place: int) -> ColumnElement[bool]:
    # Not EXISTS: PostgreSQL would make a join of it, and think longer about the order of three than the search takes.
    one = literal_column("1", Integer)
    here = select(one).where(case_word.c.case_id == support_case.c.id, _begins(place)).limit(one)
    return here.scalar_subquery().is_not(None)
