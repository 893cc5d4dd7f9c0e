"""The sample pictures and the sample clip, drawn by Pillow alone: flat figures with a soft light.

scenes.py composes the files of static/samples/ from figure.py (a posed body), heads.py and scenery.py; paint.py is
the brush they share, film.py writes the clip. `python -m tools.samples` draws them all anew.
"""
