"""`manage.py web`: the web server alone, as `run` starts it, or on a separate machine."""

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.urls import get_resolver

from wanstudio.operations import startup
from wanstudio.operations.health import StudioCommand
from wanstudio.operations.web_server import listen, serve


class Command(StudioCommand):
    help = "Serves the pages and the API at HOST and PORT. Stops within 10 s of SIGTERM."

    def handle(self, *args: object, **options: object) -> None:
        startup.require_safe()
        listener = listen(settings.HOST, settings.PORT)
        application = get_wsgi_application()
        # Loaded once, for all processes.
        _ = get_resolver().url_patterns
        connection.close()
        serve(listener, application)
