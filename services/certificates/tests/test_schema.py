import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from services.certificates.models import Base
from services.certificates.tests.school import School
from shared.testing.schema import assert_models_match_migrations


def test_models_and_migrations_agree(school: School) -> None:
    assert_models_match_migrations(school.harness, Base.metadata)


@pytest.mark.parametrize("statement", ["DELETE FROM decisions", "UPDATE decisions SET reason = 'none'"])
def test_the_service_cannot_rewrite_its_audit_trail(school: School, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), school.harness.database.begin() as session:
        session.execute(text(statement))
