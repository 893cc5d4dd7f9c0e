"""Pictures and clips: fetched without trusting their address, measured without trusting their content, served in parts.

    targets → exchange → fetch → remote_file   bytes from a URL that a person gave
    isolated → templates → decoder_process     every foreign file is read in a separate process, with limits
    movie → fragments → probe                  in there: what a clip is, how long, how large
    cutting                                    in there: parts of clips, previews, and what is sent as MP4
    pictures                                   in there: the restricted decoders; posters
    ranged                                     files to browsers, whole or in part

Nothing in here knows our tables, and nothing imports a room above. All failures that can be expected are a `FetchError`
or a `MediaError` (errors.py), whose sentence can be shown to a person unchanged.
"""
