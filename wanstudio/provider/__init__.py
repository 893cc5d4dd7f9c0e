"""Providers of videos. Knows none of our tables and imports nothing of ours but media's exchanges.

base.py       what a provider is: description, client, failure words
calls.py      the calls and their named outcomes
prices.py     dollars a second, each from a day on
providers.py  the providers there are, one line each
apixo/        APIXO
sandbox/      the stand-in for it: a server on loopback that bills nothing
"""
