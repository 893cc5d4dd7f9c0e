"""Text in a CSV file: a spreadsheet must show it, and never run it."""

STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe(text: str) -> str:
    """The text with an apostrophe before it if a spreadsheet would take it for a formula, and without line breaks."""
    flat = " ".join(text.splitlines()) if text.splitlines() else ""
    return f"'{flat}" if flat.lstrip().startswith(STARTS_A_FORMULA) or text.startswith(STARTS_A_FORMULA) else flat
