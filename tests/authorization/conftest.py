from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from tests.authorization.operations import Operations, operations_of
from tests.authorization.policy import Policy, read_policy
from tests.authorization.stage import Stage, running_stage
from tests.authorization.world import World


@pytest.fixture(scope="package")
def stage(testrun_uid: str, worker_id: str) -> Iterator[Stage]:
    with running_stage(f"{testrun_uid[:8]}_{worker_id}_doors") as stage:
        yield stage


@pytest.fixture(scope="package")
def world(stage: Stage) -> World:
    return World(stage)


@pytest.fixture(scope="session")
def operations(apis: dict[str, FastAPI]) -> Operations:
    return operations_of(apis)


@pytest.fixture(scope="session")
def policy() -> Policy:
    return read_policy()
