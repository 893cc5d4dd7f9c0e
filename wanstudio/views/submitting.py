"""The click on Generate: one form, one job, at the price that was shown."""

from decimal import Decimal

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from wanstudio.addresses import is_reachable
from wanstudio.forms.job import JobForm
from wanstudio.models import Job, Source, Team
from wanstudio.pricing import Quote
from wanstudio.quoting import quote_today
from wanstudio.roles import Act
from wanstudio.views import access
from wanstudio.views.price_card import UNREACHABLE
from wanstudio.views.studio import show_form


def create(request: HttpRequest) -> HttpResponse:
    """303 to the job; or the form again: 422 with sentences, 409 with a changed price, 200 with the first one."""
    team = access.team_in(request, Act.MAKE)
    form = JobForm(request.POST, request.FILES, sources=access.sources(request, team))
    if job := _same_form(form, team):
        return redirect("jobs.show", job.pk)
    if form.is_valid():
        refuse_unreachable(form)
    if form.errors:
        return show_form(request, team, form, status=422)
    character, motion = form.keep_inputs(team, access.person(request))
    quote = quote_today(motion.duration or 0, form.cleaned_data["resolution"])
    if not form.agrees_with(quote.price):
        told: Decimal | None = form.cleaned_data["quoted"]
        return show_form(request, team, form, character, motion, was=told, status=409 if told is not None else 200)
    return redirect("jobs.show", accept(request, team, form, character, motion, quote).pk)


def accept(request: HttpRequest, team: Team, form: JobForm, character: Source, motion: Source, quote: Quote) -> Job:
    """The job of a valid form at an agreed price: for the page and for the API."""
    data = form.cleaned_data
    try:
        return Job.objects.accept(
            nonce=data["nonce"],
            team=team,
            person=access.person(request),
            provider=settings.PROVIDER,
            character=character,
            motion=motion,
            behaviour=data["behaviour"],
            quote=quote,
            prompt=data["prompt"],
            seed=data["seed"],
            seed_drawn=form.seed_drawn,
        )
    except Job.DoesNotExist:
        raise Http404("this form belongs to another team") from None


def _same_form(form: JobForm, team: Team) -> Job | None:
    """The job this very form has made before: a double click, a reload, a second tab."""
    nonce = form.named_nonce
    return Job.objects.filter(nonce=nonce, team=team).first() if nonce else None


def refuse_unreachable(form: JobForm) -> None:
    """Adds the reason to the form if the provider could not fetch what it says."""
    if is_reachable(settings.PROVIDER):
        return
    for kind, draft in form.drafts.items():
        if not (draft.url or (draft.source and draft.source.url)):
            form.add_error(kind, " ".join(UNREACHABLE))
