"""Health of the studio in a container: exit code 0 if it answers `/healthz`. No proxy of the environment is asked."""

import http.client
import os
import sys


def main() -> None:
    line = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT") or 8000), timeout=4)
    try:
        line.request("GET", "/healthz")
        sys.exit(line.getresponse().status != 200)
    except OSError as wrong:
        sys.exit(f"The studio does not answer: {wrong}")


if __name__ == "__main__":
    main()
