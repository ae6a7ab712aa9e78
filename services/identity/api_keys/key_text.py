"""What an API key looks like: `afa_`, 43 random letters and digits (256 bits), and six that are the CRC-32 of the rest.

Secret scanners find it by sight and tell it from chance by arithmetic, as they do with GitHub's tokens
(https://github.blog/engineering/behind-githubs-new-authentication-token-formats/); what was mistyped is refused without
asking the database.
"""

import re
import secrets
import string
import zlib

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_LENGTH = 43
CHECKSUM_LENGTH = 6
# As much as tells the own keys apart: 47 of the 256 bits.
PREFIX_LENGTH = 12
PATTERN = re.compile(rf"afa_[0-9A-Za-z]{{{RANDOM_LENGTH + CHECKSUM_LENGTH}}}")


def new_key() -> str:
    """A key that nobody has."""
    body = "afa_" + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LENGTH))
    return body + _checksum(body)


def is_well_formed(text: str) -> bool:
    """True when it could be a key of ours."""
    if not PATTERN.fullmatch(text):
        return False
    return text[-CHECKSUM_LENGTH:] == _checksum(text[:-CHECKSUM_LENGTH])


def visible_prefix(key: str) -> str:
    """What may be shown of it afterwards."""
    return key[:PREFIX_LENGTH]


def _checksum(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
