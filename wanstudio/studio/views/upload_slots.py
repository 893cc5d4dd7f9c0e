"""Uploads that are added in the studio: each is answered with its slot."""

from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from wanstudio.studio.forms import JobForm
from wanstudio.studio.slots import Slot, chosen_crop, recents
from wanstudio.studio.views.studio_page import StudioPage, show_page
from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act
from wanstudio.uploads.arrivals import link_copies
from wanstudio.uploads.forms import SourceForm, finish, take
from wanstudio.uploads.models import PartialUpload, Source
from wanstudio.uploads.queries import visible_sources
from wanstudio.uploads.verbs import touch
from wanstudio.web.lookups import form_view, page_and_form_view, page_view


@page_and_form_view
def add(request: HttpRequest) -> HttpResponse:
    """A file or a link: its slot of the studio, 422 with the sentence if it cannot be used.

    Without JavaScript the answer is the studio itself, with this in its slot and everything else as it was: a visit to
    the address it then has leads there.
    """
    if request.method != "POST":
        return redirect("studio.index")
    team = access.team_in(request, Act.MAKE)
    if "part" in request.POST:
        return _arrived(request, team)
    form = SourceForm(request.POST, request.FILES, team)
    source = form.draft.keep(team, access.person(request)) if form.is_valid() else None
    if not request.htmx:  # type: ignore[attr-defined]
        kind, wrong, file = form.data["kind"], form.wrong, form.unnamed_file
        filled = JobForm.unsent(request.POST, sources=visible_sources(request, team), kind=kind, wrong=wrong, file=file)
        character, motion = (source if source and source.kind == each else None for each in ("character", "motion"))
        return show_page(request, team, StudioPage(filled, character, motion), status=200 if source else 422)
    kind = "motion" if form.data["kind"] == "motion" else "character"
    url = "" if source else form.data["url"]
    slot = Slot(kind, recents(request, team, kind), source, form.wrong, url, form.unnamed_file)
    return render(request, "studio/_slot.html", {"slot": slot}, status=201 if source else 422)


def _arrived(request: HttpRequest, team: Team) -> HttpResponse:
    """The slot of a file that came in pieces, as if it had come in this very form."""
    mine = PartialUpload.objects.filter(team=team, person=access.person(request)).select_related("team", "person")
    source, wrong = None, ""
    try:
        upload = mine.get(pk=UUID(request.POST["part"]))
        source = finish(upload)
    except (ValueError, PartialUpload.DoesNotExist):
        raise Http404("no such upload") from None
    except ValidationError as refused:
        wrong = str(refused.messages[0])
    slot = Slot(upload.kind, recents(request, team, upload.kind), source, wrong, file=upload.name)
    return render(request, "studio/_slot.html", {"slot": slot}, status=201 if source else 422)


@page_view
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """A source in its slot: one of the recent ones, one whose poster was still to come, or a picture in another frame.

    `crop`: the frame, which can take the shape of a `motion`.
    """
    source = access.mine_to(request, Act.VIEW, visible_sources(request).select_related("team"), pk)
    clip = access.number(request.GET.get("motion"))
    motion = visible_sources(request).filter(kind=Source.Kind.MOTION, pk=clip).first() if clip else None
    crop, wrong = chosen_crop(request.GET.get("crop"), None if source.is_motion else source, motion)
    other = motion.pk if motion else None
    slot = Slot(source.kind, recents(request, source.team, source.kind), source, wrong, other=other, crop=crop)
    return render(request, "studio/_slot.html", {"slot": slot})


@page_and_form_view
def bring_in(request: HttpRequest, pk: int) -> HttpResponse:
    """What is behind a link, to be cut or cropped: a POST asks for it, or cancels. How far it is; then its new slot."""
    is_post = request.method == "POST"
    act, rows = Act.MAKE if is_post else Act.VIEW, visible_sources(request).select_related("team")
    link: Source = access.mine_to(request, act, rows, pk)
    if is_post and link.url:
        if "cancel" in request.POST:
            link_copies.cancel_copy(link)
        else:
            link_copies.begin_copy(link, access.person(request))
    here = link_copies.upload_of(link) if link.url else link
    if is_post and not request.htmx:  # type: ignore[attr-defined]
        other = next(kind for kind in Source.Kind.values if kind != link.kind)
        beside = f"&{other}={number}" if (number := access.number(request.POST.get(other))) else ""
        return redirect(f"{reverse('studio.index')}?{link.kind}={here.pk if here else pk}{beside}")
    if here is None:
        return render(request, "studio/_bring_in.html", {"slot": Slot(link.kind, [], link)})
    slot = Slot(here.kind, recents(request, link.team, here.kind), here)
    answer = render(request, "studio/_slot.html", {"slot": slot})
    answer["HX-Retarget"], answer["HX-Reswap"] = f"#{here.kind}-slot", "outerHTML"
    return answer


@form_view
def use_samples(request: HttpRequest) -> HttpResponse:
    """Adds the sample character and motion to the team's uploads."""
    team, person = access.team_in(request, Act.MAKE), access.person(request)
    chosen = []
    for kind, name in (("character", "mira.png"), ("motion", "walk.mp4")):
        here = visible_sources(request, team).filter(kind=kind, file_name=name).exclude(file="").first()
        path = Path(settings.BASE_DIR) / "static" / "samples" / name
        if here is None:
            here = take(kind, team=team, file=SimpleUploadedFile(name, path.read_bytes())).keep(team, person)
        touch(here)
        chosen.append(f"{kind}={here.pk}")
    return redirect(f"{reverse('studio.index')}?{'&'.join(chosen)}")
