"""Jobs from requests: the studio's own form, checked as the page checks it, made once a key."""

from django.db import transaction
from django.http import HttpRequest, JsonResponse, QueryDict
from django.utils.datastructures import MultiValueDict

from wanstudio.api import authentication as tokens
from wanstudio.api.problems import Problem, invalid
from wanstudio.api.queries import KeyReused, answer_of, earlier_answer, nonce_of
from wanstudio.api.row_shapes import job_row, quote_row
from wanstudio.api.shapes import JobIn
from wanstudio.api.verbs import begin_post, digest_of, finish_post
from wanstudio.jobs.models.job import Job
from wanstudio.money.pricing import Quote
from wanstudio.money.quoting import quote_today
from wanstudio.money.verbs import OverCap
from wanstudio.money.words import over_words
from wanstudio.studio import generate as submitting
from wanstudio.studio.forms import JobForm
from wanstudio.teams import access
from wanstudio.uploads.models import Source

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
            character, motion, quote, form = _checked(request, asked, key)
        except Problem:
            # Reading links takes its time: the same request may have made the job meanwhile.
            if key and (earlier := earlier_answer(token, key, body)):
                return _answer(earlier, again=True)
            raise
        if not key:
            return _answer(_row(request, _accept(request, form, character, motion, quote)))
        with transaction.atomic():
            post, is_ours = begin_post(token, key, body)
            if not is_ours:
                return _answer(answer_of(post, body), again=True)
            job = _accept(request, form, character, motion, quote)
            row = _row(request, job)
            finish_post(post, job.pk, row)
            return _answer(row)
    except OverCap as over:
        told = f"{over_words(over)} Nothing was sent. Ask in the studio for it, or have the cap raised."
        raise Problem(402, "over-cap", told, left=str(over.room.left), cap=str(over.room.cap)) from None
    except KeyReused:
        raise Problem(
            422,
            "key-reused",
            "This Idempotency-Key has made a job from another request. Nothing was sent; draw a new key.",
        ) from None


def _checked(request: HttpRequest, asked: JobIn, key: str) -> tuple[Source, Source, Quote, JobForm]:
    """The inputs as rows, the price as agreed, and the form that says the rest."""
    form = JobForm(_fields(request, asked, key), MultiValueDict(), sources=tokens.sources(request))
    if form.is_valid():
        submitting.refuse_unreachable(form)
    if form.errors:
        errors = {name: [str(sentence) for sentence in found] for name, found in form.errors.items()}
        raise invalid(next(iter(errors.values()))[0], errors)
    character, motion = form.keep_inputs(tokens.team(request), access.person(request))
    quote = quote_today(motion.duration or 0, form.cleaned_data["resolution"])
    if asked.price is None:
        told = f"State the price you agree to. It costs ${quote.price}. Nothing was sent."
        raise Problem(422, "price-missing", told, quote=quote_row(quote, []).model_dump(), errors={"price": [told]})
    if not form.agrees_with(quote.price):
        raise Problem(
            409,
            "price-changed",
            f"The price is ${quote.price}, not ${asked.price}. Nothing was sent; send it again if you agree.",
            quote=quote_row(quote, []).model_dump(),
        )
    return character, motion, quote, form


def _fields(request: HttpRequest, asked: JobIn, key: str) -> QueryDict:
    """What a browser would have sent."""
    nonce = nonce_of(tokens.token(request), key) if key else JobForm.draw_nonce()
    stated = asked.model_dump(exclude_none=True, exclude={"price"})
    fields = QueryDict(mutable=True)
    fields.update({"nonce": str(nonce), "quoted": str(asked.price or ""), **{k: str(v) for k, v in stated.items()}})
    return fields


def _accept(request: HttpRequest, form: JobForm, character: Source, motion: Source, quote: Quote) -> Job:
    return submitting.accept(request, tokens.team(request), form, character, motion, quote)


def _row(request: HttpRequest, job: Job) -> dict[str, object]:
    return job_row(request, tokens.jobs(request).get(pk=job.pk)).model_dump()


def _answer(row: dict[str, object], *, again: bool = False) -> JsonResponse:
    headers = {"Location": str(row["page"]), "Cache-Control": "no-store"} | (
        {"Idempotent-Replayed": "true"} if again else {}
    )
    return JsonResponse(row, status=201, headers=headers)
