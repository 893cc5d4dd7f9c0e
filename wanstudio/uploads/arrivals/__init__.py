"""Arrivals: files that come in pieces, files that are here already, and the room that a team has for them."""
