"""Rows of a studio that has been used for years: words, jobs, what follows from each, and the people."""
