"""The frame around the picture: one click, by pointer, wheel, pinch and keys, on both windows; nothing else moves."""

import io
import re
from typing import Any

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Locator, Page, expect

from tests.e2e.axe import LOOKED_AT, wrong_with
from tests.e2e.conftest import Opened
from tests.e2e.person import WALK, Person, value_of
from tests.e2e.studio import Studio, wait_until
from tests.e2e.windows import PHONE, WIDE, Window

TOOLS: tuple[tuple[Any, str], ...] = (("button", "Frame the picture"), ("link", "Whole picture"))
WARNING = re.compile("have different shapes")
SLOT = re.compile(r"/uploads/\d+/slot/")


@pytest.fixture(scope="module")
def inputs(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address with a picture of 800 × 400 and a clip of 720 × 1280 in their places."""
    image = Image.new("RGB", (800, 400), "navy")
    ImageDraw.Draw(image).ellipse((350, 100, 450, 300), fill="orange")
    file = tmp_path_factory.mktemp("pictures") / "ball.png"
    image.save(file)
    person = Person(studio)
    page = person.get("/").text
    for kind, path in (("character", file), ("motion", WALK)):
        given = {f"{kind}_file": (path.name, path.read_bytes())}
        assert person._post("/uploads/add/", page, given, kind=kind, team=value_of(page, "team")).status_code == 200
    # A scan that ends while a page is open asks for the price again.
    wait_until(lambda: not studio.rows("SELECT id FROM wanstudio_scan WHERE due_at IS NOT NULL"), "it is scanned")
    (character,), (motion,) = studio.rows("SELECT id FROM wanstudio_source ORDER BY id")
    return f"/?character={character}&motion={motion}"


@pytest.fixture
def page(opened: Opened, studio: Studio, inputs: str, size: Window) -> Page:
    page = opened(studio, **size, **LOOKED_AT)
    page.goto(studio.url + inputs)
    return page


def crop(page: Page) -> list[float]:
    """As the form says it: x, y, width, height; nothing for the whole picture."""
    said = page.locator("[name=crop]").input_value()
    return [float(number) for number in said.split(",")] if said else []


def opener(page: Page) -> Locator:
    return page.get_by_role("button", name="Frame the picture")


def open_frame(page: Page) -> Locator:
    opener(page).click()
    dialog = page.get_by_role("dialog", name="Frame the picture")
    # As a dialog comes it moves: this waits until it has come.
    dialog.locator("[data-view]").click(trial=True)
    return dialog


def applied(page: Page, *, by: str = "Enter") -> list[float]:
    """What is chosen once the frame is applied. The focus is where it was opened."""
    with page.expect_response(SLOT):
        page.keyboard.press(by)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(opener(page)).to_be_focused()
    return crop(page)


def near(found: list[float], *wanted: float) -> bool:
    return len(found) == 4 and all(abs(one - other) < 0.002 for one, other in zip(found, wanted, strict=True))


def shown_size(page: Page) -> str:
    return page.locator("#crop [data-size]").inner_text()


def test_warning_is_mended_by_one_click_and_undone_by_another(page: Page) -> None:
    expect(page.get_by_text(WARNING)).to_be_visible()
    page.get_by_role("link", name="Crop the picture").click()
    expect(page.get_by_text(WARNING)).to_have_count(0)
    expect(opener(page)).to_be_focused()
    assert near(crop(page), 0.359375, 0, 0.28125, 1)
    expect(page.get_by_role("img", name="Ball in its frame")).to_be_visible()
    expect(page.get_by_role("button", name="Generate · $0.20")).to_be_enabled()
    page.get_by_role("link", name="Whole picture").click()
    expect(page.get_by_text(WARNING)).to_be_visible()
    expect(opener(page)).to_be_focused()
    assert crop(page) == []
    page.get_by_role("link", name="Pad the picture").click()
    expect(page.get_by_text(WARNING)).to_have_count(0)
    assert near(crop(page), 0, -1.277778, 1, 3.555556)
    page.reload()
    assert near(crop(page), 0, -1.277778, 1, 3.555556)


def test_by_keys_alone(page: Page) -> None:
    opener(page).focus()
    page.keyboard.press("Enter")
    view = page.locator("#crop [data-view]")
    expect(view).to_be_focused()
    assert shown_size(page) == "225 × 400"
    for key in ("ArrowLeft", "Shift+ArrowLeft", "+", "-"):
        page.keyboard.press(key)
    # The picture goes 1 % and 10 % of the frame to the left.
    assert near(applied(page), 0.359375 + 0.11 * 0.28125, 0, 0.28125, 1)
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(opener(page)).to_be_focused()
    assert near(crop(page), 0.359375 + 0.11 * 0.28125, 0, 0.28125, 1)


def test_frame_that_is_applied_without_a_connection_says_so_and_can_be_applied_again(page: Page) -> None:
    open_frame(page)
    page.keyboard.press("ArrowLeft")
    page.route(SLOT, lambda route: route.abort())
    page.keyboard.press("Enter")
    expect(page.get_by_text("Connection lost. Press Apply again.")).to_be_visible()
    page.unroute(SLOT)
    assert near(applied(page), 0.359375 + 0.01 * 0.28125, 0, 0.28125, 1)


def test_by_sliders_and_shapes(page: Page) -> None:
    dialog = open_frame(page)
    dialog.get_by_text("Picture’s").click()
    assert shown_size(page) == "800 × 400"
    dialog.get_by_text("Free").click()
    width = dialog.get_by_label("Width")
    width.fill("50")
    assert shown_size(page) == "400 × 400"
    across = dialog.get_by_label("Across")
    across.fill("25")
    expect(across).to_have_attribute("aria-valuetext", "middle at 25 % of the width")
    before = float(dialog.get_by_label("Zoom").input_value())
    dialog.get_by_label("Zoom").focus()
    page.keyboard.press("+")
    assert float(dialog.get_by_label("Zoom").input_value()) > before
    found = applied(page)
    assert abs(found[0] + found[2] / 2 - 0.25) < 0.002
    assert abs(found[2] * 800 - found[3] * 400) < 1


def test_by_pointer_and_wheel(page: Page, size: Window) -> None:
    dialog = open_frame(page)
    box = dialog.locator("[data-view]").bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] - 40, middle[1], steps=4)
    page.mouse.up()
    if size is WIDE:
        page.mouse.wheel(0, -200)
        expect(dialog.get_by_label("Zoom")).not_to_have_attribute("aria-valuetext", "100 %")
    found = applied(page)
    assert found[0] > 0.37
    opener(page).click()
    page.locator("#crop [data-view]").dblclick()
    assert near(applied(page), 0.359375, 0, 0.28125, 1)


def test_by_two_fingers(opened: Opened, studio: Studio, inputs: str) -> None:
    page = opened(studio, **PHONE)
    page.goto(studio.url + inputs)
    dialog = open_frame(page)
    box = dialog.locator("[data-view]").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    fingers = page.context.new_cdp_session(page)

    def touch(kind: str, *places: float) -> None:
        points = [{"x": place, "y": y, "id": number} for number, place in enumerate(places)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", x - 20)
    touch("touchStart", x - 20, x + 20)
    touch("touchMove", x - 40, x + 40)
    touch("touchEnd")
    expect(dialog.get_by_label("Zoom")).to_have_attribute("aria-valuetext", "200 %")
    dialog.get_by_role("button", name="Apply").tap()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert near(crop(page), 0.4296875, 0.25, 0.140625, 0.5)


def test_nothing_moves_and_nothing_is_wrong(page: Page) -> None:
    stage, generate = page.locator("#character-stage"), page.locator("#generate")
    before = stage.bounding_box(), generate.bounding_box()
    page.get_by_role("link", name="Pad the picture").click()
    expect(page.get_by_text(WARNING)).to_have_count(0)
    assert (stage.bounding_box(), generate.bounding_box()) == before
    assert wrong_with(page) == []
    open_frame(page)
    assert wrong_with(page) == []


def test_targets_on_touch(opened: Opened, studio: Studio, inputs: str) -> None:
    page = opened(studio, **PHONE)
    page.goto(studio.url + inputs)
    page.get_by_role("link", name="Crop the picture").tap()
    expect(page.get_by_text(WARNING)).to_have_count(0)
    dialog = open_frame(page)
    targets = [dialog.get_by_role("button"), dialog.get_by_role("slider"), dialog.locator("label:has([type=radio])")]
    targets += [page.get_by_role(role, name=name, include_hidden=True) for role, name in TOOLS]
    boxes = [each.bounding_box() for target in targets for each in target.all()]
    assert len(boxes) >= 9
    assert [box for box in boxes if box is None or box["height"] < 44] == []


def test_frame_goes_with_its_picture_and_stays_with_another_clip(page: Page) -> None:
    page.get_by_role("link", name="Crop the picture").click()
    expect(page.get_by_text(WARNING)).to_have_count(0)
    other = Image.new("RGB", (500, 500), "green")
    file = io.BytesIO()
    other.save(file, "PNG")
    kept = crop(page)
    page.get_by_role("radio", name="Replace").check(force=True)
    assert crop(page) == kept
    page.get_by_role("link", name="Remove Walk").click()
    expect(page.locator("#motion-slot input[name=motion]")).to_have_count(0)
    assert crop(page) == kept
    page.locator("#character-slot summary").click()
    page.locator("#character-slot [data-give][type=file]").set_input_files(
        {"name": "other.png", "mimeType": "image/png", "buffer": file.getvalue()}
    )
    expect(page.get_by_role("link", name="Remove Other")).to_be_visible()
    assert crop(page) == []
    expect(page).not_to_have_url(re.compile("crop="))


def test_without_javascript(opened: Opened, studio: Studio, inputs: str) -> None:
    page = opened(studio, java_script_enabled=False, **WIDE)
    page.goto(studio.url + inputs)
    page.get_by_role("link", name="Crop the picture").click()
    expect(page.get_by_role("img", name="Ball in its frame")).to_be_visible()
    expect(page.get_by_label("Frame of the picture")).to_contain_text("Framed: 225 × 400")
    page.get_by_label("Frame of the picture").select_option("pad")
    page.get_by_role("button", name="Generate · $0.20").click()
    expect(page).to_have_url(re.compile(r"/jobs/\d+/$"))
    numbers = studio.rows("SELECT crop_y, crop_height FROM wanstudio_job ORDER BY id DESC LIMIT 1")[0]
    assert [round(number, 3) for number in numbers] == [-1.278, 3.556]


def test_framed_picture_reaches_the_provider(page: Page, studio: Studio) -> None:
    page.get_by_role("link", name="Crop the picture").click()
    expect(page.get_by_text(WARNING)).to_have_count(0)
    page.get_by_role("button", name="Generate · $0.20").click()
    expect(page).to_have_url(re.compile(r"/jobs/\d+/$"))
    expect(page.get_by_text("225 × 400")).to_be_visible()
    cuts = studio.data / "media" / "cuts"
    wait_until(lambda: (225, 400) in [Image.open(cut).size for cut in cuts.rglob("*.png")], "the picture in its frame")
