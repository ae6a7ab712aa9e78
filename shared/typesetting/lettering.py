"""Prepares text for a printer that puts one glyph after the other, left to right.

ReportLab neither joins Arabic letters nor turns Hebrew and Arabic around (it could with two native packages). Names are
short and plain, so the two rules they need are here: the joining forms, as Unicode's own data lists them, and the
reading direction, a reduction of Unicode Standard Annex 9 to one embedding level.
"""

import unicodedata
from itertools import groupby

# Controls, invisible formatting (such as direction overrides, which forge text), surrogates, private use, unassigned.
UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
ZERO_WIDTH_NON_JOINER = "\u200c"
LAM = "\u0644"
BRACKETS = "()[]{}<>«»"
MIRRORED = str.maketrans(BRACKETS, ")(][}{><»«")

Cluster = tuple[str, str]


def clean(text: str) -> str:
    """The text on one line, composed (NFC), without what cannot be printed."""
    composed = unicodedata.normalize("NFC", " ".join(text.split()))
    return " ".join("".join(c for c in composed if _is_printable(c)).split())


def _is_printable(character: str) -> bool:
    return character == ZERO_WIDTH_NON_JOINER or unicodedata.category(character) not in UNPRINTABLE


def _joining_forms() -> dict[str, dict[str, str]]:
    forms: dict[str, dict[str, str]] = {}
    for code in [*range(0xFB50, 0xFBFF), *range(0xFE80, 0xFEFD)]:
        tag, *parts = unicodedata.decomposition(chr(code)).split() or [""]
        letters = "".join(chr(int(part, 16)) for part in parts)
        if len(letters) == 1 or (len(letters) == 2 and letters[0] == LAM):
            forms.setdefault(letters, {})[tag.strip("<>")] = chr(code)
    return forms


FORMS = _joining_forms()


def shape(text: str) -> str:
    """Arabic letters in the form they take beside their neighbours, in reading order; other text unchanged."""
    clusters = _with_ligatures(_clusters(text))
    letters = [letter for letter, _marks in clusters]
    shaped = []
    for index, (letter, marks) in enumerate(clusters):
        before = letters[index - 1] if index else ""
        after = letters[index + 1] if index + 1 < len(letters) else ""
        shaped.append(_form(before, letter, after) + marks)
    return "".join(shaped).replace(ZERO_WIDTH_NON_JOINER, "")


def _form(before: str, letter: str, after: str) -> str:
    forms = FORMS.get(letter, {})
    joined_before = "final" in forms and "initial" in FORMS.get(before, {})
    joined_after = "initial" in forms and "final" in FORMS.get(after, {})
    name = {(1, 1): "medial", (1, 0): "final", (0, 1): "initial"}.get((joined_before, joined_after), "isolated")
    return forms.get(name, letter)


def _clusters(text: str) -> list[Cluster]:
    """(letter, its combining marks) in order."""
    clusters: list[Cluster] = []
    for character in text:
        if clusters and unicodedata.category(character) in ("Mn", "Me"):
            letter, marks = clusters[-1]
            clusters[-1] = (letter, marks + character)
        else:
            clusters.append((character, ""))
    return clusters


def _with_ligatures(clusters: list[Cluster]) -> list[Cluster]:
    """Lam and alef are always written as one."""
    joined: list[Cluster] = []
    for letter, marks in clusters:
        if joined and joined[-1][0] == LAM and LAM + letter in FORMS:
            joined[-1] = (LAM + letter, joined[-1][1] + marks)
        else:
            joined.append((letter, marks))
    return joined


def visual_order(line: str) -> str:
    """One line as it is seen from left to right."""
    directions = [_direction(character) for character in line]
    if "R" not in directions:
        return line
    base = next(direction for direction in directions if direction)
    runs = [
        (direction, "".join(character for _, character in run))
        for direction, run in groupby(
            zip(_resolved(line, directions, base), line, strict=True), key=lambda pair: pair[0]
        )
    ]
    seen = [_turned(run) if direction == "R" else run for direction, run in runs]
    return "".join(reversed(seen) if base == "R" else seen)


def _direction(character: str) -> str:
    """R, L, or nothing for what takes the direction of its surroundings."""
    kind = unicodedata.bidirectional(character)
    if kind in ("R", "AL"):
        return "R"
    return "L" if kind in ("L", "EN", "AN") else ""


def _resolved(line: str, directions: list[str], base: str) -> list[str]:
    """Neutrals between two of a kind follow them; brackets and all others the line's base direction."""
    resolved = list(directions)
    for index, direction in enumerate(directions):
        if not direction:
            before = resolved[index - 1] if index else base
            after = next((d for d in directions[index:] if d), base)
            resolved[index] = before if before == after and line[index] not in BRACKETS else base
    return resolved


def _turned(run: str) -> str:
    return "".join(letter.translate(MIRRORED) + marks for letter, marks in reversed(_clusters(run)))
