"""Providers of videos, one folder each. Knows none of our tables and imports nothing of ours but media's exchanges."""
