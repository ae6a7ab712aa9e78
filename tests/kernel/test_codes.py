"""Codes are read as people paste them."""

import pytest
from pydantic import TypeAdapter

from services.billing.schemas import CouponCode
from services.certificates.codes import new_code, read_code, show_code
from services.identity.factors.recovery_codes import _hash
from services.identity.factors.schemas import TotpCode

AROUND = [
    "{} ",
    " {}",
    "{}\n",
    "\r\n{}\t",
    "{}\u00a0",
    "\u200b{}",
    "\ufeff{}",
    "\u3000{}",
    "\u202a{}\u202c",
    "{}\u00ad",
]


@pytest.mark.parametrize("around", AROUND)
def test_what_a_clipboard_adds_does_not_matter(around: str) -> None:
    number = new_code()
    assert TypeAdapter[str](CouponCode).validate_python(around.format("save-10")) == "SAVE-10"
    assert TypeAdapter[str](TotpCode).validate_python(around.format("492039")) == "492039"
    assert read_code(around.format(show_code(number))) == number
    assert _hash(around.format("abcdef-ghijkl")) == _hash("abcdefghijkl")


@pytest.mark.parametrize("typed", ["492 039", "492-039", "492\u2013039", "\u0664\u0669\u0662\u0660\u0663\u0669"])
def test_one_time_codes_are_read_in_groups_and_in_other_digits(typed: str) -> None:
    assert TypeAdapter[str](TotpCode).validate_python(typed) == "492039"


@pytest.mark.parametrize("dash", "\u2010\u2011\u2012\u2013\u2014\u2212\uff0d")
def test_dashes_that_look_alike_are_one(dash: str) -> None:
    number = new_code()
    assert TypeAdapter[str](CouponCode).validate_python(f"SAVE{dash}10") == "SAVE-10"
    assert read_code(show_code(number).replace("-", dash)) == number
    assert _hash(f"abcdef{dash}ghijkl") == _hash("abcdef-ghijkl")
