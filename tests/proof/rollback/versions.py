"""Versions of the studio by their commits: a clone need not have tags, and a shallow one has none of them."""

FIRST = "first"
COMMITS = {
    # The first commit whose tables are those of the first migration as it is today.
    FIRST: "40b8e73",
    # The one that wrote tests/upgrade/first_version.sql.gz.
    "0.1.0": "44f7b49",
    "0.2.0": "16ebc67",
    "0.3.0": "9986a35",
    "0.4.0": "b29bb1d",
    "0.5.0": "422bb2b",
    "0.6.0": "a60ca39",
}
NEWEST = list(COMMITS)[-1]
# In the order in which they are brought about: each job is in its state while the next one is sent.
STATES = ("archiving", "submitting", "queued")
DATABASES = ("sqlite", "postgres")
SHALLOW = "this clone is shallow: version {} is not in it"


def runs_on(version: str) -> tuple[str, ...]:
    """The databases that this version knows."""
    return DATABASES if version != FIRST else DATABASES[:1]
