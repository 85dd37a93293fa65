"""The tests.  `tests/fixtures` holds real mail bytes, `tests/support.py` what several folders need."""
