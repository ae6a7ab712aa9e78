"""Settings of catalog, read once."""

import shared.settings

MEGABYTE = 1024 * 1024


class Settings(shared.settings.Settings):
    """What catalog needs beyond the shared settings. Sizes are bytes."""

    upload_max_bytes: int = 100 * MEGABYTE
    course_quota_bytes: int = 2048 * MEGABYTE
    # All courses of one instructor together, drafts and archived ones included.
    instructor_quota_bytes: int = 20480 * MEGABYTE
    courses_per_instructor: int = 1000
