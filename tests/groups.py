"""What runs beside what: the groups of pytest-xdist, each of which one of the suite's processes runs in turn."""

import pytest

# Where times are asserted, or where a busy machine looks like a fault.
TIMED = "timed"
timed = pytest.mark.xdist_group(TIMED)
