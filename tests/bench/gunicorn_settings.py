"""How both tools are served in the comparison of launches: one process with four threads.

What exists at the start is spared the collector of garbage for both, as `ementor serve` does.
"""

import gc

worker_class = "gthread"
workers = 1
threads = 4
keepalive = 15
loglevel = "warning"
control_socket_disable = True


def post_worker_init(_worker: object) -> None:
    """Before the first request."""
    gc.collect()
    gc.freeze()
