"""The monolith that this platform replaces, as the reference of the measurements. See README.md."""
