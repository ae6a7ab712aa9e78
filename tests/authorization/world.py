"""One of everything, the owner's: made by real calls, with unique words where outsiders must not look."""

import time
from typing import Any
from uuid import UUID

import jwt
from uuid_utils.compat import uuid7

from services.billing.purchases import ORDERS
from services.billing.tests.shop import CHECKOUTS
from services.catalog.tests.samples import PDF, PDF_TYPE, upload
from services.catalog.tests.school import PAID, TaughtCourse, answer
from services.identity.security_news import NEW_CREDENTIALS
from services.identity.tests.authenticator import Authenticator
from services.identity.tests.people import Person, new_account, new_person
from services.identity.tests.samples import picture
from services.identity.tests.travellers import Traveller
from shared.testing import wait_until
from shared.testing.harness import Caller
from shared.testing.limits import end_period
from tests.authorization.policy import ROLES
from tests.authorization.stage import Stage
from tests.e2e.six import at

HOUR = 3600
SPARE_SESSIONS = 14


class World:
    """`people` by actor; `ids` by the name of a path parameter or body field, all of things that the owner has.

    The owner teaches a course, on which the enrolled is, and learns at another instructor's.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._identity = stage.six["identity"]
        self.people: dict[str, Person] = {actor: self.newcomer(role) for actor, role in ROLES.items() if role}
        self.teacher = self.newcomer("instructor")
        owner = self.people["owner"]
        for _ in range(SPARE_SESSIONS):
            Person(self._identity, owner.id, owner.email).enter()
        sessions = answer(self.at("identity", "owner").get("/api/v1/auth/sessions"))["items"]
        self._sessions: list[str] = [one["id"] for one in sessions if not one["current"]]
        self.words = {name: f"canary{uuid7().hex}" for name in ("lesson", "announcement", "file", "live")}
        self.ids: dict[str, str] = {"user_id": str(owner.id), "instructor_id": str(owner.id), "currency": "EUR"}
        self._teach()
        self._sell()
        self._learn()
        self._hold_sessions()
        self._ask()
        # After the last sign-in: with a passkey it would take a second step.
        self.ids |= {"passkey_id": self.new_passkey(), "session_id": self.new_session("owner")}
        self.api_key = self.new_api_key()
        self.ids |= {"identity_id": self.new_identity(), "key_id": self.api_key["id"]}
        self.ids |= {"avatar_id": self.new_avatar(), "size": "large"}
        self.ids |= {"coupon_id": self.new_coupon(), "application_id": self.new_application()}

    # What nobody but the owner and the staff may see, and what the course's learners may see as well.

    @property
    def private(self) -> set[str]:
        names = ("order_id", "document_id", "certificate_id", "code", "notification_id", "export_id")
        return {self.people["owner"].email, *self._sessions, *(self.ids[name] for name in names)}

    @property
    def taught(self) -> set[str]:
        return {*self.words.values(), self.ids["file_id"], self.ids["live_session_id"]}

    def at(self, service: str, actor: str) -> Caller:
        """An actor's requests straight to a service."""
        return at(self.stage.six, service, self.people[actor])

    def token_of(self, actor: str) -> str | None:
        """What an actor signs requests with."""
        return self.people[actor].access_token if actor in self.people else None

    # New ones, for calls that use them up.

    def newcomer(self, role: str) -> Person:
        """Somebody new, signed in. The token is as identity's, but good for an hour: a loaded machine takes longer than
        five minutes."""
        person = new_person(self._identity, role)
        claims = {"sid": session_of(person.access_token), "exp": int(time.time()) + HOUR}
        person.access_token = self.stage.forge.token(person.id, (role,), **claims)
        return person

    def new_account(self) -> Person:
        """A student who has not signed in."""
        return new_account(self._identity)

    def new_session(self, actor: str) -> str:
        """The id of a session that the owner has on another device."""
        assert actor == "owner"
        return self._sessions.pop()

    def new_suspended(self) -> str:
        """The id of a suspended account."""
        id = str(self.new_account().id)
        answer(self.at("identity", "admin").post(f"/api/v1/admin/users/{id}/suspend"))
        return id

    def new_application(self) -> str:
        """The id of a pending application."""
        applicant = at(self.stage.six, "identity", self.newcomer("student"))
        body = {"motivation": "I have taught for years."}
        return str(answer(applicant.post("/api/v1/users/me/instructor-applications", json=body), 201)["id"])

    def new_passkey(self) -> str:
        """The id of a passkey of the owner's."""
        owner, keys = self._who_may_add_credentials(), "/api/v1/auth/passkeys"
        asked = answer(owner.post(f"{keys}/options"))
        body = {"ticket": asked["ticket"], "name": "Phone", "credential": Authenticator().create(asked["options"])}
        return str(answer(owner.post(keys, json=body), 201)["id"])

    def new_draft(self) -> TaughtCourse:
        """An unpublished course of the owner's with a lesson."""
        draft = TaughtCourse(self.at("catalog", "owner"))
        draft.lesson(content=self.words["lesson"])
        return draft

    def new_identity(self) -> str:
        """The id of a link between the owner's account and one elsewhere."""
        self._who_may_add_credentials()
        traveller = Traveller(self._identity, self.stage.provider, "google")
        return str(answer(traveller.link(self.people["owner"]), 201)["id"])

    def new_api_key(self) -> dict[str, str]:
        """A key of the owner's, with its text."""
        body = {"name": "Import", "scopes": ["account:use"]}
        made: dict[str, str] = answer(self._who_may_add_credentials().post("/api/v1/auth/api-keys", json=body), 201)
        return made

    def _who_may_add_credentials(self) -> Caller:
        """The owner, however many were added in this hour."""
        end_period(self._identity, NEW_CREDENTIALS, self.people["owner"].id)
        return self.at("identity", "owner")

    def new_avatar(self) -> str:
        """The id of the owner's picture."""
        owner, kind = self.at("identity", "owner"), {"Content-Type": "image/png"}
        sent = owner.request("PUT", "/api/v1/users/me/avatar", content=picture("PNG"), headers=kind)
        return str(answer(sent)["avatar"]["large"].split("/")[-2])

    def new_file(self) -> str:
        """The id of a file on the owner's lesson."""
        content = PDF + self.words["file"].encode()
        sent = upload(self.course.instructor, self.course, f"{self.words['file']}.pdf", content, PDF_TYPE)
        return str(answer(sent, 201)["id"])

    def new_live_session(self) -> str:
        """The id of a live session whose doors are open."""
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 300))
        body: dict[str, Any] = {"course_id": self.course.id, "title": "Questions", "description": self.words["live"]}
        body |= {"starts_at": soon, "duration_minutes": 60}
        host = self.at("live", "owner")
        # 422 until live has heard of the course.
        made = wait_until(lambda: _created(host.post("/api/v1/live-sessions", json=body)), 30, "live knows the course")
        return str(made["id"])

    def new_order(self) -> str:
        """The id of an open order of the owner's."""
        end_period(self.stage.shop.harness, ORDERS, self.people["owner"].id)
        return str(answer(self.stage.shop.checkout(self.at("billing", "owner"), self.stage.shop.sell()), 201)["id"])

    def new_paid_order(self) -> str:
        """The id of a paid order of the owner's."""
        return self.pay(self.people["owner"], self.stage.shop.sell())

    def new_coupon(self) -> str:
        """The id of a coupon."""
        body = {"code": self.unique("C"), "percent": 10}
        return str(answer(self.at("billing", "admin").post("/api/v1/admin/payments/coupons", json=body), 201)["id"])

    def certificate_to(self, *, revoke: bool) -> str:
        """The id of a certificate of the owner's that can be revoked, or restored, now."""
        id = self._second_certificate
        act = "restore" if revoke else "revoke"
        admin = self.at("certificates", "admin")
        assert admin.post(f"/api/v1/admin/certificates/{id}/{act}", json={"reason": "test"}).status_code in {200, 409}
        return id

    def unique(self, prefix: str) -> str:
        """A word that nobody has used."""
        return f"{prefix}{uuid7().hex[-12:].upper()}"

    def pay(self, person: Person, course_id: UUID | str) -> str:
        """The id of an order that the person has paid."""
        shop, buyer = self.stage.shop, at(self.stage.six, "billing", person)

        def open_order() -> Any:
            return _created(buyer.post(CHECKOUTS, json={"course_id": str(course_id)}))

        order = wait_until(open_order, 30, "billing knows the course")
        session_id = order["checkout_url"].rsplit("/", 1)[1]
        shop.far_end.pay(session_id)
        shop.deliver_all(session_id)
        mine = f"/api/v1/payments/orders/{order['id']}"
        wait_until(lambda: answer(buyer.get(mine))["status"] == "paid", 30, "the order is paid")
        return str(order["id"])

    # The world, once.

    def _teach(self) -> None:
        owner = self.at("catalog", "owner")
        self.course = TaughtCourse(owner, price=PAID)
        lesson_id = self.course.lesson(content=self.words["lesson"])
        self.preview_id = self.course.lesson(self.course.modules[0], is_preview=True, content="Welcome")
        self.course.publish()
        self.free = TaughtCourse(owner)
        self.free.lesson()
        self.free.publish()
        self.draft = self.new_draft()
        news = {"title": "News", "body": self.words["announcement"]}
        answer(owner.post(f"{self.course.url}/announcements", json=news), 201)
        self.ids |= {"course_id": self.course.id, "course": self.course.id, "lesson_id": lesson_id}
        self.ids |= {"module_id": self.course.modules[0], "file_id": self.new_file()}
        self.rivals = TaughtCourse(self.at("catalog", "rival"), price=PAID)
        self.rivals.lesson()
        self.rivals.publish()

    def _sell(self) -> None:
        self.pay(self.people["enrolled"], self.course.id)
        progress = f"{self.course.url}/progress"
        enrolled = self.at("catalog", "enrolled")
        wait_until(lambda: enrolled.get(progress).status_code == 200, 30, "the payment enrolls")
        self.ids["order_id"] = self.new_paid_order()
        documents = answer(self.at("billing", "owner").get(f"/api/v1/payments/orders/{self.ids['order_id']}/documents"))
        self.ids["document_id"] = documents[0]["id"]

    def _learn(self) -> None:
        owner = self.at("catalog", "owner")
        for _ in range(2):
            course = TaughtCourse(at(self.stage.six, "catalog", self.teacher))
            course.lesson()
            course.publish()
            answer(owner.post("/api/v1/enrollments", json={"course_id": course.id}), 201)
            answer(owner.post(f"{course.lesson_url()}/complete"))
        mine = self.at("certificates", "owner")
        wait_until(lambda: len(answer(mine.get("/api/v1/certificates"))["items"]) == 2, 30, "two certificates")
        second, first = answer(mine.get("/api/v1/certificates"))["items"]
        self._second_certificate = str(second["id"])
        self.ids |= {"certificate_id": first["id"], "code": first["code"]}
        assert mine.get(f"/api/v1/certificates/{first['id']}/pdf").status_code == 200

    def _hold_sessions(self) -> None:
        self.ids["live_session_id"] = self.new_live_session()
        enrolled, mine = self.at("live", "enrolled"), f"/api/v1/live-sessions/{self.ids['live_session_id']}"
        wait_until(lambda: enrolled.get(mine).status_code == 200, 30, "live knows the enrolled")

    def _ask(self) -> None:
        owner, admin = self.at("identity", "owner"), self.at("identity", "admin")
        self.ids["export_id"] = answer(owner.post("/api/v1/users/me/exports"), 202)["id"]
        leaving = self.new_account()
        self.ids["erasure_id"] = answer(admin.post(f"/api/v1/admin/users/{leaving.id}/erase"), 202)["id"]
        told = self.at("notifications", "owner")
        inbox = wait_until(lambda: answer(told.get("/api/v1/notifications"))["items"], 30, "the owner is told")
        self.ids["notification_id"] = inbox[0]["id"]
        staff, about = self.at("notifications", "admin"), {"recipient": self.people["owner"].email, "state": "sent"}
        deliveries = "/api/v1/admin/notifications/deliveries"
        sent = wait_until(lambda: answer(staff.get(deliveries, params=about))["items"], 30, "mail is sent")
        self.ids["delivery_id"] = sent[0]["id"]


def session_of(token: str) -> str:
    """The session that an access token belongs to."""
    return str(jwt.decode(token, options={"verify_signature": False})["sid"])


def _created(response: Any) -> Any:
    """The JSON of a 201; nothing for what may yet become one."""
    return response.json() if response.status_code == 201 else None
