"""Paths as they may be written down: without tokens and signatures."""

from typing import Any

# Shorter ones are words that anybody knows, such as the sandbox's key, and appear in honest messages.
SHORTEST_SECRET = 8


def public_path(request: Any) -> str:
    """The path as it may be written down: ids stay, tokens and signatures do not.

    What a route captures as text is a token in this studio, or a name that nobody needs in a log.
    """
    path = str(request.path)
    match = getattr(request, "resolver_match", None)
    if match is None:
        # Nobody knows what it was meant to be: a token without its last slash, perhaps.
        return "/".join(part if len(part) < SHORTEST_SECRET * 2 else "…" for part in path.split("/"))
    for value in (*match.args, *match.kwargs.values()):
        if isinstance(value, str) and value:
            path = path.replace(value, "…")
    return path
