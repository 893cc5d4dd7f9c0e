"""Moves jobs: one step of one row at a time, whoever calls.

loop.py        finds what is due and calls advance, in threads
advance.py     claims a row and picks the step that its state asks for
submit.py      sends a job: inputs.py looks at what is sent, follow.py does what the answer demands
line.py        whose turn it is; holds.py: what holds everybody back
settle.py      finds out what became of a submission that nobody knows about
adopt.py       gives a task that its job went on without a job of its own
check.py       asks how far the task is
archive.py     brings the result home
alarms.py      tells the owner about a trouble
errands.py     the steps of everything else; sweep.py deletes what nobody needs
tasks.py       the same advance, called by Celery; presence.py tells that its worker lives
database.py    what was learned is written, although the database was restarted meanwhile
connection.py  the way to the provider; waits.py knows how long to wait for what
"""
