"""Fits text into a box: the largest size that holds it, over several lines if need be."""

from dataclasses import dataclass

from reportlab.pdfgen.canvas import Canvas

from shared.typesetting.lines import draw_line, line_width, printable, wrap

LEADING = 1.25
# More signs than fit into any box at the smallest size; the rest would only cost time.
LONGEST_TEXT = 600
STEP = 0.94


@dataclass(frozen=True)
class Box:
    """A place on the sheet, in points: centred at `x`, its middle at `y`; type sizes from `largest` to `smallest`."""

    x: float
    y: float
    width: float
    height: float
    largest: float
    smallest: float = 7.0


def draw_in_box(canvas: Canvas, text: str, font_name: str, box: Box) -> None:
    """Draws the text centred in the box. What does not fit even at the smallest size is cut with an ellipsis."""
    if len(text) > LONGEST_TEXT:
        text = text[:LONGEST_TEXT] + "…"
    words = printable(text, font_name)
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
        x = box.x - line_width(line, font_name, size) / 2
        draw_line(canvas, line, font_name, size, (x, y))
        y -= size * LEADING
