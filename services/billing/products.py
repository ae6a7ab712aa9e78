"""What is for sale: a projection of catalog's courses, newest version wins."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.billing.models import Price, Product
from shared import audit
from shared.audit import Origin
from shared.currencies import CURRENCIES, charge_fault
from shared.errors import Conflict, Invalid
from shared.events import CourseArchived
from shared.events.catalog import CourseEvent
from shared.preconditions import Expected


class CourseNotForSale(Conflict):
    slug, title = "course-not-for-sale", "This course is not for sale"
    detail = "It is not published, or it was archived. Look it up with GET /api/v1/courses/{id}."


class PriceNotChargeable(Conflict):
    slug, title = "price-not-chargeable", "This price cannot be charged"
    detail = (
        "The payment provider does not take such an amount. Tell the instructor or support; trying again is no use."
    )


class PriceOfCatalog(Conflict):
    slug, title = "price-of-catalog", "The price in this currency is the course's own"
    detail = "Change it with PATCH /api/v1/courses/{id}; a price here would not be used."


class CourseIsFree(Conflict):
    slug, title = "course-is-free", "This course costs nothing"
    detail = "There is nothing to pay. Enroll with POST /api/v1/enrollments."


@dataclass(frozen=True)
class CurrencyPrice:
    """What a course costs in a currency beside the one of its catalog price; minor units."""

    course_id: UUID
    currency: str
    amount: int


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


def find_price(session: Session, product: Product, currency: str | None) -> tuple[int, str]:
    """The amount in minor units and its currency; the catalog's when none is asked for. Raises Invalid and, for a price
    from before the rules for prices, PriceNotChargeable."""
    amount, currency = _find_listed(session, product, currency)
    if charge_fault(amount, currency):
        raise PriceNotChargeable
    return amount, currency


def _find_listed(session: Session, product: Product, currency: str | None) -> tuple[int, str]:
    if currency in (None, product.price_currency):
        return product.price_amount, product.price_currency
    price = session.get(Price, (product.course_id, currency))
    if price is None:
        raise Invalid("currency", f"is none that this course is sold in; leave it out for {product.price_currency}")
    return price.amount, price.currency


def list_prices(session: Session, course_id: UUID) -> list[Price]:
    """The course's prices beside the catalog's. One in the currency that the catalog has changed to is not used."""
    own = select(Product.price_currency).where(Product.course_id == course_id).scalar_subquery()
    used = (Price.course_id == course_id, Price.currency.is_distinct_from(own))
    return list(session.scalars(select(Price).where(*used).order_by(Price.currency)))


def set_price(session: Session, wanted: CurrencyPrice, expected: Expected, origin: Origin) -> Price:
    """The price, new or changed; open orders keep theirs. Raises CourseNotForSale, CourseIsFree and PriceOfCatalog for
    a price that would not be used, Invalid for one that cannot be charged, PreconditionRequired and PreconditionFailed
    for a change of a price that is there."""
    if wanted.currency not in CURRENCIES:
        raise Invalid("currency", "is not a currency that can be charged")
    if fault := charge_fault(wanted.amount, wanted.currency):
        raise Invalid("amount", fault)
    # Locked, so that of two who set the first price the second sees the first.
    session.get(Product, wanted.course_id, with_for_update=True)
    product = get_product_for_sale(session, wanted.course_id)
    if product.price_currency == wanted.currency:
        raise PriceOfCatalog
    price = session.get(Price, (wanted.course_id, wanted.currency), populate_existing=True)
    if price is None:
        price = Price(**vars(wanted), version=1)
        session.add(price)
    else:
        expected.check(price.version)
        price.amount = wanted.amount
        price.version += 1
    details = {"currency": wanted.currency, "amount": wanted.amount}
    audit.record(session, origin, "price.set", wanted.course_id, **details)
    return price
