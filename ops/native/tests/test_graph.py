"""The order in which steps run."""

from functools import partial

import pytest

from ops.native.graph import Step, run


def test_step_waits_for_what_it_needs() -> None:
    done: list[str] = []
    needs = {"b": ("a",), "c": ("b",), "a": ()}
    run([Step(name, partial(done.append, name), after) for name, after in needs.items()], lambda name, seconds: None)
    assert done == ["a", "b", "c"]


def test_name_outside_the_run_counts_as_done() -> None:
    done: list[str] = []
    run([Step("b", lambda: done.append("b"), ("elsewhere",))], lambda name, seconds: None)
    assert done == ["b"]


def test_error_stops_what_needs_the_failed_step() -> None:
    done: list[str] = []

    def fail() -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        run([Step("a", fail), Step("b", lambda: done.append("b"), ("a",))], lambda name, seconds: None)
    assert done == []


def test_circle_is_refused() -> None:
    with pytest.raises(ValueError, match="wait for each other"):
        run([Step("a", lambda: None, ("b",)), Step("b", lambda: None, ("a",))], lambda name, seconds: None)
