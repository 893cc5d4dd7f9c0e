"""The bridge: uploads reach a provider through a bucket, where the studio has no public address."""
