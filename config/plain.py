"""httpx and structlog, loaded first of all and without the library that draws on terminals.

Both load it wherever it is installed, and here it is, for `up`: a twelfth of all that a process computes until it
serves, and nothing that any of them does with it is asked for.
"""

import sys

# What is None here is as if it were not installed.
_left_out = {"click", "pygments", "rich"} - sys.modules.keys()
sys.modules.update(dict.fromkeys(_left_out))  # type: ignore[arg-type]
try:
    import httpx  # noqa: F401
    import structlog  # noqa: F401
finally:
    for _name in _left_out:
        del sys.modules[_name]
