"""Whatever comes in is taken or refused. The same values each time; `make fuzz` goes on from there."""

import pytest

from tests.fuzz.hunting import hunt
from tests.fuzz.readers import READERS, Reader

SEED = 7
VALUES = 60


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_no_bytes_bring_a_reader_down(reader: Reader) -> None:
    found = hunt(reader, SEED, VALUES)
    assert not found.defect, found.defect
    assert found.tried >= VALUES / 3, "the hunt has come to something"
