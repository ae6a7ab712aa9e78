"""Secrets in files: one for each variable, named as the variable in lower case. An empty file is a variable not set."""

import os
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import SecretsSettingsSource

SECRETS_DIR = Path("/run/secrets")


class SecretFiles(SecretsSettingsSource):
    """Reads the folder's files, without those that are empty: compose mounts a file for each optional secret, too."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The file's text, or None when it is missing or empty; the key; whether the text is JSON."""
        value, key, is_complex = super().get_field_value(field, field_name)
        return value or None, key, is_complex


def read_secret(name: str, folder: Path = SECRETS_DIR) -> str:
    """The environment's variable of that name in upper case, else the file in lower case, else ""."""
    value = os.environ.get(name.upper(), "")
    path = folder / name.lower()
    return value or (path.read_text().strip() if path.is_file() else "")
