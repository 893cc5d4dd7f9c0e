"""Frames of a clip: what its scan has found in them, for the scripts of the studio, and the film strip."""

from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.urls import reverse

from wanstudio.uploads import scans
from wanstudio.uploads.models import Source
from wanstudio.uploads.queries import stored_source
from wanstudio.uploads.scans import Scan
from wanstudio.web.file_answers import FOR_GOOD, send, tag_of
from wanstudio.web.lookups import file_view
from wanstudio.work.compiled import moment

_AGAIN_S = 2


@file_view
def found(request: HttpRequest, pk: int) -> HttpResponseBase:
    """200 with what was found, for good; 202 while the scan is in progress; 404 where there will be none."""
    # Its rights are the file's.
    stored_source(request, pk)
    # One that came before there were scans has none yet.
    scan = Scan.objects.filter(source=pk).first() or scans.ask_for(Source.objects.get(pk=pk))
    if scan is None or (scan.due_at is None and not scan.strip):
        raise Http404("there is nothing to be found")
    if not scan.strip.name:
        return JsonResponse({}, status=202, headers={"Retry-After": str(_AGAIN_S), "Cache-Control": "no-store"})
    address = f"{reverse('uploads.strip', args=[pk])}?v={tag_of(scan.strip.name)}"
    size = {"width": scan.strip_width, "height": scan.strip_height, "count": scan.strip_count}
    ranges = [{"kind": kind, "start": start, "end": end} for kind, start, end in scan.ranges]
    found = {"strip": {"url": address, **size}, "cuts": scan.cuts, "ranges": ranges}
    return JsonResponse(found, headers={"Cache-Control": FOR_GOOD})


@file_view
def strip(request: HttpRequest, pk: int) -> HttpResponseBase:
    made_at = moment(stored_source(request, pk).created_at)
    stored = Scan.objects.filter(source=pk).values_list("strip", flat=True).first()
    if not stored:
        raise Http404("no such file")
    return send(request, stored, made_at, "strip.jpg")
