"""Paying as a person does: open the checkout, click on the payment page, watch the course open."""

import re
import time
from typing import Any
from uuid import uuid4

import httpx

from ops.demo.caller import Caller
from ops.demo.steps import eventually, expect


def open_checkout(learner: Caller, course_id: str) -> dict[str, Any]:
    """A checkout for the course; the answer names the page to pay on."""
    headers = {"Idempotency-Key": str(uuid4())}
    checkout: dict[str, Any] = learner.call(
        "POST", "/api/v1/payments/checkouts", 201, json={"course_id": course_id}, headers=headers
    )
    return checkout


def click_pay(checkout_url: str) -> None:
    """Opens the hosted payment page and clicks its pay button."""
    with httpx.Client(timeout=30, trust_env=False) as browser:
        page = browser.get(checkout_url)
        form = re.search(r'<form method="post" action="([^"]+)"', page.text)
        expect(form, "a payment page with a form", f"{page.status_code} {page.text[:300]}")
        action = str(page.url.join(form.group(1))) if form else ""
        paid = browser.post(action, data={"act": "card"})
        expect(
            paid.status_code == 303,
            "the payment page to send the learner back",
            f"{paid.status_code} {paid.text[:300]}",
        )


def is_enrolled(learner: Caller, course_id: str) -> bool:
    """True when the learner's own list of courses has it."""
    enrollments = learner.call("GET", "/api/v1/enrollments")["items"]
    return any(item["course"]["id"] == course_id for item in enrollments)


def pay_and_wait(learner: Caller, checkout_url: str, course_id: str) -> float:
    """Pays; milliseconds from the payment to the open course, as the learner sees it."""
    click_pay(checkout_url)
    paid_at = time.perf_counter()
    eventually(lambda: is_enrolled(learner, course_id), "the learner to be enrolled")
    return (time.perf_counter() - paid_at) * 1000
