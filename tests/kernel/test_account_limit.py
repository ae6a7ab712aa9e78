"""How many requests an account may make, whatever tokens it makes them with."""

import time
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from uuid_utils.compat import uuid7

from shared import account_limit
from shared.account_limit import AccountLimit, TooManyRequests
from shared.testing import Harness
from shared.testing.harness import Caller


@pytest.fixture
def limited(things: Harness) -> Iterator[Harness]:
    """The service, with a limit of three requests at once and one more in a minute."""
    before = things.app.state.account_limit
    things.app.state.account_limit = AccountLimit(1, 2)
    yield things
    things.app.state.account_limit = before


def test_one_more_than_the_burst_is_refused_with_words_and_others_go_on(limited: Harness) -> None:
    caller, other = limited.caller(), limited.caller()
    thing = other.post("/things", json={"name": "limited"}).json()["id"]
    answers = [caller.get(f"/things/hot/{thing}") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    refused = answers[-1]
    assert refused.json()["type"] == "urn:academy:problem:too-many-requests"
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["ratelimit"] == '"account";r=0;t=1'
    assert refused.headers["ratelimit-policy"] == '"account";q=1;w=1;burst=2'
    assert other.get(f"/things/hot/{thing}").status_code == 200
    assert limited.client.get(f"/things/{thing}").status_code == 200


def test_many_tokens_of_an_account_share_its_limit_on_all_routes(limited: Harness) -> None:
    account = uuid7()
    tokens = [limited.academy.identity.token(account, sid=str(uuid7())) for _ in range(5)]
    callers = [Caller(limited.client, account, token) for token in tokens]
    asked = [
        callers[0].post("/things", json={"name": "shared"}),
        callers[1].get(f"/things/hot/{UUID(int=0)}"),
        callers[2].get("/things/hot/not-an-id"),
        callers[3].post("/things", json={"name": "shared"}),
        callers[4].get(f"/things/hot/{UUID(int=0)}"),
    ]
    assert [answer.status_code for answer in asked] == [201, 404, 422, 429, 429]


def test_a_token_that_is_not_valid_counts_for_nobody(limited: Harness) -> None:
    account = uuid7()
    token = limited.academy.identity.token(account)
    forged = Caller(limited.client, account, f"{token[:-4]}AAAA")
    assert {forged.get("/things/hot/x").status_code for _ in range(9)} == {401}
    assert Caller(limited.client, account, token).get("/things/hot/x").status_code == 422


def test_what_was_refused_does_not_count_and_time_brings_back_one_request_after_the_other() -> None:
    limit, account = AccountLimit(50, 1), uuid4()
    assert [taken(limit, account) for _ in range(4)] == [True, True, False, False]
    deadline = time.monotonic() + 5
    while not taken(limit, account) and time.monotonic() < deadline:
        time.sleep(0.001)
    assert not taken(limit, account), "one came back, not two"


def taken(limit: AccountLimit, account: UUID) -> bool:
    """Whether one more request of the account is let in."""
    try:
        limit.count(account)
    except TooManyRequests:
        return False
    return True


def test_it_remembers_a_bounded_number_of_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_limit, "MAX_ACCOUNTS", 100)
    limit = AccountLimit(1, 0)
    for _ in range(1000):
        limit.count(uuid4())
    assert len(limit._full_at) <= 100
