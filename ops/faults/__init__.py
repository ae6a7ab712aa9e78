"""Fault drills: breaks the running platform on purpose and proves with SQL that nothing was lost or done twice."""
