"""APIXO's Wan 2.2 Animate over HTTP. Knows none of our tables and imports nothing of ours above it.

messages.py   what is sent and what comes back, as frozen dataclasses
failures.py   what an answer, or its absence, means: the one table that decides about money
sentences.py  every failure as one sentence of cause and one next step, for people
wire.py       one request on one fresh connection, and whether a byte of it was written
client.py     the three calls: generate, status, balance
"""
