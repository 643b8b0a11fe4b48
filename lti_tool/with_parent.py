"""`python -m lti_tool.with_parent PARENT MODULE ...`: run a module that ends when the process PARENT does.

For the parts of the demo: whoever kills the demo outright leaves nothing listening. Linux only; elsewhere the
module simply runs.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import sys

_PR_SET_PDEATHSIG = 1
"""prctl(2): the signal this process gets when the thread that started it ends."""


def main(arguments: list[str]) -> None:
    """Tie this process to its parent and become the module."""
    parent_id, module = int(arguments[0]), arguments[1]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent_id:  # it ended before we asked to be told
            sys.exit(1)
    sys.argv = [module, *arguments[2:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
