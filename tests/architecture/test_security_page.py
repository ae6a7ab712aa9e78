"""docs/security.md names tests as its proofs: each of them must be there."""

import re

from tests.architecture.tree import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text()
NAMED = set(re.findall(r"`((?:[a-z0-9_]+/)+test_[a-z0-9_]+\.py)`", PAGE))


def test_every_proof_that_the_page_names_is_there() -> None:
    assert [name for name in sorted(NAMED) if not (ROOT / name).is_file()] == []


def test_every_line_of_the_tables_of_threats_and_requirements_has_a_proof() -> None:
    threats = PAGE[PAGE.index("## Threats per service") : PAGE.index("## Keys and secrets")]
    requirements = PAGE[PAGE.index("## OWASP ASVS") :]
    rows = re.findall(r"^\| (?!threat|section|answer|class of defect)[^|-].*$", threats + requirements, re.MULTILINE)
    assert [row for row in rows if not re.search(r"test_[a-z0-9_]+\.py", row) and not row.startswith("| |")] == []
