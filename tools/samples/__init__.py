"""How the sample pictures and the sample clip are drawn: flat figures with a soft light, by Pillow alone.

`samples.py` composes the files in `static/samples/` from `figure.py` (a posed body), `heads.py` and
`scenery.py`; `paint.py` is the brush they share. `manage.py drawsamples` writes them.
"""
