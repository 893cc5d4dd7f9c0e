"""APIXO's Wan 2.2 Animate over HTTP."""
