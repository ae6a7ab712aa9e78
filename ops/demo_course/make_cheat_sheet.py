"""Makes cheat_sheet.pdf beside it: `python ops/demo_course/make_cheat_sheet.py`. The same bytes each time."""

from pathlib import Path

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

SHEET = Path(__file__).with_name("cheat_sheet.pdf")
WIDTH, HEIGHT = A4
MARGIN, GAP = 42.0, 18.0
COLUMN = (WIDTH - 2 * MARGIN - GAP) / 2
LINE, CODE_SIZE = 13.6, 8.8
BLUE, INK, PANEL = HexColor("#1d3b6f"), HexColor("#1c2330"), HexColor("#f0f2f6")

CARDS = (
    (
        "Read",
        """with open(path, encoding="utf-8-sig",
          newline="") as file:
    rows = list(csv.DictReader(file,
                delimiter=";"))""",
    ),
    (
        "Look before you convert",
        """for column in rows[0]:
    values = {row[column] for row in rows}
    print(column, len(values), "different")""",
    ),
    (
        "Money",
        """Decimal("0.10") * 3 == Decimal("0.30")
# 0.1 * 3 == 0.30000000000000004
text.replace(".", "").replace(",", ".")""",
    ),
    (
        "Two spellings, one value",
        """text = unicodedata.normalize(
    "NFKD", text.strip().casefold())
"".join(c for c in text
        if not unicodedata.combining(c))""",
    ),
    (
        "Every row is somewhere",
        """assert len(good) + len(aside) == len(rows)""",
    ),
    (
        "Total per key, or per pair of keys",
        """totals = defaultdict(Decimal)
for row in rows:
    totals[row["City"], row["Month"]] += \\
        row["Amount"]
assert sum(totals.values()) == whole""",
    ),
    (
        "Count, rank, middle",
        """Counter(row["City"] for row in rows
        ).most_common(3)
statistics.median(amounts)""",
    ),
    (
        "Moments",
        """moment = datetime.strptime(text, FORMAT) \\
    .replace(tzinfo=ZoneInfo("Asia/Tokyo"))
moment.astimezone(ZoneInfo("UTC"))  # store
moment.astimezone(reader).date()    # show""",
    ),
    (
        "SQL without a server",
        """db = sqlite3.connect(":memory:")
with db:  # one transaction
    db.executemany(
        "INSERT INTO t VALUES (?, ?)", rows)
db.execute("SELECT a, sum(b) FROM t "
           "WHERE b > ? GROUP BY a", (0,))""",
    ),
    (
        "Best per group",
        """SELECT * FROM (SELECT *, row_number()
  OVER (PARTITION BY city
        ORDER BY cents DESC) AS place
  FROM orders) WHERE place = 1""",
    ),
    (
        "A script others can run",
        """parser = argparse.ArgumentParser()
parser.add_argument("file")
# results: print(...)
# problems: print(..., file=sys.stderr)
sys.exit(1 if problems else 0)""",
    ),
)


def draw_card(canvas: Canvas, title: str, code: str, x: float, top: float) -> float:
    """Draws one card below `top`; returns where the next one may begin."""
    lines = code.splitlines()
    height = LINE * len(lines) + 36
    canvas.setFillColor(PANEL)
    canvas.roundRect(x, top - height, COLUMN, height, 4, stroke=0, fill=1)
    canvas.setFillColor(BLUE)
    canvas.setFont("Helvetica-Bold", 10.5)
    canvas.drawString(x + 10, top - 18, title)
    canvas.setFillColor(INK)
    canvas.setFont("Courier", CODE_SIZE)
    for number, line in enumerate(lines):
        canvas.drawString(x + 10, top - 35 - number * LINE, line)
    return top - height - 13


def make_sheet() -> None:
    """Writes the PDF: two columns of cards on one A4 page."""
    canvas = Canvas(str(SHEET), pagesize=A4, invariant=1, pageCompression=1, lang="en")
    canvas.setTitle("Practical Python for Data Work: cheat sheet")
    canvas.setAuthor("AI First Academy")
    canvas.setFillColor(BLUE)
    canvas.setFont("Helvetica-Bold", 20)
    canvas.drawString(MARGIN, HEIGHT - 62, "Practical Python for Data Work")
    canvas.setFillColor(INK)
    canvas.setFont("Helvetica", 10.5)
    canvas.drawString(MARGIN, HEIGHT - 80, "One page of patterns. Standard library only, Python 3.11 and newer.")
    for x, cards in ((MARGIN, CARDS[:6]), (MARGIN + COLUMN + GAP, CARDS[6:])):
        top = HEIGHT - 104
        for title, code in cards:
            top = draw_card(canvas, title, code, x, top)
    canvas.save()


if __name__ == "__main__":
    make_sheet()
