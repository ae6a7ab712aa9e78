"""No client chooses the codec of a form."""

from typing import Any

import pytest

from shared.testing import Harness

FORM = "application/x-www-form-urlencoded"
PROBLEM = "urn:academy:problem:"
PARTS = "multipart/form-data; boundary=cut"
PART = b'--cut\r\nContent-Disposition: form-data; name="title"\r\n\r\nx\r\n'
FILE = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="%s"%s\r\n\r\nbytes\r\n'
PUNYCODE = b'--cut\r\nContent-Disposition: form-data; name="a-%s-%s"\r\n\r\nx\r\n--cut--\r\n' % (
    b"a" * 7_000,
    b"A" * 7_000,
)


def send(things: Harness, address: str, content_type: str, body: bytes) -> Any:
    answer = things.client.post(address, content=body, headers={"Content-Type": content_type})
    assert len(answer.content) < 8_000
    return answer


def upload(*parts: bytes) -> bytes:
    return b"".join([*parts, b"--cut--\r\n"])


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix(PROBLEM)


def test_a_form_is_read_as_utf_8(things: Harness) -> None:
    for content_type in (FORM, f"{FORM}; charset=UTF-8", f'{FORM};charset="utf-8"'):
        answer = send(things, "/forms", content_type, b"name=%C3%A9+1&_charset_=utf-8&other=2")
        assert (answer.status_code, answer.json()) == (200, {"name": "é 1"})


@pytest.mark.parametrize(
    "content_type",
    [
        f"{FORM}; charset=punycode",
        f"{FORM}; charset=utf-16",
        f"{FORM};Charset = 'utf-7'",
        "application/json",
        "text/plain",
        "",
        PARTS,
        f"{PARTS}; charset=punycode",
    ],
)
def test_another_charset_or_type_than_a_form_is_415(things: Harness, content_type: str) -> None:
    assert refusal(send(things, "/forms", content_type, PUNYCODE)) == (415, "unsupported-media-type")
    assert refusal(send(things, "/forms", content_type, b"name=x")) == (415, "unsupported-media-type")


def test_the_field_charset_names_no_codec_either(things: Harness) -> None:
    answer = send(things, "/forms", FORM, b"name=x&_charset_=punycode")
    assert refusal(answer) == (415, "unsupported-media-type")


@pytest.mark.parametrize(
    "body",
    [
        b"name=%ff",
        b"name=\xff",
        b"name=%ed%a0%80",
        b"name=%00",
        b"na%00me=1&name=x",
        b"name=a&name=b",
        b"&".join(b"f%d=1" % n for n in range(21)),
        b"a=1&" * 4_000,
        b"%" * 16_000,
        b"=" * 16_000,
        b"&" * 16_000,
        b"",
    ],
)
def test_a_form_that_is_no_good_is_422(things: Harness, body: bytes) -> None:
    assert refusal(send(things, "/forms", FORM, body)) == (422, "invalid-input")


def test_an_upload_is_its_fields_and_its_file(things: Harness) -> None:
    name = "ünï.txt".encode()
    answer = send(things, "/forms/upload", f"{PARTS}; charset=utf-8", upload(PART, FILE % (name, b"")))
    assert answer.json() == {"title": "x", "name": "ünï.txt", "size": 5}


@pytest.mark.parametrize(
    "content_type",
    ["punycode", "undefined", "idna", "utf-16", "utf-8; charset=punycode", '"punycode"', "utf-8'punycode"],
)
def test_an_upload_in_another_charset_is_415(things: Harness, content_type: str) -> None:
    answer = send(things, "/forms/upload", f"{PARTS}; charset={content_type}", upload(PART, FILE % (b"a", b"")))
    assert refusal(answer) == (415, "unsupported-media-type")


@pytest.mark.parametrize(
    "body",
    [
        upload(PART, FILE % (b"a", b"\r\nContent-Type: text/plain; charset=punycode")),
        upload(PART, FILE % (b"=?punycode?B?YQ==?=", b"")),
        upload(PART, FILE % (b"a", b"; filename*=punycode''a")),
        upload(PART, FILE % (b"a", b"; filename*0*=punycode''a")),
        upload(PART.replace(b"\r\n\r\n", b"\r\nContent-Type: text/plain;charset=utf-16\r\n\r\n"), FILE % (b"a", b"")),
        upload(PART, PART.replace(b"title", b"_charset_"), FILE % (b"a", b"")),
        upload(PART, FILE % (b"a", b""), FILE % (b"b", b"")),
        upload(PART, PART, PART),
        upload(PART),
        upload(PART.replace(b"\r\nx", b"\r\n" + b"x" * 17_000), FILE % (b"a", b"")),
        upload(PART, FILE % (b"a", b"\r\nX: " + b"x" * 17_000)),
        upload(PART, FILE % (b"a", b"\r\nX: x" * 100)),
        upload(PART, FILE % (b"a", b""))[:-30],
        PUNYCODE,
        b"",
        b"\r\n" * 8_000,
        b"--cut" * 4_000,
    ],
)
def test_an_upload_that_is_no_good_is_422(things: Harness, body: bytes) -> None:
    assert refusal(send(things, "/forms/upload", PARTS, body)) == (422, "invalid-input")


@pytest.mark.parametrize(
    "boundary", ["", "; boundary=", f"; boundary={'x' * 71}", '; boundary="a\\"b"', "; boundary=é"]
)
def test_a_boundary_is_one_of_rfc_2046(things: Harness, boundary: str) -> None:
    headers = {"Content-Type": f"multipart/form-data{boundary}".encode("latin-1")}
    answer: Any = things.client.post("/forms/upload", content=upload(PART), headers=headers)  # type: ignore[arg-type]
    assert refusal(answer) == (422, "invalid-input")


def test_a_file_over_its_limit_is_413(things: Harness) -> None:
    whole = upload(PART, FILE % (b"a", b""))
    answer = send(things, "/forms/upload", PARTS, whole.replace(b"bytes", b"b" * 10_001))
    assert refusal(answer) == (413, "file-too-large")
    answer = send(things, "/forms/upload", PARTS, whole.replace(b"bytes", b"b" * 40_000))
    assert refusal(answer) == (413, "file-too-large")
