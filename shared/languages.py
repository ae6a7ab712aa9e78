"""Languages as BCP 47 (RFC 5646) names them."""

from typing import Annotated

import langcodes
from pydantic import AfterValidator, Field, StringConstraints


def _known(tag: str) -> str:
    if not langcodes.tag_is_valid(tag):
        raise ValueError("must be a language tag of BCP 47 such as en, pt-BR, es-419 or zh-Hant-TW")
    return str(langcodes.Language.get(tag, normalize=False))


# What navigator.language says in any browser; upper and lower case become what the standard recommends.
LanguageTag = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{1,8})*$", max_length=35),
    AfterValidator(_known),
    Field(examples=["de-AT"]),
]
