"""APIXO's Wan 2.2 Animate over HTTP.

description.py     the model, its prices, limits, intervals and failure words: the one place for them
client.py          the three calls: submit, status, balance
messages.py        what is sent and what comes back
outcomes.py        what an answer, or its absence, means: the one table that decides about money
"""
