"""One line of text for ReportLab, in as many fonts as its characters need. Nothing here understands markup, so nothing
in a name can be markup."""

import threading
from functools import cache
from itertools import groupby
from pathlib import Path

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
