"""What an author changes while somebody enrolls or uploads."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import text

from services.catalog.tests.samples import PDF, PDF_TYPE, upload
from services.catalog.tests.school import School, answer
from shared import failpoints
from shared.testing import wait_until


def test_nobody_enrolls_free_in_a_course_that_gets_a_price_at_this_moment(school: School) -> None:
    course, learner, database = school.course(), school.catalog.caller(), school.catalog.database
    waiting = text("SELECT count(*) > 0 FROM pg_stat_activity WHERE :pid = ANY(pg_blocking_pids(pid))")
    with ThreadPoolExecutor(1) as pool, database.begin() as session:
        priced = "UPDATE courses SET price_amount = 4900, price_currency = 'USD' WHERE id = :id"
        session.execute(text("SELECT 1 FROM courses WHERE id = :id FOR UPDATE"), {"id": UUID(course.id)})
        session.execute(text(priced), {"id": UUID(course.id)})
        pid = session.scalar(text("SELECT pg_backend_pid()"))
        enrolling = pool.submit(learner.post, "/api/v1/enrollments", json={"course_id": course.id})
        wait_until(lambda: database.ask(waiting, pid=pid), what="the enrollment waits for the course")
        session.commit()
        refused = enrolling.result()
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:academy:problem:course-not-free")


def test_an_upload_whose_lesson_is_deleted_meanwhile_is_refused(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    course, database = school.course(), school.catalog.database
    spare = course.lesson()
    reserved = text("SELECT count(*) > 0 FROM files WHERE lesson_id = :id")
    monkeypatch.setattr(failpoints, "_armed", failpoints.parse_failpoints("upload-before-row:sleep=0.5"))
    with ThreadPoolExecutor(1) as pool:
        uploading = pool.submit(upload, course.instructor, course, "a.pdf", PDF, PDF_TYPE, lesson_id=spare)
        wait_until(lambda: database.ask(reserved, id=UUID(spare)), what="the reserved file")
        answer(course.instructor.delete(f"{course.url}/lessons/{spare}"), 204)
        refused = uploading.result()
    assert (refused.status_code, refused.json()["type"]) == (404, "urn:academy:problem:lesson-not-found")
