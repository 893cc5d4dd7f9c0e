"""The browser's edge. A view fetches through `access`, validates a form, calls one verb, and renders or redirects."""
