"""How both tools are served in the comparison of launches: one process with four threads."""

worker_class = "gthread"
workers = 1
threads = 4
keepalive = 15
loglevel = "warning"
control_socket_disable = True
