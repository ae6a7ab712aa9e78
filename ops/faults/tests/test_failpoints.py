"""Failpoints: what FAILPOINTS may say, and what a process does then."""

import signal
import subprocess
import sys

import pytest

from shared.failpoints import Failpoint, armed_by, parse_failpoints

REACH_THREE_TIMES = """
from shared import failpoints
for number in range(3):
    try:
        failpoints.reach("border")
        print("passed", flush=True)
    except failpoints.FailpointReached:
        print("raised", flush=True)
"""


def reach_three_times(order: str, environment: str = "development") -> subprocess.CompletedProcess[str]:
    variables = {"FAILPOINTS": order, "ENVIRONMENT": environment}
    return subprocess.run(
        [sys.executable, "-c", REACH_THREE_TIMES], env=variables, capture_output=True, text=True, check=False
    )


def test_nothing_is_armed_by_an_empty_order() -> None:
    assert parse_failpoints("") == {}
    assert armed_by({}) == {}


def test_each_action_is_understood_with_its_number() -> None:
    assert parse_failpoints("a:kill, b:raise:2,c:sleep=0.5") == {
        "a": Failpoint("kill"),
        "b": Failpoint("raise", times=2),
        "c": Failpoint("sleep", 0.5),
    }


@pytest.mark.parametrize(
    "order", ["a", "a:explode", ":kill", "a:sleep", "a:kill=3", "a:raise:0", "a:raise:often", "a:sleep=long"]
)
def test_an_order_that_makes_no_sense_is_refused(order: str) -> None:
    with pytest.raises(ValueError, match=r"FAILPOINTS|float"):
        parse_failpoints(order)


def test_production_does_not_start_with_failpoints() -> None:
    with pytest.raises(RuntimeError, match="production"):
        armed_by({"FAILPOINTS": "a:kill", "ENVIRONMENT": "production"})
    assert reach_three_times("border:raise", "production").returncode == 1


def test_a_border_that_is_not_named_is_passed() -> None:
    assert reach_three_times("other:kill").stdout.split() == ["passed"] * 3


def test_raise_acts_so_many_times_and_then_no_more() -> None:
    assert reach_three_times("border:raise:2").stdout.split() == ["raised", "raised", "passed"]


def test_kill_ends_the_process_at_that_reach_and_leaves_a_line_in_its_log() -> None:
    ended = reach_three_times("border:kill:2")
    assert ended.returncode == -signal.SIGKILL
    assert ended.stdout.split() == ["passed"]
    assert ended.stderr == "failpoint border: kill\n"


def test_sleep_delays_and_goes_on() -> None:
    assert reach_three_times("border:sleep=0.01").stdout.split() == ["passed"] * 3
