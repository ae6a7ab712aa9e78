"""Settings of the certificates service."""

import shared.settings


class Settings(shared.settings.Settings):
    """`academy_name` is who certifies: on the diploma and on the public check page."""

    academy_name: str = "AI First Academy"
