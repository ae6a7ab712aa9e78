"""The story, in the order in which people live it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from ops.demo import buying, classmates, mailbox, provider, signing_out, teaching
from ops.demo.caller import Caller
from ops.demo.steps import eventually, expect

Step = tuple[str, Callable[[], str | None]]


class Story:
    """Everything the steps hand to each other."""

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state
        self._run = datetime.now(UTC).strftime("%Y%m%d%H%M%S%f")[:-3]
        self.admin, self.instructor, self.student, self.newcomer, self.anyone = self.everybody = [
            Caller(state["gateway"]) for _ in range(5)
        ]
        self.mailbox = mailbox.Mailbox(state["mail"])
        self.course: dict[str, Any] = {}
        self.checkout: dict[str, Any] = {}
        self.certificate: dict[str, Any] = {}
        self.live_session: dict[str, Any] = {}
        self.certificate_url = ""

    def close(self) -> None:
        """Closes everybody's connections."""
        for caller in self.everybody:
            caller.http.close()

    def steps(self) -> Iterator[Step]:
        """Title and act of each step."""
        yield "an admin signs in", self.admin_signs_in
        yield "a teacher registers and the admin makes her an instructor", self.make_instructor
        yield "the instructor writes a course from Markdown, with a PDF", self.write_course
        yield "a draft is not in the public catalog", self.draft_is_hidden
        yield "the instructor publishes it at 49.00 USD", self.publish
        yield "a student registers and confirms the address", self.student_registers
        yield "the welcome mail arrives", lambda: self.mail_arrives("welcome")
        if self._state["openid"]:
            yield "a classmate comes by an OpenID provider, without a password", self.newcomer_arrives
            yield "the student comes by it, too: linked after proof of both", self.link_provider
        yield "the student finds the course", self.find_course
        yield "a paid lesson is refused", self.paid_lesson_is_refused
        yield "the student opens a checkout", self.open_checkout
        yield "the student pays and is enrolled", self.pay
        yield f"{classmates.SIZE} classmates pay and are enrolled", self.class_pays
        yield "the student downloads the lesson's PDF, a stranger cannot", self.download_attachment
        yield "the student completes every lesson", self.complete_lessons
        yield "the certificate is issued", self.certificate_is_issued
        yield "the student downloads it as PDF", self.download_certificate
        yield "anyone verifies its code without logging in", self.verify_certificate
        yield "the instructor schedules a live session", self.schedule_live_session
        yield "the student joins it", self.join_live_session
        yield "four mails are in the mail catcher", self.four_mails
        yield "the student logs out; all six services refuse the token", self.log_out

    def admin_signs_in(self) -> None:
        self.admin.sign_in(self._state["admin"]["email"], self._state["admin"]["password"])

    def make_instructor(self) -> None:
        email = f"grace-{self._run}@example.com"
        self.instructor.register(email, "Grace Hopper", self.mailbox)
        path = f"/api/v1/admin/users/{self.instructor.user_id}"
        read = self.admin.raw("GET", path)
        unchanged = {"If-Match": read.headers["ETag"]}
        changed = self.admin.call("PATCH", path, headers=unchanged, json={"roles": ["instructor"]})
        expect(changed["roles"] == ["instructor"], "the role instructor", changed)
        self.instructor.sign_in(email, "correct horse battery 42")

    def write_course(self) -> str:
        self.course = teaching.write_course(self.instructor)
        return str(self.course["title"])

    def draft_is_hidden(self) -> None:
        self.anyone.call("GET", f"/api/v1/courses/{self.course['id']}", 404)

    def publish(self) -> None:
        published = self.instructor.call("POST", f"/api/v1/courses/{self.course['id']}/publish")
        expect(published["status"] == "published", "a published course", published)
        expect(published["price"] == {"amount": 4900, "currency": "USD"}, "49.00 USD", published["price"])

    def student_registers(self) -> str:
        self.student.register(f"ada-{self._run}@example.com", "Ada Lovelace", self.mailbox)
        return self.student.email

    def newcomer_arrives(self) -> str:
        provider.arrive(self.newcomer, provider.Person(f"mate0-{self._run}@example.com", "Classmate 0"))
        return self.newcomer.email

    def link_provider(self) -> str:
        ada, account = provider.Person(self.student.email, "Ada Lovelace"), self.student.user_id
        asked_for_both = provider.link(self.student, ada)
        provider.arrive(self.student, ada)
        expect(self.student.user_id == account, "the account that she had", self.student.user_id)
        return f"{asked_for_both} first"

    def find_course(self) -> str:
        self.course = self.anyone.read_public(f"/api/v1/courses/{self.course['id']}")
        found = self.anyone.call("GET", "/api/v1/courses", params={"query": self.course["title"]})["items"]
        expect(any(item["id"] == self.course["id"] for item in found), "the course in the search result", found)
        return f"{len(self.lesson_ids())} lessons"

    def lesson_ids(self) -> list[str]:
        return [lesson["id"] for module in self.course["modules"] for lesson in module["lessons"]]

    def paid_lesson_is_refused(self) -> str:
        paid = next(
            lesson["id"]
            for module in self.course["modules"]
            for lesson in module["lessons"]
            if not lesson["is_preview"]
        )
        problem = self.student.call("GET", f"/api/v1/courses/{self.course['id']}/lessons/{paid}", 403)
        return str(problem["type"])

    def open_checkout(self) -> str:
        # The course reaches billing as an event: a fast buyer may be there before it.
        self.checkout = eventually(
            lambda: buying.open_checkout(self.student, self.course["id"]), "a checkout for the new course"
        )
        return str(self.checkout["checkout_url"])

    def pay(self) -> str:
        milliseconds = buying.pay_and_wait(self.student, self.checkout["checkout_url"], self.course["id"])
        return f"{milliseconds:.0f} ms from payment to open course"

    def class_pays(self) -> str:
        school_class = classmates.Class(self._state["gateway"], self.mailbox, self._run)
        return school_class.pay(self.course["id"], self.newcomer)

    def download_attachment(self) -> str:
        lessons = (
            self.student.call("GET", f"/api/v1/courses/{self.course['id']}/lessons/{lesson_id}")
            for lesson_id in self.lesson_ids()
        )
        file = next(file for lesson in lessons for file in lesson["files"])
        path = f"/api/v1/files/{file['id']}/content"
        content = self.student.call("GET", path)
        expect(content[:5] == b"%PDF-", "a PDF", content[:20])
        self.anyone.call("GET", path, 401)
        return f"{file['name']}, {len(content)} bytes"

    def complete_lessons(self) -> None:
        for lesson_id in self.lesson_ids():
            progress = self.student.call("POST", f"/api/v1/courses/{self.course['id']}/lessons/{lesson_id}/complete")
        expect(progress["percent"] == 100, "100 percent", progress)

    def certificate_is_issued(self) -> str:
        def issued() -> Any:
            return self.student.call("GET", "/api/v1/certificates")["items"]

        self.certificate = eventually(issued, "a certificate")[0]
        self.certificate_url = f"{self._state['gateway']}/api/v1/certificates/verify/{self.certificate['code']}"
        return str(self.certificate["code"])

    def download_certificate(self) -> str:
        content = self.student.call("GET", f"/api/v1/certificates/{self.certificate['id']}/pdf")
        expect(content[:5] == b"%PDF-", "a PDF", content[:20])
        return f"{len(content)} bytes"

    def verify_certificate(self) -> str:
        shown = self.anyone.call("GET", f"/api/v1/certificates/verify/{self.certificate['code']}")
        expect(shown["status"] == "valid", "status valid", shown)
        return f"{shown['status']}: {shown['learner_name']}, {shown['course_title']}"

    def schedule_live_session(self) -> None:
        body = {
            "course_id": self.course["id"],
            "title": "Questions and answers",
            "starts_at": (datetime.now(UTC) + timedelta(minutes=10)).isoformat(),
            "duration_minutes": 45,
        }
        self.live_session = self.instructor.call("POST", "/api/v1/live-sessions", 201, json=body)

    def join_live_session(self) -> str:
        return str(self.student.call("POST", f"/api/v1/live-sessions/{self.live_session['id']}/join")["join_url"])

    def mail_arrives(self, kind: str) -> str:
        return str(eventually(lambda: self.mailbox.of(self.student.email).get(kind), f"the {kind} mail", pause=0.05))

    def four_mails(self) -> str:
        def caught() -> dict[str, str] | None:
            mails = self.mailbox.of(self.student.email)
            return mails if len(mails) == len(mailbox.KINDS) else None

        mails = eventually(caught, f"mails of {', '.join(mailbox.KINDS)}", pause=0.05)
        return "; ".join(mails.values())

    def log_out(self) -> str:
        self.student.call("POST", "/api/v1/auth/logout", 204)
        return signing_out.wait_until_refused_everywhere(self.student)
