"""Any name on paper: each character from the first font that has it, Arabic joined, Hebrew and Arabic from the right.

Import it where something is printed, not at start: ReportLab costs 20 MB and a third of a second.
"""
