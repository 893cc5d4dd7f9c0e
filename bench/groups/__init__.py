"""Groups of figures: each module has a function `figures(rig)`; see `bench/__main__.py`."""
