"""Measurements. Speeds live here and never in a test: the machine is shared, so they are told as ratios of one run."""
