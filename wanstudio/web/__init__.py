"""Requests and answers: who is asking, what every page has, and how files are served. Knows no noun."""
