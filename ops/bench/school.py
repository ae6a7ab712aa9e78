"""What both sides are filled with: the same rows by the same statements, with ids that can be computed.

Written by the database itself, without its checks of foreign keys: 100,000 courses take seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ops.bench.bare import administrator

COURSES = 200
MODULES, LESSONS = 3, 12
READERS = 500
# Each round of writes has learners of its own: a lesson can be completed only once.
WRITERS = 1200
COURSES_EACH = 10
FIRST_ID = UUID("01920000-0000-7000-8000-000000000000").int

FUNCTIONS = """
    CREATE OR REPLACE FUNCTION pg_temp.id(number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
    $$ SELECT ('01920000-0000-7000-8000-' || lpad(to_hex(number), 12, '0'))::uuid $$;
    SET session_replication_role = replica;
"""
FILL_COURSES = f"""
    INSERT INTO courses (id, slug, title, summary, description, description_html, language, price_amount,
        price_currency, instructor_id, status, version, lesson_count, created_at, updated_at, published_at)
    SELECT pg_temp.id(n), 'practical-statistics-' || n, 'Practical Statistics, part ' || n,
        'Reads real data, cleans it, and answers questions with it; each chapter ends with one of your own.',
        repeat('What you learn here you can use the same day. ', 30),
        '<p>' || repeat('What you learn here you can use the same day. ', 30) || '</p>', 'en', 0, 'USD',
        pg_temp.id(1), 'published', 3, {LESSONS}, at, at, at
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) n,
        LATERAL (SELECT timestamptz '2026-01-01 UTC' + n * interval '1 minute' AS at) AS moment;
    INSERT INTO modules (id, course_id, position, title)
    SELECT pg_temp.id(n * 10 + m), pg_temp.id(n), m, 'Chapter ' || m
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) n, generate_series(1, {MODULES}) m;
    INSERT INTO lessons (id, course_id, module_id, position, title, content, content_html, is_preview, created_at,
        updated_at)
    SELECT pg_temp.id(n * 100 + l), pg_temp.id(n), pg_temp.id(n * 10 + 1 + (l - 1) / {LESSONS // MODULES}),
        1 + (l - 1) %% {LESSONS // MODULES}, 'Lesson ' || l || ': what the median hides',
        'Sort the values.', '<p>Sort the values.</p>', l = 1, now(), now()
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) n, generate_series(1, {LESSONS}) l;
"""
ENROLL = f"""
    INSERT INTO enrollments (id, user_id, course_id, active, version, enrolled_at)
    SELECT pg_temp.id(u * 100 + c), pg_temp.id(u), pg_temp.id(1 + (u * 7 + c * 17) %% {COURSES}), true, 1,
        timestamptz '2026-02-01 UTC' + (u * 60 + c) * interval '1 second'
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) u, generate_series(0, {COURSES_EACH - 1}) c;
"""
MARK = f"""
    INSERT INTO lesson_completions (enrollment_id, lesson_id, completed_at)
    SELECT pg_temp.id(u * 100 + c), pg_temp.id((1 + (u * 7 + c * 17) %% {COURSES}) * 100 + l), now()
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) u, generate_series(0, {COURSES_EACH - 1}) c,
        LATERAL generate_series(1, {{done}}) l
    ON CONFLICT DO NOTHING;
"""
MARK_SOME = MARK.format(done=f"(u + c) %% {LESSONS}")
MARK_ALL_BUT_THE_LAST = MARK.format(done=LESSONS - 1)


@dataclass(frozen=True)
class Place:
    """An open lesson of a learner."""

    learner: UUID
    course: UUID
    lesson: UUID


def id_of(number: int) -> UUID:
    """As pg_temp.id."""
    return UUID(int=FIRST_ID + number)


def fill_courses(database: dict[str, Any], schema: str, first: int, last: int) -> None:
    """Published courses with these numbers, with outline and lessons."""
    _execute(database, schema, FILL_COURSES, first=first, last=last)


def fill_learners(database: dict[str, Any], schema: str, blocks: int) -> None:
    """Readers, who have completed a part of each course, and so many blocks of writers, who have completed nothing."""
    _execute(database, schema, ENROLL, first=1, last=READERS + blocks * WRITERS)
    _execute(database, schema, MARK_SOME, first=1, last=READERS)


def complete_all_but_the_last(database: dict[str, Any], schema: str, block: int) -> None:
    """What is open for a block of writers is then the last lesson of each course."""
    numbers = writers(block)
    _execute(database, schema, MARK_ALL_BUT_THE_LAST, first=numbers[0], last=numbers[-1])


def readers() -> list[UUID]:
    """Who reads."""
    return [id_of(number) for number in range(1, READERS + 1)]


def writers(block: int) -> range:
    """The numbers of a block's learners."""
    return range(READERS + block * WRITERS + 1, READERS + (block + 1) * WRITERS + 1)


def places(block: int, lessons: range) -> Iterator[Place]:
    """These lessons of every course of a block's learners, neighbours never of the same learner."""
    for lesson in lessons:
        for turn in range(COURSES_EACH):
            for number in writers(block):
                course = 1 + (number * 7 + turn * 17) % COURSES
                yield Place(id_of(number), id_of(course), id_of(course * 100 + lesson))


def _execute(database: dict[str, Any], schema: str, statement: str, **values: int) -> None:
    with administrator(database) as cursor:
        cursor.execute(f"SET search_path = {schema}")
        cursor.execute(FUNCTIONS)
        cursor.execute(statement, values)
        cursor.execute("ANALYZE")
