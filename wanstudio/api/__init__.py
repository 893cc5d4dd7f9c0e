"""The API for scripts: JSON at `/api/v1/`, with the forms, verbs and caps of the pages.

endpoints.py  the routes          shapes.py        what goes in and out     problems.py  RFC 9457
authentication.py  by token       job_creation.py  a quote; a job, once a key
"""
