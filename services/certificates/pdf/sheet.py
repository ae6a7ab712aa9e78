"""The sheet: A4 landscape, frame, rosette, the facts, and a QR code that leads to the public check."""

import math
from datetime import datetime
from io import BytesIO

import segno
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.pdfgen.canvas import Canvas
from reportlab.pdfgen.pathobject import PDFPathObject

from services.certificates.diploma import Diploma
from services.certificates.pdf.typesetting import Box, draw_in_box
from shared.typesetting.lettering import clean
from shared.typesetting.lines import PRESS, is_in_own_script

WIDTH, HEIGHT = landscape(A4)
MIDDLE = WIDTH / 2
INK, QUIET = HexColor("#1c2330"), HexColor("#5a6373")
BLUE, GOLD, PAPER = HexColor("#1d3b6f"), HexColor("#b08d3c"), HexColor("#fdfcf8")
SERIF, BOLD, SANS = "DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSans"
QR_SIZE = 82.0
LATIN_NOTE = "Put into Latin letters by machine; the title of this document has the original spelling."


def render_diploma(diploma: Diploma) -> bytes:
    """The PDF. The same diploma gives the same bytes: `invariant` leaves out the time and a random document id."""
    buffer = BytesIO()
    with PRESS:
        canvas = Canvas(buffer, pagesize=(WIDTH, HEIGHT), invariant=1, pageCompression=1, lang="en")
        _describe(canvas, diploma)
        _draw_frame(canvas)
        _draw_words(canvas, diploma)
        _draw_rosette(canvas, MIDDLE, 96.0)
        _draw_check(canvas, diploma)
        canvas.save()
    return buffer.getvalue()


def _describe(canvas: Canvas, diploma: Diploma) -> None:
    """What a reader's window, a search and a screen reader show."""
    canvas.setTitle(f"Certificate of {clean(diploma.learner_name)}: {clean(diploma.course_title)}")
    canvas.setAuthor(clean(diploma.academy))
    canvas.setSubject(f"Certificate of completion {diploma.code}")
    canvas.setCreator(clean(diploma.academy))


def _draw_frame(canvas: Canvas) -> None:
    canvas.setFillColor(PAPER)
    canvas.rect(0, 0, WIDTH, HEIGHT, stroke=0, fill=1)
    for inset, width, colour in ((22, 3.0, BLUE), (29, 0.8, GOLD), (33, 0.4, GOLD)):
        canvas.setLineWidth(width)
        canvas.setStrokeColor(colour)
        canvas.rect(inset, inset, WIDTH - 2 * inset, HEIGHT - 2 * inset)
    canvas.setFillColor(BLUE)
    for x in (22, WIDTH - 22):
        for y in (22, HEIGHT - 22):
            canvas.saveState()
            canvas.translate(x, y)
            canvas.rotate(45)
            canvas.rect(-7, -7, 14, 14, stroke=0, fill=1)
            canvas.restoreState()


def _draw_words(canvas: Canvas, diploma: Diploma) -> None:
    lines: tuple[tuple[str, str, Color, Box], ...] = (
        (diploma.academy.upper(), SANS, QUIET, Box(MIDDLE, 514, 640, 18, 12)),
        ("Certificate of Completion", SERIF, BLUE, Box(MIDDLE, 462, 700, 52, 38)),
        ("This certifies that", SERIF, QUIET, Box(MIDDLE, 404, 640, 20, 13)),
        (diploma.learner_name, BOLD, INK, Box(MIDDLE, 352, 680, 60, 36)),
        ("has completed the course", SERIF, QUIET, Box(MIDDLE, 293, 640, 20, 13)),
        (diploma.course_title, SERIF, BLUE, Box(MIDDLE, 245, 680, 56, 26)),
        (f"on {written_date(diploma.completed_at)}", SERIF, QUIET, Box(MIDDLE, 198, 640, 20, 13)),
    )
    for text, font_name, colour, box in lines:
        canvas.setFillColor(colour)
        draw_in_box(canvas, text, font_name, box)
    if not all(is_in_own_script(text, BOLD) for text in (diploma.learner_name, diploma.course_title)):
        canvas.setFillColor(QUIET)
        draw_in_box(canvas, LATIN_NOTE, SANS, Box(MIDDLE, 172, 640, 14, 8.5))
    canvas.setStrokeColor(GOLD)
    canvas.setLineWidth(0.8)
    canvas.line(MIDDLE - 170, 315, MIDDLE + 170, 315)


def written_date(moment: datetime) -> str:
    """3 November 2026."""
    return f"{moment.day} {moment:%B %Y}"


def _draw_rosette(canvas: Canvas, x: float, y: float) -> None:
    """A seal that is a curve, not a picture: sharp at any size and part of the same bytes every time."""
    canvas.setStrokeColor(GOLD)
    canvas.setLineWidth(0.35)
    for radius, wave in ((38.0, 7.0), (30.0, 5.0)):
        for turn in range(6):
            canvas.drawPath(_wavy_circle(canvas, (x, y), radius, wave, turn * math.pi / 36))
    canvas.setFillColor(BLUE)
    canvas.circle(x, y, 21, stroke=0, fill=1)
    canvas.setStrokeColor(PAPER)
    canvas.setLineWidth(3)
    canvas.setLineCap(1)
    canvas.setLineJoin(1)
    tick = canvas.beginPath()
    tick.moveTo(x - 9, y)
    tick.lineTo(x - 3, y - 7)
    tick.lineTo(x + 10, y + 8)
    canvas.drawPath(tick)


def _wavy_circle(canvas: Canvas, centre: tuple[float, float], radius: float, wave: float, turn: float) -> PDFPathObject:
    path = canvas.beginPath()
    for step in range(181):
        angle = step * math.pi / 90
        r = radius + wave * math.sin(12 * angle + 12 * turn)
        point = centre[0] + r * math.cos(angle), centre[1] + r * math.sin(angle)
        (path.lineTo if step else path.moveTo)(*point)
    return path


def _draw_check(canvas: Canvas, diploma: Diploma) -> None:
    """Bottom left the code for people, bottom right the same for cameras."""
    canvas.setFillColor(INK)
    left, right = 196.0, WIDTH - 112.0
    draw_in_box(canvas, diploma.code, SANS, Box(left, 92, 270, 16, 10))
    draw_in_box(canvas, f"issued {written_date(diploma.issued_at)}", SANS, Box(left, 74, 270, 14, 8.5))
    canvas.setFillColor(QUIET)
    draw_in_box(canvas, "certificate number", SANS, Box(left, 109, 270, 14, 8.5))
    draw_in_box(canvas, "scan to check", SANS, Box(right, 49, 130, 12, 7.5))
    _draw_qr(canvas, diploma.verify_url, right - QR_SIZE / 2, 56)


def _draw_qr(canvas: Canvas, url: str, x: float, y: float) -> None:
    code = segno.make(url, error="m", micro=False)
    rows = [list(row) for row in code.matrix_iter(border=0)]
    module = QR_SIZE / len(rows)
    path = canvas.beginPath()
    for down, row in enumerate(rows):
        for across, dark in enumerate(row):
            if dark:
                path.rect(x + across * module, y + QR_SIZE - (down + 1) * module, module, module)
    canvas.setFillColor(INK)
    canvas.drawPath(path, stroke=0, fill=1)
    canvas.linkURL(url, (x, y, x + QR_SIZE, y + QR_SIZE), relative=0)
