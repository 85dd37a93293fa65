"""Where the writer's own signature begins when nothing announces it: a closing phrase, a name, an address block.

Conservative, because words may be content: only the end of the text is looked at, at most LINES_READ lines, and each
guess needs a second sign (a name below the phrase, two ways to reach somebody below the name).
"""

import re
from collections.abc import Sequence

from gateway.inbound import phrases
from gateway.inbound.marks import any_of

LINES_READ = 40
_SIGNATURE_LINES = 12
_LONGEST_LINE = 100
_LONGEST_NAME = 40
_BLOCK_LINES = 7
_STRIPPED = " \t,.!*_:;)-–—~、。，！\u00a0"

_VALEDICTIONS = frozenset(word for line in phrases.VALEDICTIONS.values() for word in line.split("|"))
_WARM = {word for word in _VALEDICTIONS - set(phrases.THANKS.split("|")) if len(word) > 3}
_DISCLAIMER = re.compile(rf"[\s*_\"(\[-]{{0,6}}(?:{any_of(phrases.DISCLAIMERS)})", re.I)
_RULE = re.compile(r"\s{0,3}(?:[-_=*~—–#]\s?){4,200}\s*$")
_SIGNED = re.compile(r"\s{0,3}(?:--|[-–—/~])\s?(?=[^\W\d_])")
_CONTACT = re.compile(
    r"[^\s@]{1,64}@[^\s@]{1,100}\.\w|https?://|www\.\w|(?<![^\s(+])[+(]?\d[\d\s()./-]{6,20}\d"
    r"|^\W{0,3}(?:tel|phone|mobile|mob|cell|fax|skype|email|e-mail|web|tél|téléphone|telefon|telefono|teléfono|handy"
    r"|mobil|тел|电话|電話|전화|t|m|f|p|e)\s?[.:：]",
    re.I,
)
_FROM_A_PHONE = re.compile(r"(?:sent )?(?:via|from|by) (?:my )?(?:mobile|phone|iphone|android|blackberry|ipad)\b", re.I)


def start(lines: Sequence[str]) -> int:
    """Return the index at which the signature begins, len(lines) when there is none.  lines: the writer's own."""
    end = _above_blanks(lines, len(lines))
    notice = _disclaimer(lines, end)
    below = _above_blanks(lines, notice)
    for find in (_closed_with_a_phrase, _signed_with_a_dash, _contact_block):
        found = find(lines, below)
        if found is not None and _above_blanks(lines, found):
            return found
    return notice if notice < end and below else len(lines)


def _above_blanks(lines: Sequence[str], end: int) -> int:
    """Return the end of the text when what stands from `end` on is left away."""
    while end and not lines[end - 1].strip():
        end -= 1
    return end


def _disclaimer(lines: Sequence[str], end: int) -> int:
    """Return where a lawyer's paragraph begins, with the rule above it; `end` when there is none."""
    for index in range(max(1, end - LINES_READ), end):
        opens = not lines[index - 1].strip() or _RULE.match(lines[index - 1][:_LONGEST_LINE])
        if opens and _DISCLAIMER.match(lines[index][:_LONGEST_LINE]):
            above = _above_blanks(lines, index)
            return above - 1 if above and _RULE.match(lines[above - 1][:_LONGEST_LINE]) else index
    return end


def _closed_with_a_phrase(lines: Sequence[str], end: int) -> int | None:
    """Find "Kind regards," with a name below it or behind it, and nothing below that reads like a sentence."""
    seen = 0
    below = ""
    for index in range(end - 1, -1, -1):
        line = lines[index].strip()
        if not line:
            continue
        if (_is_valediction(line) and _is_name(below)) or _is_signed_phrase(line):
            return index
        seen += 1
        below = line
        if seen > _SIGNATURE_LINES or len(line) > _LONGEST_LINE or _is_sentence(line):
            return None
    return None


def _is_valediction(line: str) -> bool:
    words = line[:_LONGEST_LINE].strip(_STRIPPED).lower()
    if words in _VALEDICTIONS:
        return True
    return "/" in words and all(part.strip(_STRIPPED) in _VALEDICTIONS for part in words.split("/"))


def _is_signed_phrase(line: str) -> bool:
    """Say whether the phrase and a name stand on one line: "Best regards, Ann"."""
    if len(line) > _LONGEST_LINE:
        return False
    head, comma, rest = line.partition(",")
    if comma:
        return head.strip(_STRIPPED).lower() in _WARM and _is_name(rest)
    words = line.split()
    return any(
        " ".join(words[:count]).lower() in _WARM and _is_name(" ".join(words[count:]))
        for count in range(1, min(len(words), 5))
    )


def _is_name(line: str) -> bool:
    """Say whether a line could be a person's name: one to four words, none in small letters but particles."""
    line = line.strip(_STRIPPED)
    words = line.split()
    if not 1 <= len(words) <= 4 or len(line) > _LONGEST_NAME or any(character.isdigit() for character in line):
        return False
    return not words[0][0].islower() and all(not word[0].islower() or len(word) <= 3 for word in words)


def _is_sentence(line: str) -> bool:
    return line.endswith(("?", ":")) or (line.endswith((".", "!")) and len(line.split()) > 5)


def _signed_with_a_dash(lines: Sequence[str], end: int) -> int | None:
    """Find "-Ann" or "/Ann" on the last line, unless it is the last item of a list."""
    if not end:
        return None
    last = lines[end - 1][:_LONGEST_LINE]
    match = _SIGNED.match(last)
    if match is None or not _is_name(last[match.end() :]) or len(last.split()) > 3:
        return None
    sign = last.strip()[0]
    is_list = any(line.lstrip().startswith(sign) for line in lines[max(0, end - 4) : end - 1])
    return None if is_list else end - 1


def _contact_block(lines: Sequence[str], end: int) -> int | None:
    """Find a last paragraph of a name and ways to reach it, or such lines below a rule."""
    block = end
    while block and end - block < _BLOCK_LINES and lines[block - 1].strip():
        block -= 1
    paragraph = [line.strip() for line in lines[block:end]]
    if block and not lines[block - 1].strip() and _is_contact(paragraph):
        return block
    for index in range(max(0, end - LINES_READ), end):
        if _RULE.match(lines[index][:_LONGEST_LINE]):
            below = [line.strip() for line in lines[index + 1 : end] if line.strip()]
            short = all(len(line) <= _LONGEST_LINE and not _is_sentence(line) for line in below)
            return index if short and len(below) <= _SIGNATURE_LINES and _contacts(below) >= 2 else None
    return None


def _is_contact(paragraph: Sequence[str]) -> bool:
    if len(paragraph) < 2 or not _is_name(paragraph[0]) or any(map(_is_sentence, paragraph)):
        return False
    if len(paragraph) == 2 and _FROM_A_PHONE.match(paragraph[1]):
        return True
    return _contacts(paragraph) >= 2


def _contacts(lines: Sequence[str]) -> int:
    return sum(_CONTACT.search(line[:_LONGEST_LINE]) is not None for line in lines)
