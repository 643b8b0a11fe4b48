"""The door (LTI 1.3 launch, session) and the composition root (app, CLI, worker, migrations).

The only package that may import both others; nothing imports it.
"""
