"""The short form of the soak; ten minutes of it are `make soak`."""

import pytest

from tests.crash import soak


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seconds", [60, pytest.param(600, marks=pytest.mark.long)])
def test_an_installation_under_faults_loses_and_doubles_nothing(seconds: float) -> None:
    """FA-01, FA-04, FA-05, FA-06, FA-08: every process, both servers and the relay fail at random."""
    count = soak.run(seconds=seconds, seed=11)
    assert count.is_good, count.table()
    assert count.answers > 10
