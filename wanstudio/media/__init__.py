"""Pictures and clips: fetched without trusting their address, measured without trusting their content, served in parts.

    targets → exchange → fetch         bytes from a URL that a person gave
    boxes → movie, fragments → probe   what a file is, how long, how large
    pictures, frames → poster          the decoders, kept at arm's length
    ranged                             files to browsers, whole or in part

Nothing in here knows our tables, and nothing imports a room above. All failures that can be expected are a
`FetchError` or a `MediaError` (errors.py), whose sentence may be shown to a person as it stands.
"""
