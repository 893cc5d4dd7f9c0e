"""Storage of the media: on the disk, or in a bucket with the disk as its cache; and the client of every bucket."""
