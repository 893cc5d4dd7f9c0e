"""Providers of videos. Knows none of our tables and imports nothing of ours but media's exchanges.

base.py       what a provider is: description with prices, client, failure words
calls.py      the calls and their named outcomes
providers.py  the providers there are, one line each
apixo/        APIXO
sandbox/      the stand-in for it: a server on loopback that bills nothing
"""
