"""One line of text for ReportLab, in as many fonts as its characters need. Nothing here understands markup, so nothing
in a name can be markup."""

import threading
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path

from anyascii import anyascii
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from shared.typesetting import lettering

FONTS = Path(__file__).resolve().parent / "fonts"
FALLBACKS = ("DejaVuSans", "DroidSansFallback")
MISSING = "\ufffd"

# Hold it while a document is made: ReportLab reads font files through one shared position, so two threads must not
# print at once.
PRESS = threading.Lock()

Run = tuple[str, str]  # font name, text


@cache
def font(name: str) -> TTFont:
    """The font, read once and known to ReportLab from then on."""
    loaded = TTFont(name, str(FONTS / f"{name}.ttf"))
    pdfmetrics.registerFont(loaded)
    return loaded


def printable(text: str, font_name: str) -> list[str]:
    """The words of the text, shaped for `wrap`. A word in a script that no font here has is written in Latin letters
    ("प्रिया" as "Priya"), letter by letter; what has none, as "[?]"."""
    return [_printable(word, font_name) for word in lettering.clean(text).split(" ")]


def is_in_own_script(text: str, font_name: str) -> bool:
    """False when `printable` writes some of it in other letters; the document says so then."""
    return printable(text, font_name) == [lettering.shape(word) for word in lettering.clean(text).split(" ")]


def _printable(word: str, font_name: str) -> str:
    shaped = lettering.shape(word)
    if all(_chosen(character, font_name)[1] != MISSING for character in shaped):
        return shaped
    # The quotation marks of Ethiopic and others stand for sounds that Latin letters lack.
    latin = anyascii(word).strip("'") or "[?]"
    return latin[0].upper() + latin[1:]


def line_width(text: str, font_name: str, size: float) -> float:
    """The width in points."""
    return sum(font(name).stringWidth(run, size) for name, run in runs(text, font_name))


def draw_line(canvas: Canvas, text: str, font_name: str, size: float, at: tuple[float, float]) -> None:
    """One line, shaped, from a point of its baseline on; right-to-left scripts in their own order."""
    x, y = at
    for name, run in runs(lettering.visual_order(text), font_name):
        canvas.setFont(name, size)
        canvas.drawString(x, y, run)
        x += font(name).stringWidth(run, size)


def wrap(words: Sequence[str], font_name: str, size: float, width: float) -> list[str]:
    """The words on as few lines of that width as they need; a word wider than a line is broken."""
    lines = [""]
    for word in words:
        longer = f"{lines[-1]} {word}".lstrip()
        if line_width(longer, font_name, size) <= width:
            lines[-1] = longer
            continue
        if not lines[-1]:
            lines.pop()
        lines.extend(_broken(word, font_name, size, width))
    return lines


def _broken(word: str, font_name: str, size: float, width: float) -> list[str]:
    pieces, used = [""], 0.0
    for character in word:
        advance = _advance(character, font_name, size)
        # A combining mark stays with its letter.
        if used + advance > width and pieces[-1] and not unicodedata.combining(character):
            pieces.append("")
            used = 0.0
        pieces[-1] += character
        used += advance
    return pieces


@lru_cache(4096)
def _advance(character: str, font_name: str, size: float) -> float:
    return line_width(character, font_name, size)


def runs(text: str, font_name: str) -> list[Run]:
    """The text cut where the font changes. What no font has becomes the replacement sign."""
    chosen = [_chosen(character, font_name) for character in text]
    return [(name, "".join(c for _, c in run)) for name, run in groupby(chosen, key=lambda pair: pair[0])]


def _chosen(character: str, font_name: str) -> Run:
    # The fonts are opened in order: the large CJK one only when a name needs it.
    for name in (font_name, *FALLBACKS):
        if ord(character) in font(name).face.charToGlyph:
            return name, character
    return FALLBACKS[0], MISSING
