"""Quotes and jobs from API requests: priced and checked as on the page, one job per Idempotency-Key."""

from uuid import UUID, uuid4, uuid5

from django.db import transaction
from django.forms import ValidationError
from django.http import Http404, HttpRequest, JsonResponse, QueryDict
from django.utils.datastructures import MultiValueDict

from wanstudio.api import authentication as tokens
from wanstudio.api.models import ApiPost
from wanstudio.api.problems import Problem, invalid
from wanstudio.api.request_shapes import CropIn, JobIn, QuoteIn
from wanstudio.api.shapes import JobOut, QuoteOut, job_row, quote_row
from wanstudio.jobs import verbs
from wanstudio.jobs.models import Job
from wanstudio.jobs.verbs.decisions import JobOrder
from wanstudio.keys import in_force
from wanstudio.money.pricing import Quote
from wanstudio.money.queries import tightest
from wanstudio.money.verbs import OverCap
from wanstudio.money.words import over_words
from wanstudio.studio.forms import JobForm
from wanstudio.studio.queries import Choice, PriceCard, price_card
from wanstudio.teams import access
from wanstudio.teams.roles import Act
from wanstudio.uploads.crops import Crop
from wanstudio.uploads.forms import Draft, take
from wanstudio.uploads.models import Source
from wanstudio.uploads.trims import trim_of
from wanstudio.uploads.words import NOT_IN_CLIP

LATER = ("trim_start", "trim_end", "crop")
NONCES = UUID("6f1d7b0e-8f43-4a53-9b0e-2d5e5c1f7a10")
ONE = "Give one of motion (an upload's id), motion_url and seconds."
NO_MOTION = "This motion is not among your team's uploads."
NO_CHARACTER = "This character is not among your team's uploads."
REUSED = "This Idempotency-Key was used for another request. Nothing was sent; generate a new key."


def priced(request: HttpRequest, asked: QuoteIn) -> QuoteOut:
    given = [name for name in ("motion", "motion_url", "seconds") if getattr(asked, name)]
    if len(given) != 1:
        raise invalid(ONE, {name: [ONE] for name in given or ["motion"]})
    motion, clip, seconds = None, None, asked.seconds
    character = tokens.sources(request).filter(kind=Source.Kind.CHARACTER, pk=asked.character or 0).first()
    if asked.character and character is None:
        raise invalid(NO_CHARACTER, {"character": [NO_CHARACTER]})
    if asked.motion:
        motion = tokens.sources(request).filter(kind=Source.Kind.MOTION, pk=asked.motion).first()
        if motion is None:
            raise invalid(NO_MOTION, {"motion": [NO_MOTION]})
        seconds = motion.duration
    elif asked.motion_url:
        try:
            clip = take(Source.Kind.MOTION, url=asked.motion_url).facts
        except ValidationError as wrong:
            raise invalid(wrong.messages[0], {"motion_url": list(wrong.messages)}) from None
        seconds = clip.duration if clip else None
    if not seconds:
        raise invalid(NO_MOTION, {given[0]: ["The clip has no usable length, so it has no price."]})
    try:
        trim = trim_of(asked.trim_start, asked.trim_end, seconds)
    except ValueError:
        outside = NOT_IN_CLIP.format(duration=seconds)
        raise invalid(outside, {"trim_end": [outside]}) from None
    crop = _cropped(asked, character)
    chosen = (asked.resolution, asked.behaviour, character, motion, seconds)
    card = price_card(Choice(*chosen, facts=clip, trim=trim, crop=crop))
    quote = card.quotes[asked.resolution]
    return quote_row(quote, _warnings(request, card, quote))


def _cropped(asked: QuoteIn, character: Source | None) -> Crop | None:
    if asked.crop is None or character is None:
        return None
    try:
        return Draft(Source.Kind.CHARACTER, source=character).cropped(_said(asked.crop), None)
    except ValidationError as wrong:
        raise invalid(wrong.messages[0], {"crop": list(wrong.messages)}) from None


def _said(crop: CropIn) -> str:
    return f"{crop.x:.6f},{crop.y:.6f},{crop.width:.6f},{crop.height:.6f}"


