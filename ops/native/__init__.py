"""Runs the whole platform as plain processes of this machine, in one directory, beside whatever else runs there."""
