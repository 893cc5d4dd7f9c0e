"""Backups of a running studio, and their restore."""
