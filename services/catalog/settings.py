"""Settings of catalog, read once."""

from pydantic import Field

import shared.settings

MEGABYTE = 1024 * 1024
# The gateway takes no larger body for an upload.
LARGEST_FILE = 100 * MEGABYTE


class Settings(shared.settings.Settings):
    """What catalog needs beyond the shared settings. Sizes are bytes."""

    upload_max_bytes: int = Field(LARGEST_FILE, ge=1, le=LARGEST_FILE)
    course_quota_bytes: int = 2048 * MEGABYTE
    # All courses of one instructor together, drafts and archived ones included.
    instructor_quota_bytes: int = 20480 * MEGABYTE
    courses_per_instructor: int = 1000
