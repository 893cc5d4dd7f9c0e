"""Backups of a running studio, and the way back from one.

backup.py, restore.py     the two verbs       snapshot.py          the layout on the disk
sqlite.py, postgres.py    the databases       restore_safety.py    nothing restored is paid for twice
media_files.py            the media           file_copies.py       copies that survive a power cut
"""
