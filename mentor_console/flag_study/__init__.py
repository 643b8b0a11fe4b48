"""Reading public data sets and measuring the rules on them; needs the extra `train`.

The console never imports this package: what it learns here reaches it as numbers in flags/thresholds.py.
"""
