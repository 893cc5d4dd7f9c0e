"""Extensions of the pages of videos: filters, panels and counts of links, registered by nouns that come later."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from wanstudio.videos.models import Video


@dataclass(frozen=True)
class WallFilter:
    """One menu of the wall: the parameter in the address, its label and choices, and what they select.

    `annotate` adds to the query what `selects` needs and tiles show.
    """

    name: str
    label: str
    choices: Sequence[tuple[str, str]]
    annotate: Callable[[QuerySet[Video]], QuerySet[Video]]
    selects: Callable[[str], Q]


# What the page of a video shows besides, by its name in the page's context.
Panel = Callable[[Video], object]
# How many open links each of these videos has, by id.
LinkCounter = Callable[[HttpRequest, Iterable[int]], dict[int, int]]

filters: list[WallFilter] = []
panels: dict[str, Panel] = {}
link_counters: list[LinkCounter] = []


def register_filter(wall_filter: WallFilter) -> None:
    filters.append(wall_filter)


def register_panel(name: str, panel: Panel) -> None:
    panels[name] = panel


def register_link_counter(counter: LinkCounter) -> None:
    link_counters.append(counter)


def panels_of(video: Video) -> dict[str, object]:
    return {name: panel(video) for name, panel in panels.items()}


def count_links(request: HttpRequest, videos: Iterable[Video]) -> dict[int, int]:
    ids, counts = [video.pk for video in videos], dict[int, int]()
    for counter in link_counters:
        counts |= counter(request, ids)
    return counts
