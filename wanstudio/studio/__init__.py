"""The studio: the page where a video is ordered, its price card, and the click on Generate. It has no tables."""
