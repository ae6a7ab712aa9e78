"""The slot of routes that make documents; by itself, since ReportLab is loaded by the first who prints."""

from shared.slots import Slot

# One prints (lines.PRESS) while another reads what it prints, or stores it.
PRINTING = Slot("documents", size=2, queue=32, share=8, wait_seconds=5.0)
