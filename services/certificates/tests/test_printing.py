"""The PDF at its door: the same bytes for ever, whatever happens in between."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pypdf import PdfReader
from sqlalchemy import select, update

from services.certificates.models import Certificate
from services.certificates.pdf.sheet import render_diploma
from services.certificates.printing import Press, get_print
from services.certificates.tests.school import School

ROOT = Path(__file__).resolve().parents[3]


def stored_file(school: School, certificate_id: str) -> Path:
    with school.harness.database.begin() as session:
        key = session.scalar(select(Certificate.pdf_key).where(Certificate.id == certificate_id))
    assert key
    return Path(school.harness.academy.storage_url.removeprefix("file://")) / key


def files(school: School) -> set[Path]:
    root = Path(school.harness.academy.storage_url.removeprefix("file://"))
    return {path for path in root.rglob("*") if path.is_file()}


def test_the_download_is_a_diploma_that_leads_back_to_the_check(school: School) -> None:
    story, learner, certificate = school.graduate()
    answer = learner.get(f"/api/v1/certificates/{certificate['id']}/pdf")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    (page,) = PdfReader(BytesIO(answer.content)).pages
    text = page.extract_text()
    for words in ("Ada Lovelace", story.title, "3 November 2026", certificate["code"], "AI FIRST ACADEMY"):
        assert words in text
    link: Any = page["/Annots"][0]  # type: ignore[index]
    assert link.get_object()["/A"]["/URI"] == certificate["verify_url"]
    assert page.mediabox.width > page.mediabox.height
    assert len(answer.content) < 150_000


def test_two_downloads_are_the_same_bytes_and_their_hash_is_the_etag(school: School) -> None:
    _, learner, certificate = school.graduate()
    first, second = (learner.get(f"/api/v1/certificates/{certificate['id']}/pdf") for _ in range(2))
    assert first.content == second.content
    assert first.headers["etag"] == f'"{sha256(first.content).hexdigest()}"'
    assert first.headers["cache-control"] == "private, no-cache"


def test_who_has_it_already_gets_a_304(school: School) -> None:
    _, learner, certificate = school.graduate()
    path = f"/api/v1/certificates/{certificate['id']}/pdf"
    etag = learner.get(path).headers["etag"]
    answer = learner.get(path, headers={"If-None-Match": f'"old", W/{etag}'})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    assert learner.get(path, headers={"If-None-Match": '"old"'}).status_code == 200


def test_parallel_first_downloads_agree_and_leave_one_file(school: School) -> None:
    _, learner, certificate = school.graduate()
    before = files(school)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: learner.get(f"/api/v1/certificates/{certificate['id']}/pdf"), range(6)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(files(school) - before) == 1


def test_a_crash_between_the_file_and_its_row_leaves_the_certificate_as_it_was(school: School) -> None:
    _, learner, certificate = school.graduate()
    app = school.harness.app.state
    press = Press(app.storage, render_diploma, app.settings.academy_name, app.settings.public_url)
    before = files(school)
    with school.harness.database.begin() as session:
        get_print(session, press, session.get_one(Certificate, certificate["id"]))
        session.rollback()
    (orphan,) = files(school) - before
    assert school.verify(certificate["code"]).json()["pdf_sha256"] is None
    assert learner.get(f"/api/v1/certificates/{certificate['id']}/pdf").content == orphan.read_bytes()


def test_an_api_that_has_printed_nothing_does_not_carry_the_press() -> None:
    script = "import sys, services.certificates.main, services.certificates.worker; print('reportlab' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_a_lost_or_altered_file_is_made_again_the_same(school: School) -> None:
    _, learner, certificate = school.graduate()
    path = f"/api/v1/certificates/{certificate['id']}/pdf"
    original = learner.get(path).content
    file = stored_file(school, certificate["id"])
    file.unlink()
    assert learner.get(path).content == original
    file.write_bytes(b"%PDF-1.4 forged")
    assert learner.get(path).content == original
    assert file.read_bytes() == original


def test_a_file_that_cannot_be_made_the_same_is_refused_rather_than_replaced(school: School) -> None:
    _, learner, certificate = school.graduate()
    path = f"/api/v1/certificates/{certificate['id']}/pdf"
    learner.get(path)
    stored_file(school, certificate["id"]).unlink()
    with school.harness.database.begin() as session:
        session.execute(update(Certificate).where(Certificate.id == certificate["id"]).values(pdf_sha256="0" * 64))
    answer = learner.get(path)
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:academy:problem:certificate-pdf-damaged")


def test_a_name_changed_after_the_issue_does_not_change_the_diploma(school: School) -> None:
    story, learner, certificate = school.graduate()
    school.harness.deliver(story.renamed("Ada King", version=2))
    text = PdfReader(BytesIO(learner.get(f"/api/v1/certificates/{certificate['id']}/pdf").content)).pages[0]
    assert "Ada Lovelace" in text.extract_text()


def test_there_is_no_pdf_while_it_is_revoked_and_the_same_one_afterwards(school: School) -> None:
    story, learner, certificate = school.graduate()
    path = f"/api/v1/certificates/{certificate['id']}/pdf"
    original = learner.get(path).content
    school.harness.deliver(story.revoked(3))
    answer = learner.get(path)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:academy:problem:certificate-revoked")
    school.harness.deliver(story.granted(4))
    assert learner.get(path).content == original


def test_the_file_name_survives_any_title(school: School) -> None:
    for title in ('Naïve "quotes" & ümlauts', "数据工作的 Python", "../../etc/passwd\r\nX-Evil: 1", "x" * 300, "'"):
        _, learner, certificate = school.graduate(title=title)
        answer = learner.get(f"/api/v1/certificates/{certificate['id']}/pdf")
        header = answer.headers["content-disposition"]
        assert header.startswith('attachment; filename="certificate-'), header
        assert header.isascii()
        name = unquote(header.partition("filename*=UTF-8''")[2])
        assert name.startswith("Certificate ")
        assert name.endswith(".pdf")
        assert not set(name) & set('\r\n/\\"')
        assert "x-evil" not in answer.headers
