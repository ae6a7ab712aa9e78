"""Documents on A4 by ReportLab. The same paper gives the same bytes; no text is ever read as markup."""

from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import zip_longest

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from services.billing.papers import Paper, Party
from shared.currencies import written_amount
from shared.typesetting.lettering import clean
from shared.typesetting.lines import PRESS, draw_line, is_in_own_script, line_width, printable, wrap

FONT = "DejaVuSans"
WIDTH, HEIGHT = A4
LEFT, RIGHT = 56.0, WIDTH - 56.0
TOP, BOTTOM = HEIGHT - 80, 56.0
# Where the buyer stands, and how wide a party and the text beside an amount may be; points.
SECOND_COLUMN, PARTY_WIDTH, TEXT_WIDTH = 320.0, 210.0, RIGHT - LEFT - 120
LATIN_NOTE = "Put into Latin letters by machine in part; this document's properties have the original spelling."
TITLES = {"invoice": "Invoice", "receipt": "Receipt", "credit_note": "Credit note"}


def render_paper(paper: Paper) -> bytes:
    """The PDF."""
    buffer = BytesIO()
    with PRESS:
        canvas = Canvas(buffer, pagesize=A4, invariant=1, pageCompression=1, lang="en")
        canvas.setTitle(f"{TITLES[paper.kind]} {paper.number}")
        canvas.setAuthor(clean(paper.seller.name))
        # As they are written; on the paper a script that no font has is in Latin letters.
        canvas.setSubject(
            clean(", ".join([paper.buyer.name, *paper.buyer.address, *(line.title for line in paper.lines)]))
        )
        _draw(canvas, paper)
        canvas.save()
    return buffer.getvalue()


class _Sheet:
    """Lines from the top of the page to its bottom, then on the next page, which says what it belongs to."""

    def __init__(self, canvas: Canvas, number: str) -> None:
        self._canvas = canvas
        self._number = number
        self.y = TOP

    def write(self, text: str, size: float, room: float = RIGHT - LEFT, amount: str = "") -> None:
        """The text on as many lines as it needs: nothing is left out of a document. The amount is beside the first."""
        for number, line in enumerate(_lines(text, size, room)):
            beside = [] if number or not amount else [(RIGHT - line_width(amount, FONT, size), amount)]
            self.write_line([(LEFT, line), *beside], size)

    def write_line(self, parts: Iterable[tuple[float, str]], size: float) -> None:
        """Texts beside each other, each from its place on; they must fit."""
        if self.y < BOTTOM:
            self._canvas.showPage()
            self.y = TOP
            self.write_line([(LEFT, self._number)], 9)
        for x, text in parts:
            draw_line(self._canvas, text, FONT, size, (x, self.y))
        self.y -= size * 1.5


def _draw(canvas: Canvas, paper: Paper) -> None:
    sheet = _Sheet(canvas, paper.number)
    sheet.write(TITLES[paper.kind] + (" (void)" if paper.void else ""), 22)
    facts = [f"Number {paper.number}", f"Issued {paper.issued_at:%Y-%m-%d}", f"Order {paper.order_id}"]
    if paper.corrects:
        facts.append(f"Corrects invoice {paper.corrects}")
    if paper.paid_at and not paper.corrects:
        facts.append(f"Paid {paper.paid_at:%Y-%m-%d}")
    for fact in facts:
        sheet.write(fact, 9)
    sheet.y -= 16
    sheet.write_line([(LEFT, "From"), (SECOND_COLUMN, "To")], 8)
    for seller, buyer in zip_longest(_party(paper.seller), _party(paper.buyer), fillvalue=""):
        sheet.write_line([(LEFT, seller), (SECOND_COLUMN, buyer)], 10)
    sheet.y -= 24
    for text, amount in _rows(paper):
        canvas.line(LEFT, sheet.y + 14, RIGHT, sheet.y + 14)
        sheet.write(text, 10, TEXT_WIDTH, amount)
        sheet.y -= 6
    texts = (paper.buyer.name, *paper.buyer.address, *(line.title for line in paper.lines))
    if not all(is_in_own_script(text, FONT) for text in texts):
        sheet.write(LATIN_NOTE, 8)


def _rows(paper: Paper) -> Iterator[tuple[str, str]]:
    for line in paper.lines:
        yield line.title, written_amount(line.list_amount, paper.currency)
        if line.discount:
            yield "Discount", written_amount(-line.discount, paper.currency)
    if paper.corrects:
        yield f"Refund of invoice {paper.corrects}", written_amount(-paper.amount, paper.currency)
    sign = -1 if paper.corrects else 1
    for tax in paper.tax_lines if not paper.corrects else ():
        yield f"Includes {tax['name']} {tax['rate']} %", written_amount(tax["amount"], paper.currency)
        # What such an invoice must say (Article 226, 11a of the EU's VAT directive).
        if tax.get("reason") == "reverse_charge":
            yield "Reverse charge", ""
    if paper.corrects and paper.tax_amount:
        yield "Includes tax", written_amount(-paper.tax_amount, paper.currency)
    yield "Net", written_amount(sign * (paper.amount - paper.tax_amount), paper.currency)
    yield "Total", written_amount(sign * paper.amount, paper.currency)


def _party(party: Party) -> list[str]:
    texts = (party.name, *party.address, f"Tax id {party.tax_id}" if party.tax_id else "")
    return [line for text in texts if text for line in _lines(text, 10, PARTY_WIDTH)]


def _lines(text: str, size: float, room: float) -> list[str]:
    return wrap(printable(text, FONT), FONT, size, room)
