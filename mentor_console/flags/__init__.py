"""The rules that say who may need a mentor, and why: pure functions on frozen facts, standard library
only.

facts -> cohort -> indicators -> standing and rules -> findings -> ranking and explanation.
`assessment.evaluate` composes them. Nothing here reads a clock, a database or the network; `now` is always
passed in.
"""
