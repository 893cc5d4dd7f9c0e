"""One request over a connection of its own, dialled at addresses that were checked."""

import http.client
import ssl
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cache

import certifi

from .errors import unreachable
from .links import Target
from .wire import Patience, Wire, dial, secure

# A server that drips its headers holds nobody for longer, whatever the body may take.
HEAD_S = 60.0


def ask(
    method: str,
    target: Target,
    headers: Mapping[str, str],
    body: bytes | None,
    patience: Patience,
    addresses: Sequence[str],
    *,
    stack: ExitStack,
    tls: ssl.SSLContext | None,
) -> http.client.HTTPResponse:
    """Sends it to one of these addresses and to nobody else. `stack` closes the connection; `tls` None: the usual one.

    Raises FetchError if no answer's head came in time.
    """
    connection = http.client.HTTPConnection(target.host, target.port)
    stack.enter_context(hurry := ExitStack())
    hurry.enter_context(patience.within(HEAD_S))
    try:
        sock = stack.enter_context(dial(addresses, target.port, patience))
        if target.scheme == "https":
            sock = stack.enter_context(secure(sock, target.host, tls or _usual_tls(), patience))
        # A connection that has a socket does not dial: nobody resolves the name a second time.
        connection.sock = Wire(sock, patience)
        connection.request(method, target.path, body=body, headers=dict(headers))
        response = stack.enter_context(connection.getresponse())
        hurry.close()
        return response
    except ssl.SSLCertVerificationError:
        raise unreachable("The server's certificate is not valid for this link. Use another link.") from None
    except TimeoutError:
        patience.left()
        raise unreachable("The server behind this link does not answer. Try again later.") from None
    except OSError:
        raise unreachable("The server behind this link cannot be reached. Check the link, or try later.") from None
    except http.client.HTTPException:
        raise unreachable("The server behind this link gave no understandable answer. Use another link.") from None


@cache
def _usual_tls() -> ssl.SSLContext:
    # The system's authorities, an intranet's own among them, and certifi's for a system that has none.
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
