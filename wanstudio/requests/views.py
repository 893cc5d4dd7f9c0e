"""Pages of a spend request, for the person who asked and those who decide; also by the link in a mail."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from wanstudio.accounts.models import User
from wanstudio.keys import in_force
from wanstudio.money.queries import quote_today
from wanstudio.requests import verbs
from wanstudio.requests.models import SpendRequest
from wanstudio.requests.queries import request_by_token, today, visible_requests
from wanstudio.requests.verbs import notify_asker
from wanstudio.requests.words import Sentence
from wanstudio.teams import access
from wanstudio.web.lookups import form_view, page_view
from wanstudio.work.leases import Stale


@page_view
def show(request: HttpRequest, pk: int) -> HttpResponse:
    asked: SpendRequest = access.one(visible_requests(request), pk)
    access.show_as(request, asked.team)
    person = access.person(request)
    context = _facts(asked) | {
        "may_decide": asked.is_open and asked.approvers().filter(pk=person.pk).exists(),
        "may_withdraw": asked.is_open and asked.person == person,
    }
    return render(request, "requests/show.html", context)


@form_view
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """`decision`: allow with the `price` that was shown, decline with a `word`, or withdraw one's own."""
    asked: SpendRequest = access.one(visible_requests(request), pk)
    person = access.person(request)
    if request.POST.get("decision") == "withdraw":
        if asked.person != person:
            raise Http404("not theirs")
        _try(request, asked, person, lambda: verbs.withdraw(asked), Sentence.WITHDRAWN.value)
        return redirect("requests.show", pk)
    if not asked.approvers().filter(pk=person.pk).exists():
        raise Http404("not for this role")
    _decide(request, asked, person)
    return redirect("team.show") if request.POST.get("from") == "team" else redirect("requests.show", pk)


@require_http_methods(["GET", "HEAD", "POST"])
def by_mail(request: HttpRequest, token: str) -> HttpResponse:
    """The same for who was sent this link, signed in or not. Looking at it decides nothing: mail scanners look."""
    asked, person = request_by_token(token)
    if asked.team.needs_second_factor:
        # A link is one factor.
        return redirect("requests.show", asked.pk)
    if request.method == "POST":
        _decide(request, asked, person)
        return redirect("requests.by_mail", token)
    context = _facts(asked) | {"may_decide": asked.is_open, "approver": person, "by_mail": True}
    return render(request, "requests/by_mail.html", context)


def _facts(asked: SpendRequest) -> dict[str, object]:
    now = today(asked)
    return now._asdict() | {"changed": asked.is_open and now.quote.price != asked.price}


def _decide(request: HttpRequest, asked: SpendRequest, person: User) -> None:
    match request.POST.get("decision"):
        case "allow" if asked.provider == in_force.SANDBOX != in_force.provider_in_use():
            messages.info(request, Sentence.SANDBOX_ENDED.value)
        case "allow":
            agreed = _price(request)
            quote = quote_today(asked.sent_seconds, asked.resolution)
            said = Sentence.ALLOWED.of(price=quote.price)
            _try(request, asked, person, lambda: verbs.grant(asked, person, quote, agreed=agreed), said)
        case "decline":
            word = request.POST.get("word", "")
            _try(request, asked, person, lambda: verbs.decline(asked, person, word), Sentence.DECLINED.value)
        case _:
            messages.info(request, Sentence.NO_DECISION.value)


def _price(request: HttpRequest) -> Decimal:
    """The price on the button; None for anything else, which agrees to nothing."""
    try:
        price = Decimal(request.POST.get("price", ""))
    except InvalidOperation:
        return Decimal(-1)
    # "sNaN" is read as a number, and raises when it is compared.
    return price if price.is_finite() else Decimal(-1)


def _try(request: HttpRequest, asked: SpendRequest, by: User, verb: Callable[[], object], done: str) -> None:
    try:
        with transaction.atomic():
            verb()
            asked.refresh_from_db()
            notify_asker(asked, by)
        messages.info(request, done)
    except Stale:
        messages.info(request, Sentence.DECIDED.value)
    except verbs.PriceChanged:
        messages.info(request, Sentence.PRICE_CHANGED.value)
    except verbs.NotPossible as why:
        messages.info(request, why.reason.of(name=why.name))
