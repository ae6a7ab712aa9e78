"""Fits text into a box: the largest size that holds it, over several lines if need be, each character from the first
font that has it. Nothing here understands markup, so nothing in a name can be markup."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from services.certificates.pdf import lettering

FONTS = Path(__file__).resolve().parent.parent / "fonts"
FALLBACKS = ("DejaVuSans", "DroidSansFallback")
MISSING = "\ufffd"
LEADING = 1.25
# More signs than fit into any box at the smallest size; the rest would only cost time.
LONGEST_TEXT = 600
STEP = 0.94

Run = tuple[str, str]  # font name, text


@dataclass(frozen=True)
class Box:
    """A place on the sheet, in points: centred at `x`, its middle at `y`; type sizes from `largest` to `smallest`."""

    x: float
    y: float
    width: float
    height: float
    largest: float
    smallest: float = 7.0


@cache
def font(name: str) -> TTFont:
    """The font, read once and known to ReportLab from then on."""
    loaded = TTFont(name, str(FONTS / f"{name}.ttf"))
    pdfmetrics.registerFont(loaded)
    return loaded


def draw_in_box(canvas: Canvas, text: str, font_name: str, box: Box) -> None:
    """Draws the text centred in the box. What does not fit even at the smallest size is cut with an ellipsis."""
    if len(text) > LONGEST_TEXT:
        text = text[:LONGEST_TEXT] + "…"
    words = lettering.shape(lettering.clean(text)).split(" ")
    size = box.largest
    lines = wrap(words, font_name, size, box.width)
    while len(lines) * size * LEADING > box.height and size > box.smallest:
        size = max(size * STEP, box.smallest)
        lines = wrap(words, font_name, size, box.width)
    room = max(1, int(box.height / (size * LEADING)))
    if len(lines) > room:
        lines = [*lines[: room - 1], lines[room - 1][:-1] + "…"]
    # The baseline sits about a third of the type size below the middle of its line.
    y = box.y + (len(lines) - 1) * size * LEADING / 2 - size * 0.34
    for line in lines:
        draw_centred(canvas, line, font_name, size, (box.x, y))
        y -= size * LEADING


def wrap(words: Sequence[str], font_name: str, size: float, width: float) -> list[str]:
    """The words on as few lines as they need; a word wider than a line is broken."""
    lines = [""]
    for word in words:
        longer = f"{lines[-1]} {word}".lstrip()
        if line_width(longer, font_name, size) <= width:
            lines[-1] = longer
            continue
        pieces = _broken(word, font_name, size, width)
        lines = [*lines, *pieces] if lines[-1] else pieces
    return lines


def _broken(word: str, font_name: str, size: float, width: float) -> list[str]:
    pieces, used = [""], 0.0
    for character in word:
        advance = line_width(character, font_name, size)
        if used + advance > width and pieces[-1]:
            pieces.append("")
            used = 0.0
        pieces[-1] += character
        used += advance
    return pieces


def line_width(text: str, font_name: str, size: float) -> float:
    """The width in points."""
    return sum(font(name).stringWidth(run, size) for name, run in runs(text, font_name))


def draw_centred(canvas: Canvas, text: str, font_name: str, size: float, at: tuple[float, float]) -> None:
    """One line centred on a point of its baseline; right-to-left scripts in their own order."""
    line = lettering.visual_order(text)
    x, y = at[0] - line_width(line, font_name, size) / 2, at[1]
    for name, run in runs(line, font_name):
        canvas.setFont(name, size)
        canvas.drawString(x, y, run)
        x += font(name).stringWidth(run, size)


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
