"""Loops of a crew are woken as they are needed."""

import threading
from collections.abc import Iterator

import pytest

from shared.loops import Crew, Loop
from shared.testing.waiting import wait_until


class Work:
    """Things to do that each take until they are let go."""

    def __init__(self) -> None:
        self.open = 0
        self.looks = 0
        self.busy = 0
        self.lock = threading.Lock()
        self.let_go = threading.Event()
        self.crew = Crew()

    def step(self) -> bool:
        with self.lock:
            self.looks += 1
            found = self.open > 0
            self.open -= found
            self.busy += found
        if found:
            self.crew.wake()
            self.let_go.wait(10)
            self.busy -= 1
        return found


@pytest.fixture
def work() -> Iterator[Work]:
    work = Work()
    work.crew.loops = [Loop(f"loop-{number}", work.step, idle=60) for number in range(4)]
    for loop in work.crew.loops:
        loop.start()
    wait_until(lambda: all(loop.rests() for loop in work.crew.loops), what="all rest")
    yield work
    work.let_go.set()
    for loop in work.crew.loops:
        loop.stop()
    assert all(loop.join(5) for loop in work.crew.loops)


def test_one_thing_wakes_one_and_the_next_who_finds_nothing(work: Work) -> None:
    before = work.looks
    work.open = 1
    work.crew.wake()
    wait_until(lambda: work.busy == 1 and work.looks == before + 2, what="one works, one has looked")
    assert sum(loop.rests() for loop in work.crew.loops) >= 2


def test_a_burst_has_all_of_them_by_one_word(work: Work) -> None:
    work.open = 9
    work.crew.wake()
    wait_until(lambda: work.busy == 4, what="all work")
    work.let_go.set()
    wait_until(lambda: work.open == 0 and work.busy == 0, what="all is done")


def test_a_word_while_all_are_busy_is_not_lost(work: Work) -> None:
    work.open = 4
    work.crew.wake()
    wait_until(lambda: work.busy == 4, what="all work")
    work.open = 1
    work.crew.wake()
    work.let_go.set()
    wait_until(lambda: work.open == 0 and work.busy == 0, what="the fifth is done")
