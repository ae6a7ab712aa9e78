"""What make advisories makes of pip-audit's answers; in its place stands a script that gives them."""

import json
from pathlib import Path
from typing import Any

import pytest

from ops.checks import advisories

FLAW = {"id": "CVE-2025-43859", "fix_versions": ["0.16.0"]}
VULNERABLE = {"name": "h11", "version": "0.14.0", "vulns": [FLAW]}
GOOD = {"name": "orjson", "version": "3.0", "vulns": []}
UNKNOWN = {"name": "orjson", "skip_reason": "Dependency not found on PyPI"}


def audit(folder: Path, first: Any, then: Any) -> str:
    """A pip-audit that answers the question about the known package and those about the lock files."""
    script = folder / "pip-audit"
    first, then = (json.dumps({"dependencies": packages}) for packages in (first, then))
    question = "for file; do :; done; if grep -q '^h11==0.14.0$' $file"
    script.write_text(f"#!/bin/sh\n{question}; then echo '{first}'; else echo '{then}'; fi\n")
    script.chmod(0o700)
    return str(script)


def test_a_database_that_does_not_answer_is_no_good_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert advisories.main(audit(tmp_path, [UNKNOWN], [GOOD])) == 0
    assert "NOT ASKED" in capsys.readouterr().out
    assert advisories.main("/bin/false") == 0
    assert "NOT ASKED" in capsys.readouterr().out


def test_a_known_vulnerability_is_named_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert advisories.main(audit(tmp_path, [VULNERABLE], [GOOD, VULNERABLE])) == 1
    assert "h11 0.14.0: CVE-2025-43859, mended in ['0.16.0']" in capsys.readouterr().out


def test_packages_that_all_are_answered_about_pass_and_a_skipped_one_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert advisories.main(audit(tmp_path, [VULNERABLE], [GOOD])) == 0
    assert "NOT ASKED" not in capsys.readouterr().out
    assert advisories.main(audit(tmp_path, [VULNERABLE], [GOOD, UNKNOWN])) == 0
    assert "NOT ASKED: about orjson" in capsys.readouterr().out


def test_an_answer_that_breaks_off_after_the_first_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert advisories.main(audit(tmp_path, [VULNERABLE], [])) == 0
    assert "NOT ASKED: about any of it" in capsys.readouterr().out
