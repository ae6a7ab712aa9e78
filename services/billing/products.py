"""What is for sale: a projection of catalog's courses, newest version wins."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.billing.models import Product
from shared.errors import Conflict
from shared.events import CourseArchived
from shared.events.catalog import CourseEvent


class CourseNotForSale(Conflict):
    slug, title = "course-not-for-sale", "This course is not for sale"
    detail = "It is not published, or it was archived. Look it up with GET /api/v1/courses/{id}."


class CourseIsFree(Conflict):
    slug, title = "course-is-free", "This course costs nothing"
    detail = "There is nothing to pay. Enroll with POST /api/v1/enrollments."


def project_course(session: Session, course: CourseEvent) -> None:
    """Takes over title and price of a newer version; an older one changes nothing."""
    values = {
        "version": course.version,
        "title": course.title,
        "price_amount": course.price_amount,
        "price_currency": course.price_currency.upper(),
        "instructor_id": course.instructor_id,
        "published": not isinstance(course, CourseArchived),
    }
    statement = insert(Product).values(course_id=course.course_id, **values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[Product.course_id], set_=values, where=Product.version < course.version
        )
    )


def get_product_for_sale(session: Session, course_id: UUID) -> Product:
    """The product. Raises CourseNotForSale unless it is published, CourseIsFree when there is nothing to pay."""
    product = session.get(Product, course_id)
    if product is None or not product.published:
        raise CourseNotForSale
    if product.price_amount <= 0:
        raise CourseIsFree
    return product