def _warnings(request: HttpRequest, card: PriceCard, quote: Quote) -> list[str]:
    warnings = [" ".join(card.unreachable)] if card.unreachable else []
    if card.stopped:
        warnings.append("Sending is stopped in Settings. A job waits in the queue and is not charged.")
    if (balance := card.short_balance) is not None:
        # Only people who can see the spending can see the balance.
        sum_of_it = f", ${balance}," if access.may(request, tokens.team(request), Act.SPENDING) else ""
        warnings.append(f"The balance{sum_of_it} does not cover this price and what is reserved. A job would wait.")
    room = tightest(tokens.team(request), access.person(request), in_force.provider_in_use())
    if room and (over := room.over(quote.price)):
        warnings.append(f"It is ${over} over {room.whose.label} ${room.cap} this month. A job would be refused.")
    return warnings + [finding.sentence for finding in card.findings]


def make(request: HttpRequest, asked: JobIn) -> JsonResponse:
    """201 with the job; the same for the same key again. Raises Problem, and nothing was sent."""
    key, body = request.headers.get("Idempotency-Key", ""), _digest(asked)
    if len(key) > 255:
        raise Problem(422, "key-reused", "An Idempotency-Key has at most 255 characters. Nothing was sent.")
    posts = ApiPost.objects.filter(token=tokens.token(request), key=key)
    made = posts.filter(job__isnull=False)
    try:
        if key and (earlier := made.first()):
            return _answer_again(earlier, body)
        try:
            order = _checked(request, asked, key)
        except Problem:
            # Reading links takes its time: the same request might have made the job meanwhile.
            if key and (earlier := made.first()):
                return _answer_again(earlier, body)
            raise
        if not key:
            return _answer(_accept(request, order).model_dump())
        with transaction.atomic():
            # Of many at once one makes the row; the others wait, and find the answer. A crash leaves neither.
            post, is_ours = posts.get_or_create(token=tokens.token(request), key=key, defaults={"body": body})
            if not is_ours:
                return _answer_again(post, body)
            row = _accept(request, order)
            posts.update(job=row.id, answer=row.model_dump())
            return _answer(row.model_dump())
    except OverCap as over:
        refused = f"{over_words(over)} Nothing was sent. Ask for approval in the studio, or have the cap raised."
        raise Problem(402, "over-cap", refused, left=str(over.room.left), cap=str(over.room.cap)) from None


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
    if form.cleaned_data["quoted"] != price:
        changed = f"The price is ${price}, not ${asked.price}. Nothing was sent; send it again if you agree."
        raise Problem(409, "price-changed", changed, quote=quote)
    return order


def _digest(asked: JobIn) -> str:
    """The digest of a request. Unused newer fields are left out, so that older requests keep their digest."""
    return tokens.digest_of(asked.model_dump_json(exclude={name for name in LATER if getattr(asked, name) is None}))


def _fields(request: HttpRequest, asked: JobIn, key: str) -> QueryDict:
    nonce = uuid5(NONCES, f"{tokens.token(request).pk}:{key}") if key else uuid4()
    stated = asked.model_dump(exclude_none=True, exclude={"price", "crop"})
    if asked.crop:
        stated["crop"] = _said(asked.crop)
    fields = QueryDict(mutable=True)
    fields.update({"nonce": str(nonce), "quoted": str(asked.price or ""), **{k: str(v) for k, v in stated.items()}})
    return fields


def _accept(request: HttpRequest, order: JobOrder) -> JobOut:
    try:
        job = verbs.accept(order)
    except Job.DoesNotExist:
        raise Http404("this key belongs to another team") from None
    return job_row(job)


def _answer_again(post: ApiPost, body: str) -> JsonResponse:
    """As it was given the first time, if the request is the same."""
    if post.body != body:
        raise Problem(422, "key-reused", REUSED)
    answer = _answer(post.answer)
    answer["Idempotent-Replayed"] = "true"
    return answer


def _answer(row: dict[str, object]) -> JsonResponse:
    return JsonResponse(row, status=201, headers={"Location": str(row["page"])})
