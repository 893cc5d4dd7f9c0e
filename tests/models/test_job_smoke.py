import pytest
from tests import factories
from wanstudio.models import *
from wanstudio.models import Stale
pytestmark = pytest.mark.django_db(transaction=True)
def test_claim(team, alice):
    job = factories.job(team, alice)
    a = Job.claim(job.pk); assert a
    assert Job.claim(job.pk) is None
    at = a.begin_submitting(callback=True)
    assert a.may_write()
    from datetime import timedelta
    a.mark_running("t1", timedelta(0), callback=True, usual=(1,2,3))
    a.release()
    assert Attempt.by_token(at.callback_token) == at
    b = Job.claim(job.pk); assert b is not None
    b.release(); 
    k = ProviderKey.at("sandbox"); k.throttle(timedelta(seconds=5)); assert ProviderKey.opens_at("sandbox")
    k.throttle(timedelta(seconds=1)); 
