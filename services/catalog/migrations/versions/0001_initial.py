"""Courses, access, progress and files."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

from shared.tables import create_kernel_tables

revision = "0001"
down_revision = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_kernel_tables(op)
    create_courses()
    create_outline()
    create_learning()
    create_files()


def create_courses() -> None:
    op.create_table(
        "courses",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("description_html", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("price_amount", sa.Integer, nullable=False),
        sa.Column("price_currency", sa.Text, nullable=False),
        sa.Column("instructor_id", sa.Uuid, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("lesson_count", sa.Integer, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("published_at", TIME),
        sa.Column(
            "search",
            TSVECTOR,
            sa.Computed("to_tsvector('simple'::regconfig, ((title || ' '::text) || summary))", persisted=True),
        ),
        sa.PrimaryKeyConstraint("id", name="pk_courses"),
        sa.UniqueConstraint("slug", name="uq_courses_slug"),
        sa.CheckConstraint("status IN ('draft', 'published', 'archived')", name="ck_courses_status"),
        sa.CheckConstraint("price_amount >= 0", name="ck_courses_price_amount"),
    )
    op.create_index("ix_courses_instructor_id", "courses", ["instructor_id"])
    op.create_index("ix_courses_search", "courses", ["search"], postgresql_using="gin")
    published = sa.text("status = 'published'")
    op.create_index("ix_courses_published", "courses", ["published_at", "id"], postgresql_where=published)
    op.create_table(
        "announcements",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("course_id", sa.Uuid, nullable=False),
        sa.Column("author_id", sa.Uuid, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("posted_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_announcements"),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name="fk_announcements_course_id_courses"),
    )
    op.create_index("ix_announcements_course_id_id", "announcements", ["course_id", "id"])


def create_outline() -> None:
    op.create_table(
        "modules",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("course_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_modules"),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name="fk_modules_course_id_courses"),
        sa.UniqueConstraint(
            "course_id", "position", name="uq_modules_course_id_position", deferrable=True, initially="DEFERRED"
        ),
    )
    op.create_table(
        "lessons",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("course_id", sa.Uuid, nullable=False),
        sa.Column("module_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("content_html", sa.Text, nullable=False),
        sa.Column("is_preview", sa.Boolean, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_lessons"),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name="fk_lessons_course_id_courses"),
        sa.ForeignKeyConstraint(["module_id"], ["modules.id"], name="fk_lessons_module_id_modules", ondelete="CASCADE"),
        sa.UniqueConstraint(
            "module_id", "position", name="uq_lessons_module_id_position", deferrable=True, initially="DEFERRED"
        ),
    )
    op.create_index("ix_lessons_course_id", "lessons", ["course_id"])


def create_learning() -> None:
    op.create_table(
        "enrollments",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("course_id", sa.Uuid, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("enrolled_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_enrollments"),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name="fk_enrollments_course_id_courses"),
        sa.UniqueConstraint("user_id", "course_id", name="uq_enrollments_user_id_course_id"),
    )
    op.create_index("ix_enrollments_course_id", "enrollments", ["course_id"])
    mine = ["user_id", "enrolled_at", "id"]
    op.create_index("ix_enrollments_mine", "enrollments", mine, postgresql_where=sa.text("active"))
    create_grants()
    op.create_table(
        "lesson_completions",
        sa.Column("enrollment_id", sa.Uuid, nullable=False),
        sa.Column("lesson_id", sa.Uuid, nullable=False),
        sa.Column("completed_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("enrollment_id", "lesson_id", name="pk_lesson_completions"),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollments.id"], name="fk_lesson_completions_enrollment_id_enrollments"
        ),
        sa.ForeignKeyConstraint(
            ["lesson_id"], ["lessons.id"], name="fk_lesson_completions_lesson_id_lessons", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_lesson_completions_lesson_id", "lesson_completions", ["lesson_id"])
    op.create_table(
        "course_completions",
        sa.Column("enrollment_id", sa.Uuid, nullable=False),
        sa.Column("completed_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("enrollment_id", name="pk_course_completions"),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollments.id"], name="fk_course_completions_enrollment_id_enrollments"
        ),
    )


def create_grants() -> None:
    op.create_table(
        "grants",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("enrollment_id", sa.Uuid, nullable=False),
        sa.Column("order_id", sa.Uuid),
        sa.Column("paid_at", TIME),
        sa.Column("refunded_full", sa.Boolean, nullable=False),
        sa.Column("refund_version", sa.Integer, nullable=False),
        sa.Column("disputes", JSONB, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_grants"),
        sa.ForeignKeyConstraint(["enrollment_id"], ["enrollments.id"], name="fk_grants_enrollment_id_enrollments"),
        sa.UniqueConstraint("order_id", name="uq_grants_order_id"),
        sa.CheckConstraint("status IN ('pending', 'active', 'suspended', 'revoked')", name="ck_grants_status"),
    )
    op.create_index("ix_grants_enrollment_id", "grants", ["enrollment_id"])
    free = sa.text("order_id IS NULL")
    op.create_index("uq_grants_free", "grants", ["enrollment_id"], unique=True, postgresql_where=free)


def create_files() -> None:
    op.create_table(
        "files",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("course_id", sa.Uuid, nullable=False),
        sa.Column("lesson_id", sa.Uuid),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("content_type", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.Text),
        sa.Column("storage_key", sa.Text, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("stored_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_files"),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name="fk_files_course_id_courses"),
        sa.ForeignKeyConstraint(["lesson_id"], ["lessons.id"], name="fk_files_lesson_id_lessons", ondelete="SET NULL"),
        sa.UniqueConstraint("storage_key", name="uq_files_storage_key"),
    )
    op.create_index("ix_files_course_id", "files", ["course_id"])
    op.create_index("ix_files_lesson_id", "files", ["lesson_id"])
    unheld = sa.text("lesson_id IS NULL OR stored_at IS NULL")
    op.create_index("ix_files_unheld", "files", ["created_at"], postgresql_where=unheld)
