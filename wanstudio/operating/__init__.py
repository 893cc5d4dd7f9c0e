"""What keeps a studio alive besides its own work: backup, restore, sweeps, and how it is at a glance.

files.py       copying, hashing, and writing so that a power cut takes nothing back
snapshot.py    what a backup looks like on the disk
sqlite.py      a consistent copy of the database and its return; postgres.py the same
media.py       the files that rows name
backup.py      joins these into a backup; restore.py verifies one and brings it back
safe.py        what has to be true of a restored database before it may spend money
status.py      the figures, and what needs attention
"""
