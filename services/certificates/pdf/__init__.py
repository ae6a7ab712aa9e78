"""The diploma as a PDF: the only room that knows ReportLab and segno.

Import it where something is printed, not at start: it costs 20 MB and a third of a second.
"""
