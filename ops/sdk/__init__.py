"""Clients generated from gateway/static/openapi.json into var/sdk: built when wanted, never committed."""
