"""Backups of a running studio, and the way back from one."""
