"""Forms in a finished page, filled in again: only values, ticks and open folds of its markup change.

The page's view does not know of it, so that no form can be forgotten. Hidden fields, passwords and files stay as the
page has them: an old nonce or price never comes back.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from urllib.parse import urlsplit

Fields = Mapping[str, Sequence[str]]
CONTROLS = ("input", "textarea", "select", "option", "button")
FOLDS = ("details", "dialog")
LEFT_ALONE = ("hidden", "password", "file", "submit", "button", "image", "reset")


@dataclass
class Tag:
    """A start tag, from `start` to `end` of the page; `folds` are the tags around it that can be closed."""

    name: str
    attrs: dict[str, str | None]
    start: int
    end: int
    folds: list["Tag"]
    text_end: int = 0

    @property
    def kind(self) -> str:
        return self.attrs.get("type") or ("text" if self.name == "input" else self.name)

    def get(self, name: str) -> str:
        return self.attrs.get(name) or ""


@dataclass
class Form:
    tag: Tag
    controls: list[Tag] = field(default_factory=list)

    def posts_to(self, path: str, here: str) -> bool:
        actions = [self.tag.get("action") or here, *(each.get("formaction") for each in self.controls)]
        return self.tag.get("method").lower() == "post" and path in (urlsplit(action).path for action in actions)

    def is_of_another(self, fields: Fields) -> bool:
        """True if a hidden field says that what was posted belongs elsewhere: an answer to another comment, say."""
        hidden = [each for each in self.controls if each.kind == "hidden" and each.get("name") in fields]
        return any(each.get("value") not in fields[each.get("name")] for each in hidden)

    def likeness(self, fields: Fields) -> int:
        """How many of its fields were posted, less those that were not."""
        names = [each.get("name") for each in self.controls if each.kind in ("hidden", "text", "textarea")]
        return sum(1 if name in fields else -1 for name in names)


class Reader(HTMLParser):
    """The forms of a page, with the controls outside of them that name them by `form`."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._page, self._lines = page, [0]
        for line in page.split("\n"):
            self._lines.append(self._lines[-1] + len(line) + 1)
        self._folds: list[Tag] = []
        self._form: Form | None = None
        self._open: dict[str, Tag] = {}
        self._elsewhere: list[Tag] = []
        self.feed(page)
        self.close()
        by_id = {form.tag.get("id"): form for form in self.forms}
        for tag in self._elsewhere:
            if form := by_id.get(tag.get("form")):
                form.controls.append(tag)

    def _at(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def handle_starttag(self, name: str, attrs: list[tuple[str, str | None]]) -> None:
        start = self._at()
        tag = Tag(name, dict(attrs), start, start + len(self.get_starttag_text() or ""), [*self._folds])
        if name in FOLDS:
            self._folds.append(tag)
        elif name == "form":
            self._form = Form(tag)
            self.forms.append(self._form)
        elif name in CONTROLS:
            if name == "option" and (select := self._open.get("select")):
                tag.attrs |= {"name": select.attrs.get("name"), "form": select.attrs.get("form")}
            self._open[name] = tag
            if tag.get("form"):
                self._elsewhere.append(tag)
            elif self._form:
                self._form.controls.append(tag)

    def handle_endtag(self, name: str) -> None:
        if name in FOLDS and self._folds:
            self._folds.pop()
        elif name == "form":
            self._form = None
        elif tag := self._open.pop(name, None):
            tag.text_end = self._at()


def fill(page: str, here: str, posted: Sequence[tuple[str, Fields]], notice: Callable[[bool], str]) -> str:
    """The page at the path `here`, with each of these (path, fields) in the form of it that fits best.

    A changed form begins with `notice` (its argument: whether the form takes files), and its folds are open.
    """
    forms, edits = Reader(page).forms, dict[int, tuple[int, str]]()
    for path, fields in posted:
        fitting = [form for form in forms if form.posts_to(path, here)]
        if len(fitting) > 1:
            fitting = [form for form in fitting if not form.is_of_another(fields)]
        form = max(fitting, key=lambda form: form.likeness(fields), default=None)
        if form is None:
            continue
        forms.remove(form)
        if changes := _changes(page, form, fields):
            edits |= changes
            takes_files = any(tag.kind == "file" for tag in form.controls)
            edits[form.tag.end] = (form.tag.end, notice(takes_files))
    for start in sorted(edits, reverse=True):
        end, text = edits[start]
        page = page[:start] + text + page[end:]
    return page


def _changes(page: str, form: Form, fields: Fields) -> dict[int, tuple[int, str]]:
    edits: dict[int, tuple[int, str]] = {}
    seen = Counter[str]()
    for tag in form.controls:
        name = tag.get("name")
        if not name or tag.kind in LEFT_ALONE or {"disabled", "readonly"} & tag.attrs.keys():
            continue
        values = fields.get(name, ())
        if tag.kind in ("checkbox", "radio", "option"):
            word = "selected" if tag.name == "option" else "checked"
            if (ticked := (tag.get("value") or "on" * (tag.kind == "checkbox")) in values) == (word in tag.attrs):
                continue
            if not values and tag.kind != "checkbox":
                continue
            edits[tag.start] = (tag.end, _written(tag, word, "" if ticked else None))
            opened = ticked
        elif tag.name in ("input", "textarea") and seen[name] < len(values):
            value = values[seen[name]]
            seen[name] += 1
            if tag.name == "input":
                if value == tag.get("value"):
                    continue
                edits[tag.start] = (tag.end, _written(tag, "value", value))
            else:
                if (written := "\n" + escape(value)).strip() == page[tag.end : tag.text_end].strip():
                    continue
                edits[tag.end] = (tag.text_end, written)
            opened = bool(value)
        else:
            continue
        for fold in tag.folds if opened else ():
            edits[fold.start] = (fold.end, _written(fold, "open", ""))
    return edits


def _written(tag: Tag, name: str, value: str | None) -> str:
    """The tag with this attribute, or without it."""
    attrs = {key: each for key, each in tag.attrs.items() if key != name} | ({} if value is None else {name: value})
    if tag.name == "option":
        attrs = {key: each for key, each in attrs.items() if key not in ("name", "form")}
    words = (f' {key}="{escape(each)}"' if each else f" {key}" for key, each in attrs.items())
    return f"<{tag.name}{''.join(words)}>"
