"""Pictures and clips: fetched without trusting their address, measured without trusting their content, served in parts.

    targets → exchange → fetch → remote_file   bytes from a URL that a person gave
    movie → fragments → probe                  what a clip is, how long, how large
    pictures                                   the decoders, kept at arm's length; posters
    ranged                                     files to browsers, whole or in part

Nothing in here knows our tables, and nothing imports a room above. All failures that can be expected are a
`FetchError` or a `MediaError` (errors.py), whose sentence may be shown to a person as it stands.
"""
