"""Jobs from requests: the studio's own form, checked as the page checks it, made once a key."""

from django.db import transaction
from django.http import Http404, HttpRequest, JsonResponse, QueryDict
from django.utils.datastructures import MultiValueDict

from wanstudio.api import authentication as tokens
from wanstudio.api.problems import Problem, invalid
from wanstudio.api.queries import KeyReused, answer_of, earlier_answer, nonce_of
from wanstudio.api.row_shapes import job_row, quote_row
from wanstudio.api.shapes import JobIn, JobOut
from wanstudio.api.verbs import begin_post, digest_of, finish_post
from wanstudio.jobs import verbs
from wanstudio.jobs.job_order import JobOrder
from wanstudio.jobs.models.job import Job
from wanstudio.money.verbs import OverCap
from wanstudio.money.words import over_words
from wanstudio.studio.forms import JobForm, new_nonce
from wanstudio.teams import access

MAX_KEY_LENGTH = 255


def make(request: HttpRequest, asked: JobIn) -> JsonResponse:
    """201 with the job; the same for the same key again. Raises Problem, and nothing was sent."""
    key, body = request.headers.get("Idempotency-Key", ""), digest_of(asked.model_dump_json())
    if len(key) > MAX_KEY_LENGTH:
        raise Problem(
            422, "key-reused", f"An Idempotency-Key has at most {MAX_KEY_LENGTH} characters. Nothing was sent."
        )
    token = tokens.token(request)
    try:
        if key and (earlier := earlier_answer(token, key, body)):
            return _answer(earlier, again=True)
        try:
            order = _checked(request, asked, key)
        except Problem:
            # Reading links takes its time: the same request may have made the job meanwhile.
            if key and (earlier := earlier_answer(token, key, body)):
                return _answer(earlier, again=True)
            raise
        if not key:
            return _answer(_accept(request, order).model_dump())
        with transaction.atomic():
            post, is_ours = begin_post(token, key, body)
            if not is_ours:
                return _answer(answer_of(post, body), again=True)
            row = _accept(request, order)
            finish_post(post, row)
            return _answer(row.model_dump())
    except OverCap as over:
        refused = f"{over_words(over)} Nothing was sent. Ask in the studio for it, or have the cap raised."
        raise Problem(402, "over-cap", refused, left=str(over.room.left), cap=str(over.room.cap)) from None
    except KeyReused:
        raise Problem(
            422,
            "key-reused",
            "This Idempotency-Key has made a job from another request. Nothing was sent; draw a new key.",
        ) from None


def _checked(request: HttpRequest, asked: JobIn, key: str) -> JobOrder:
    """The order at the price that was agreed to, its inputs kept as rows."""
    form = JobForm(_fields(request, asked, key), MultiValueDict(), sources=tokens.sources(request))
    if not form.is_valid():
        errors = {name: [str(sentence) for sentence in found] for name, found in form.errors.items()}
        raise invalid(next(iter(errors.values()))[0], errors)
    order = form.keep(tokens.team(request), access.person(request))
    price, quote = order.quote.price, quote_row(order.quote, []).model_dump()
    if asked.price is None:
        stated = f"State the price you agree to. It costs ${price}. Nothing was sent."
        raise Problem(422, "price-missing", stated, quote=quote, errors={"price": [stated]})
    if not form.agrees_with(price):
        changed = f"The price is ${price}, not ${asked.price}. Nothing was sent; send it again if you agree."
        raise Problem(409, "price-changed", changed, quote=quote)
    return order


def _fields(request: HttpRequest, asked: JobIn, key: str) -> QueryDict:
    """What a browser would have sent."""
    nonce = nonce_of(tokens.token(request), key) if key else new_nonce()
    stated = asked.model_dump(exclude_none=True, exclude={"price"})
    fields = QueryDict(mutable=True)
    fields.update({"nonce": str(nonce), "quoted": str(asked.price or ""), **{k: str(v) for k, v in stated.items()}})
    return fields


def _accept(request: HttpRequest, order: JobOrder) -> JobOut:
    try:
        job = verbs.accept(order)
    except Job.DoesNotExist:
        raise Http404("this key belongs to another team") from None
    return job_row(request, tokens.jobs(request).get(pk=job.pk))


def _answer(row: dict[str, object], *, again: bool = False) -> JsonResponse:
    headers = {"Location": str(row["page"]), "Cache-Control": "no-store"}
    if again:
        headers["Idempotent-Replayed"] = "true"
    return JsonResponse(row, status=201, headers=headers)
