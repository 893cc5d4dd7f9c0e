"""The studio for scripts: JSON at `/api/v1/`, by the forms, verbs and caps of the pages.

doors.py     the routes       shapes.py    what goes in and out       problems.py  what went wrong (RFC 9457)
tokens.py    who asks         making.py    a job, once a key          lists.py     a page of rows and where it goes on
"""
