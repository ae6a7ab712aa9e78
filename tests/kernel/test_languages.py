"""Language tags are those of BCP 47."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from services.catalog.courses.schemas import Language
from services.identity.schemas import Locale


@pytest.mark.parametrize("field", [Language, Locale])
def test_languages_of_browsers_are_taken(field: Any) -> None:
    read = TypeAdapter[str](field).validate_python
    for tag in ("en", "de-AT", "es-419", "en-001", "zh-Hant-TW", "sr-Latn-RS", "ca-ES-valencia", "en-US-u-ca-buddhist"):
        assert read(tag) == tag
    assert read("zh-hant-tw") == "zh-Hant-TW"
    for wrong in ("klingon", "DE_at", "de-", "zz-ZZ", "en-", "", "en-a"):
        with pytest.raises(ValidationError):
            read(wrong)
