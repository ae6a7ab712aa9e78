"""Documents on A4 by ReportLab. The same paper gives the same bytes; no text is ever read as markup."""

from collections.abc import Iterator
from io import BytesIO

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from services.billing.papers import Paper, Party
from shared.typesetting.lettering import clean, shape
from shared.typesetting.lines import PRESS, draw_line, line_width

FONT = "DejaVuSans"
WIDTH, HEIGHT = A4
# More than fits on any line; the rest would only cost time.
LONGEST_TEXT = 300
LEFT, RIGHT = 56.0, WIDTH - 56.0
TITLES = {"invoice": "Invoice", "receipt": "Receipt", "credit_note": "Credit note"}
# Digits behind the point, as Stripe counts them (https://docs.stripe.com/currencies#zero-decimal); all others have two.
# Not UGX and ISK: Stripe counts their hundredths although there are none.
WITHOUT_MINOR_UNITS = ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV")
DIGITS = dict.fromkeys((*WITHOUT_MINOR_UNITS, "XAF", "XOF", "XPF"), 0)
DIGITS |= dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3)


def render_paper(paper: Paper) -> bytes:
    """The PDF."""
    buffer = BytesIO()
    with PRESS:
        canvas = Canvas(buffer, pagesize=A4, invariant=1, pageCompression=1, lang="en")
        canvas.setTitle(f"{TITLES[paper.kind]} {paper.number}")
        canvas.setAuthor(clean(paper.seller.name))
        _draw(canvas, paper)
        canvas.save()
    return buffer.getvalue()


def money(amount: int, currency: str) -> str:
    """4900 USD is 49.00 USD."""
    digits = DIGITS.get(currency, 2)
    whole, part = divmod(abs(amount), 10**digits)
    return f"{'-' if amount < 0 else ''}{whole}{f'.{part:0{digits}d}' if digits else ''} {currency}"


def _draw(canvas: Canvas, paper: Paper) -> None:
    y = _text(canvas, LEFT, HEIGHT - 80, TITLES[paper.kind] + (" (void)" if paper.void else ""), 22)
    facts = [f"Number {paper.number}", f"Issued {paper.issued_at:%Y-%m-%d}", f"Order {paper.order_id}"]
    if paper.corrects:
        facts.append(f"Corrects invoice {paper.corrects}")
    if paper.paid_at and not paper.corrects:
        facts.append(f"Paid {paper.paid_at:%Y-%m-%d}")
    for fact in facts:
        y = _text(canvas, LEFT, y, fact, 9)
    below = min(_party(canvas, LEFT, y - 16, "From", paper.seller), _party(canvas, 320, y - 16, "To", paper.buyer))
    y = below - 24
    for left, amount in _rows(paper):
        canvas.line(LEFT, y + 14, RIGHT, y + 14)
        _amount(canvas, y, amount)
        y = _text(canvas, LEFT, y, left, 10, RIGHT - LEFT - 120) - 6


def _rows(paper: Paper) -> Iterator[tuple[str, str]]:
    for line in paper.lines:
        yield line.title, money(line.list_amount, paper.currency)
        if line.discount:
            yield "Discount", money(-line.discount, paper.currency)
    if paper.corrects:
        yield f"Refund of invoice {paper.corrects}", money(-paper.amount, paper.currency)
    sign = -1 if paper.corrects else 1
    for tax in paper.tax_lines if not paper.corrects else ():
        yield f"Includes {tax['name']} {tax['rate']} %", money(tax["amount"], paper.currency)
        # What such an invoice must say (Article 226, 11a of the EU's VAT directive).
        if tax.get("reason") == "reverse_charge":
            yield "Reverse charge", ""
    if paper.corrects and paper.tax_amount:
        yield "Includes tax", money(-paper.tax_amount, paper.currency)
    yield "Net", money(sign * (paper.amount - paper.tax_amount), paper.currency)
    yield "Total", money(sign * paper.amount, paper.currency)


def _party(canvas: Canvas, x: float, y: float, role: str, party: Party) -> float:
    y = _text(canvas, x, y, role, 8)
    for line in (party.name, *party.address, f"Tax id {party.tax_id}" if party.tax_id else ""):
        if line:
            y = _text(canvas, x, y, line, 10, 210)
    return y


def _text(canvas: Canvas, x: float, y: float, text: str, size: float, room: float = RIGHT - LEFT) -> float:
    """Draws as much as fits on the line; answers where the next one goes."""
    text = shape(clean(text[:LONGEST_TEXT]))
    while line_width(text, FONT, size) > room:
        text = text[:-2] + "…"
    draw_line(canvas, text, FONT, size, (x, y))
    return y - size * 1.5


def _amount(canvas: Canvas, y: float, text: str) -> None:
    draw_line(canvas, text, FONT, 10, (RIGHT - line_width(text, FONT, 10), y))
