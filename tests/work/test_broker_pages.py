"""Pages on PostgreSQL: few connections, and no text that it cannot store."""

import pytest
from django.db import connection
from django.test import Client

from tests import factories
from wanstudio.accounts.models import User
from wanstudio.jobs.models.job import Job
from wanstudio.teams.models import Team


@pytest.mark.django_db(transaction=True)
def test_file_is_sent_without_a_database_connection(team: Team, alice: User) -> None:
    source = factories.character(team, alice)
    client = Client()
    client.force_login(alice)
    answer = client.get(f"/uploads/{source.pk}/file")
    assert answer.status_code == 200
    if connection.vendor == "postgresql":
        assert connection.connection is None, "a slow reader would keep it for an hour"
    assert answer.getvalue() == b"picture"


@pytest.mark.django_db(transaction=True)
def test_nul_in_a_request_is_no_server_error(team: Team, alice: User) -> None:
    job = factories.job(team, alice)
    client = Client()
    client.force_login(alice)
    assert client.get("/videos/?q=walk%00ing").status_code == 200
    assert client.get("/jobs/?before=%00&only=%00").status_code == 200
    answer = client.post(f"/jobs/{job.pk}/rename/", {"title": "Mi\0ra"})
    assert answer.status_code in (200, 302, 303, 400)
    assert Job.objects.get().title
