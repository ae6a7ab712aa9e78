"""I7: one certificate per completion, and its file is still what was promised."""

from hashlib import sha256

from ops.faults.oracle.evidence import Evidence

COMPLETED_WITHOUT_CERTIFICATE = """
    SELECT 'learner ' || e.user_id || ' completed course ' || e.course_id || ' and has ' || count(c.id)
           || ' certificates'
    FROM catalog.course_completions d JOIN catalog.enrollments e ON e.id = d.enrollment_id
    LEFT JOIN certificates.certificates c ON c.user_id = e.user_id AND c.course_id = e.course_id
    GROUP BY e.user_id, e.course_id HAVING count(c.id) <> 1
"""
CERTIFICATE_WITHOUT_COMPLETION = """
    SELECT 'certificate ' || c.id || ' is for a course that was not completed'
    FROM certificates.certificates c WHERE NOT EXISTS (
        SELECT 1 FROM catalog.course_completions d JOIN catalog.enrollments e ON e.id = d.enrollment_id
        WHERE e.user_id = c.user_id AND e.course_id = c.course_id)
"""
PRINTED = "SELECT id::text, pdf_key, pdf_sha256 FROM certificates.certificates WHERE pdf_key IS NOT NULL"


async def completed_without_one_certificate(evidence: Evidence) -> list[str]:
    """I7."""
    found = await evidence.words(COMPLETED_WITHOUT_CERTIFICATE) + await evidence.words(CERTIFICATE_WITHOUT_COMPLETION)
    for certificate, key, digest in await evidence.books.rows(PRINTED):
        path = evidence.files / key
        if not path.exists():
            found.append(f"the file of certificate {certificate} is missing")
        elif sha256(path.read_bytes()).hexdigest() != digest:
            found.append(f"the file of certificate {certificate} is not what was promised")
    return found
