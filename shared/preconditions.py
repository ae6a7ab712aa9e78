"""If-Match (RFC 9110 section 13.1.1): a change says which version it was made of, so that none is lost unseen.

The ETag of a resource that can be changed is `"<version>-<digest>"` (shared/routing.py); what counts here is the
version. A route takes `expected: IfMatch`, and the domain function calls `expected.check(thing.version)` under the
row's lock, after it has refused whoever may not change the thing at all.
"""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header

from shared.errors import Invalid, Problem

ANY = "*"
_TAG = r'(?:W/)?"([\x21\x23-\x7e]*)"'
_TAGS = re.compile(rf"\s*{_TAG}(?:\s*,\s*{_TAG})*\s*")


class PreconditionRequired(Problem):
    status, slug, title = 428, "precondition-required", "Say which version you mean to change"
    detail = "Send If-Match with the ETag of what you read. If-Match: * overwrites whatever is there."


class PreconditionFailed(Problem):
    status, slug, title = 412, "precondition-failed", "Somebody has changed this in the meantime"
    detail = "Read it again, make your change to what is there now, and send the new ETag."


@dataclass(frozen=True)
class Expected:
    """The versions that the caller would change; none when they did not say."""

    versions: frozenset[str]

    def check(self, version: int) -> None:
        """Passes when the caller means this version. Raises PreconditionRequired, PreconditionFailed."""
        if not self.versions:
            raise PreconditionRequired
        if self.versions.isdisjoint({str(version), ANY}):
            raise PreconditionFailed(version=version)


async def read_if_match(
    if_match: Annotated[
        str | None, Header(alias="If-Match", description="The ETag of what you read, or * for whatever is there")
    ] = None,
) -> Expected:
    """What the header says. Weak tags count as strong ones: a proxy that compresses weakens our tags (nginx does), and
    the version inside stays exact. Raises Invalid("If-Match") for what is not a list of entity tags."""
    if if_match is None:
        return Expected(frozenset())
    if if_match.strip() == ANY:
        return Expected(frozenset({ANY}))
    if not _TAGS.fullmatch(if_match):
        raise Invalid("If-Match", 'must be an ETag as it was answered, quotes included, such as "3-9f86d081", or *')
    # The version ends where the digest begins; a bare version, as the resource shows it, is as good.
    return Expected(frozenset(tag.partition("-")[0] for tag in re.findall(_TAG, if_match)))


IfMatch = Annotated[Expected, Depends(read_if_match)]
