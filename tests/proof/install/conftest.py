"""Which ways to install `make proof` leaves to `make proof-install`: they need root, and take minutes."""

from tests.needs import WHOLE

collect_ignore = [] if WHOLE else ["test_image.py", "test_server.py"]
