"""Moves jobs: one step of one row at a time, whoever calls.

`loop.py` finds what is due, `advance.py` claims it and picks the step; `submit.py`, `check.py` and `archive.py`
are a job's steps, `errands.py` those of everything else.
"""
