"""Courses are found by terms that the service makes itself, the same of texts and of queries.

The release before writes texts without terms: for those the words that Postgres makes count.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR

from services.catalog.courses.searching import search_values

revision = "0006"
down_revision = "0005"
FOUND_BY = (
    "CASE WHEN (terms_of = md5(((title || chr(10)) || summary))) THEN array_to_tsvector(terms)"
    " ELSE to_tsvector('simple'::regconfig, ((title || ' '::text) || summary)) END"
)


def upgrade() -> None:
    op.add_column("courses", sa.Column("terms", ARRAY(sa.Text())))
    op.add_column("courses", sa.Column("terms_of", sa.Text()))
    connection = op.get_bind()
    fill = sa.text("UPDATE courses SET terms = :terms, terms_of = :terms_of WHERE id = :id")
    for row in connection.execute(sa.text("SELECT id, title, summary FROM courses")).all():
        connection.execute(fill, {"id": row.id, **search_values(row.title, row.summary)})
    op.add_column("courses", sa.Column("found_by", TSVECTOR, sa.Computed(FOUND_BY, persisted=True)))
    op.create_index("ix_courses_found_by", "courses", ["found_by"], postgresql_using="gin")
