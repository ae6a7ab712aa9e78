"""Tests of the native runner's parts; none needs a server."""
