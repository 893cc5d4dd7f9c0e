"""Words of the usage page's plots."""

PLOT_TITLES = ("By person", "By behaviour", "By resolution")
# With more people than colours, the last one is for all others.
OTHERS = "Others"
THIS_WEEK = "now"
