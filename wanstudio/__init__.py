"""Wan Studio: a character and a clip of motion become a video, at a price known before the click.

The arrow:

    browser → views → models (+ pricing, preflight) ⇒ job row ⇒ worker → provider, media → storage

The double arrow is the row: web and worker talk through the database only.

The one import rule: a module imports only what stands to its right. Models import neither worker nor
provider client nor views; provider, media and sandbox import nothing of ours above them; views never call
the provider. `tests/test_architecture.py` asserts it.
"""
