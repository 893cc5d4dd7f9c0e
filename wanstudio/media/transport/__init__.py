"""HTTP/1.1 to addresses that were checked: the one transport under every fetch, webhook and call to a provider.

    targets → public_addresses → connections → exchange      deadlines under all of them

Every request has a connection of its own, dialled at the checked address itself; no redirect is followed, and nothing
is taken from the environment. One deadline is over everything that happens on it. http.client, and not requests: it
brings no cookies, proxies, .netrc, redirects or decompression that would have to be switched off again.
"""
