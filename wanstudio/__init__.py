"""Wan Studio: a character and a clip of motion become a video, at a price known before the click.

docs/architecture.md names the rooms and their import rules, which `tests/test_architecture.py` asserts.
"""

# As pyproject.toml has it, which an image does not have.
__version__ = "0.7.0"
