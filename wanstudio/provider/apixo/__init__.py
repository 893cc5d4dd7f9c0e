"""APIXO's Wan 2.2 Animate over HTTP.

description.py     the model, its prices, limits and intervals: the one place where they are written down
client.py          the three calls: submit, status, balance
messages.py        what is sent and what comes back
outcomes.py        what an answer, or its absence, means: the one table that decides about money
failure_words.py   every failure as one sentence of cause and one next step, for people
"""
