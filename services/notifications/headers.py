"""Subjects of mails as RFC 2047 writes them, independent of the Python version: the folding of the standard library
loses blanks between encoded words in 3.11 and differs between releases."""

import base64
from email import policy
from email.headerregistry import HeaderRegistry, UniqueUnstructuredHeader
from typing import Any

# Octets in an encoded word: with them and "Subject: " a line stays within 76 characters (RFC 2047 section 2).
_OCTETS = 39
_LINE_LENGTH = 78


class _Subject(UniqueUnstructuredHeader):
    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        # As written: the parser of the standard library would decode what looks like an encoded word.
        kwds["parse_tree"] = cls.value_parser("")
        kwds["decoded"] = value

    def fold(self, *, policy: policy.Policy) -> str:
        """The header's lines, each with the policy's line end."""
        return f"Subject: {f'{policy.linesep} '.join(_encoded(str(self)))}{policy.linesep}"


def _encoded(subject: str) -> list[str]:
    plain = subject.isascii() and subject.isprintable() and "=?" not in subject and subject == subject.strip()
    if plain and len(f"Subject: {subject}") <= _LINE_LENGTH:
        return [subject]
    return [f"=?utf-8?b?{base64.b64encode(part).decode()}?=" for part in _parts(subject)]


def _parts(subject: str) -> list[bytes]:
    """The subject in UTF-8, cut between characters as section 5 demands."""
    parts = [b""]
    for character in subject:
        octets = character.encode(errors="replace")
        if len(parts[-1]) + len(octets) > _OCTETS:
            parts.append(b"")
        parts[-1] += octets
    return parts


_registry = HeaderRegistry()
# The registry mixes BaseHeader in, which its type does not say.
_registry.map_to_type("subject", _Subject)  # type: ignore[arg-type]
HEADERS = policy.EmailPolicy(header_factory=_registry)
