"""A visitor makes a calendar: by hand, by keyboard, from a spreadsheet, with and without script."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, Route, expect

from browser.waiting import until, weight

Open = Callable[..., Page]
Audit = Callable[[Page], list[str]]
ReadBack = Callable[[bytes], list[dict[str, Any]]]

PARIS = ZoneInfo("Europe/Paris")
HERE = {"locale": "fr-FR", "timezone_id": "Europe/Paris"}
SCREENS = tuple((width, theme) for width in (360, 1280) for theme in ("light", "dark"))
TABLE = "Titre\tDate\tHoraire\tLieu\nRépétition\t05/06/2026\t19h30-21h\tSalle A\nBal\tbientôt\t\tMairie\nFête\t13/06/2026\t\tStade"


def event(page: Page, number: int) -> Any:
    """The fields of the event with this number."""
    return page.get_by_role("group", name=f"Événement {number}", exact=True)


def write(page: Page, number: int, **fields: str) -> None:
    labels = {
        "titre": "Titre",
        "lieu": "Lieu (facultatif)",
        "jour": "Jour",
        "debut": "Début",
        "fin": "Fin",
        "jour_fin": "Jour de fin (s’il diffère)",
        "notes": "Notes (facultatif)",
    }
    for name, value in fields.items():
        event(page, number).get_by_label(labels[name], exact=True).fill(value)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def title_fields(page: Page) -> Any:
    return page.locator(".event").get_by_label("Titre", exact=True)


def shows(page: Page, *titles: str) -> None:
    """Wait until the list on the page has these titles, whether or not the page was replaced."""
    expect(title_fields(page)).to_have_count(len(titles))
    for number, title in enumerate(titles):
        expect(title_fields(page).nth(number)).to_have_value(title)


def download(page: Page, button: str = "Télécharger le calendrier") -> bytes:
    with page.expect_download() as waiting:
        press(page, button)
    return Path(waiting.value.path()).read_bytes()


@pytest.mark.parametrize("script", [True, False])
def test_a_visitor_writes_a_list_and_reads_the_file_back(
    script: bool, open_page: Open, reads_back: ReadBack
) -> None:
    page = open_page("/app", script=script, **HERE)
    write(
        page, 1, titre="Répétition", jour="2026-10-16", debut="19:30", fin="22:00", lieu="Salle A"
    )
    event(page, 1).get_by_label("Rappel", exact=True).select_option("1 heure avant")
    press(page, "Dupliquer l’événement 1 une semaine plus tard")
    write(page, 2, titre="Générale")
    press(page, "Ajouter un événement")
    write(page, 3, titre="Stage", jour="2026-10-24", jour_fin="2026-10-25")
    event(page, 3).get_by_label("Toute la journée").check()
    # Without script each of these is a page of its own, and the next press must be on that.
    press(page, "Monter l’événement 3")
    shows(page, "Répétition", "Stage", "Générale")
    press(page, "Retirer l’événement 1")
    shows(page, "Stage", "Générale")
    press(page, "Annuler")
    shows(page, "Répétition", "Stage", "Générale")

    events = reads_back(download(page))

    assert [each["title"] for each in events] == ["Répétition", "Stage", "Générale"]
    assert events[0]["start"] == datetime(2026, 10, 16, 19, 30, tzinfo=PARIS)
    assert (events[1]["start"], events[1]["end"]) == (date(2026, 10, 24), date(2026, 10, 26))
    assert events[2]["end"] == datetime(2026, 10, 23, 22, tzinfo=PARIS)
    shows(page, "Répétition", "Stage", "Générale")


@pytest.mark.parametrize("script", [True, False])
def test_faults_stand_beside_their_fields_and_lead_there(script: bool, open_page: Open) -> None:
    expected = () if script else ("400 (Bad Request)",)
    page = open_page("/app", script=script, expected=expected, **HERE)
    write(page, 1, jour="2026-10-16", debut="19:30", fin="18:00", notes="à garder")

    press(page, "Télécharger le calendrier")

    summary = page.get_by_role("alert")
    expect(summary).to_contain_text("2 points à corriger")
    expect(summary).to_be_focused()
    expect(event(page, 1).get_by_label("Titre")).to_have_accessible_description("Donnez un titre.")
    expect(event(page, 1).get_by_label("Fin", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(event(page, 1).get_by_label("Notes (facultatif)")).to_have_value("à garder")
    summary.get_by_role("link").first.click()
    if script:
        expect(event(page, 1).get_by_label("Titre")).to_be_focused()


def _two_and_a_reload(page: Page, _: Path) -> None:
    write(page, 1, titre="Bon", jour="2026-10-16", debut="19:30", fin="22:00")
    press(page, "Ajouter un événement")
    write(page, 2, titre="Sans jour", debut="19:30", fin="22:00")
    page.reload()


def _three_without_the_first(page: Page, _: Path) -> None:
    write(page, 1, titre="En trop")
    press(page, "Ajouter un événement")
    write(page, 2, titre="Bon", jour="2026-10-16", debut="19:30", fin="22:00")
    press(page, "Ajouter un événement")
    write(page, 3, titre="Sans jour", debut="19:30", fin="22:00")
    press(page, "Retirer l’événement 1")


def _three_the_first_brought_back(page: Page, folder: Path) -> None:
    _three_without_the_first(page, folder)
    press(page, "Annuler")
    write(page, 1, jour="2026-10-16", debut="19:30", fin="22:00")
    press(page, "Retirer l’événement 2")


def _two_and_their_order_changed(page: Page, _: Path) -> None:
    write(page, 1, titre="Sans jour", debut="19:30", fin="22:00")
    press(page, "Ajouter un événement")
    write(page, 2, titre="Bon", jour="2026-10-16", debut="19:30", fin="22:00")
    press(page, "Télécharger le calendrier")
    expect(page.get_by_role("alert")).to_contain_text("Événement 1")
    press(page, "Descendre l’événement 1")


def _a_list_reopened_and_copied(page: Page, folder: Path) -> None:
    write(page, 1, titre="Bon", jour="2026-10-16", debut="19:30", fin="22:00")
    saved = folder / "liste.json"
    saved.write_bytes(download(page, "Enregistrer la liste"))
    press(page, "Tout effacer")
    page.get_by_text("Coller un tableau").click()
    page.get_by_label("Fichier .json").set_input_files(saved)
    shows(page, "Bon")
    press(page, "Dupliquer l’événement 1")
    write(page, 2, titre="Sans jour", jour="")


@pytest.mark.parametrize(
    "make",
    [
        _two_and_a_reload,
        _three_without_the_first,
        _three_the_first_brought_back,
        _two_and_their_order_changed,
        _a_list_reopened_and_copied,
    ],
)
def test_a_fault_stands_at_its_own_event_however_the_list_came_about(
    make: Callable[[Page, Path], None], open_page: Open, tmp_path: Path
) -> None:
    page = open_page("/app", **HERE)
    make(page, tmp_path)
    expect(title_fields(page).nth(1)).to_have_value("Sans jour")

    press(page, "Télécharger le calendrier")

    link = page.get_by_role("alert").get_by_role("link", name="Événement 2 : Choisissez le jour.")
    expect(link).to_be_visible()
    day = event(page, 2).get_by_label("Jour", exact=True)
    expect(day).to_have_accessible_description("Choisissez le jour.")
    expect(page.locator(".event [aria-invalid]")).to_have_count(1)
    link.click()
    expect(day).to_be_focused()


def test_a_list_that_was_cleared_is_told_what_it_lacks_beside_its_fields(open_page: Open) -> None:
    page = open_page("/app", **HERE)
    write(page, 1, titre="Bal")
    press(page, "Tout effacer")

    press(page, "Télécharger le calendrier")

    links = page.get_by_role("alert").get_by_role("link")
    expect(links.first).to_be_visible()
    expect(page.locator(".event .fault:not(:empty)")).to_have_count(links.count())
    for link in links.all():
        link.click()
        expect(page.locator(".event [aria-invalid]:focus")).to_have_count(1)


def test_what_one_goes_on_writing_does_not_overtake_a_slow_answer(open_page: Open) -> None:
    page = open_page("/app", **HERE)
    write(page, 1, titre="Bal", jour="2026-10-16", debut="19:30", fin="18:00")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/app", hold)
    press(page, "Télécharger le calendrier")
    until(page, lambda: held)
    write(page, 1, notes="à garder")
    page.wait_for_timeout(1_000)  # it would have been overtaken by then, and the page left
    held[0].continue_()

    expect(page.get_by_role("alert")).to_contain_text("1 point à corriger")
    expect(event(page, 1).get_by_label("Notes (facultatif)")).to_have_value("à garder")


def test_an_event_being_written_is_left_in_peace_until_one_has_left_it(open_page: Open) -> None:
    page = open_page("/app", **HERE)
    start = event(page, 1).get_by_label("Début", exact=True)
    with page.expect_response(lambda answer: "2026-10-16" in (answer.request.post_data or "")):
        write(page, 1, titre="Bal", jour="2026-10-16")
        start.focus()
    page.evaluate(
        "new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)))"
    )
    expect(event(page, 1).locator(".fault:not(:empty)")).to_have_count(0)

    page.get_by_role("button", name="Télécharger le calendrier").focus()

    expect(start).to_have_accessible_description(re.compile("Indiquez l’heure du début"))
    expect(page.locator("#summary")).to_be_hidden()


def test_the_preview_follows_as_one_types_and_explains_an_autumn_night(open_page: Open) -> None:
    page = open_page("/app", **HERE)
    write(page, 1, titre="Nuit blanche", jour="2026-10-25", debut="02:30", fin="05:00")

    preview = page.get_by_role("region", name="Aperçu")

    expect(preview).to_contain_text("Dimanche 25 octobre 2026")
    expect(preview).to_contain_text("arrive deux fois")
    expect(preview.get_by_role("table", name="Octobre 2026")).to_contain_text("Nuit blanche")


def test_an_hour_is_proposed_for_the_end_and_never_imposed(open_page: Open) -> None:
    page = open_page("/app", **HERE)
    end = event(page, 1).get_by_label("Fin", exact=True)
    write(page, 1, debut="19:30")
    event(page, 1).get_by_label("Titre").focus()
    expect(end).to_have_value("20:30")

    write(page, 1, fin="23:00", debut="18:00")
    event(page, 1).get_by_label("Titre").focus()

    expect(end).to_have_value("23:00")


def test_a_reload_loses_nothing_and_the_ids_stay(open_page: Open, reads_back: ReadBack) -> None:
    page = open_page("/app", **HERE)
    write(page, 1, titre="Bal", jour="2026-07-14", debut="20:00", fin="23:00", notes="une\ndeux")
    press(page, "Dupliquer l’événement 1 un jour plus tard")
    before = reads_back(download(page))

    page.reload()

    expect(page.get_by_role("status").first).to_have_text("Brouillon retrouvé.")
    shows(page, "Bal", "Bal")
    expect(event(page, 1).get_by_label("Notes (facultatif)")).to_have_value("une\ndeux")
    assert [e["uid"] for e in reads_back(download(page))] == [e["uid"] for e in before]


def test_going_away_and_back_loses_nothing(open_page: Open) -> None:
    page = open_page("/app", **HERE)
    write(page, 1, titre="Bal")
    page.get_by_role("link", name="Documentation").click()
    expect(page).to_have_url(re.compile("/api-docs$"))
    page.go_back()

    expect(page.get_by_label("Titre", exact=True)).to_have_value("Bal")
    page.goto(page.url.replace("/app", "/en/app"))
    expect(page.get_by_label("Title", exact=True)).to_have_value("Bal")


def test_each_change_can_be_undone_one_after_the_other(open_page: Open) -> None:
    page = open_page("/app", **HERE)
    write(page, 1, titre="un")
    press(page, "Dupliquer l’événement 1")
    write(page, 2, titre="deux")
    press(page, "Descendre l’événement 1")
    press(page, "Retirer l’événement 1")
    shows(page, "un")
    press(page, "Tout effacer")
    shows(page, "")

    for expected in (["un"], ["deux", "un"], ["un", "deux"], ["un"]):
        press(page, "Annuler")
        shows(page, *expected)
    expect(page.locator("#undo")).to_be_hidden()


def test_undoing_loses_nothing_that_was_written_since(open_page: Open) -> None:
    page = open_page("/app", **HERE)
    write(page, 1, titre="un")
    press(page, "Dupliquer l’événement 1")
    write(page, 2, titre="deux")
    press(page, "Retirer l’événement 1")
    write(page, 1, lieu="Salle A")
    press(page, "Ajouter un événement")
    write(page, 2, titre="trois")

    press(page, "Annuler")

    shows(page, "un", "deux", "trois")
    expect(event(page, 2).get_by_label("Lieu (facultatif)")).to_have_value("Salle A")
    press(page, "Annuler")
    shows(page, "un", "trois")


def test_undo_stays_in_sight_in_a_long_list_and_hides_no_field(open_page: Open) -> None:
    # Without motion: the page is where it goes at once.
    page = open_page("/app", width=360, height=640, reduced_motion="reduce", **HERE)
    for number in range(1, 6):
        write(page, number, titre=f"n° {number}")
        press(page, "Ajouter un événement")
    press(page, "Retirer l’événement 2")

    expect(page.get_by_role("button", name="Annuler")).to_be_in_viewport()
    for _ in range(25):
        page.keyboard.press("Tab")
        assert page.evaluate(
            """() => {
                const field = document.activeElement.getBoundingClientRect();
                return field.bottom <= document.querySelector(".after").getBoundingClientRect().top;
            }"""
        )


@pytest.mark.parametrize("width", [840, 1000, 1280])
def test_an_hour_is_shown_whole_whatever_the_width(width: int, open_page: Open) -> None:
    page = open_page("/app", width=width, **HERE)

    for label in ("Début", "Fin"):
        field = event(page, 1).get_by_label(label, exact=True).bounding_box()
        assert field
        assert field["width"] >= 130  # « 08:00 PM » and its clock


def test_days_without_hours_fill_their_row(open_page: Open) -> None:
    page = open_page("/app", width=840, **HERE)
    page.get_by_label("Toute la journée").check()

    edges = [
        page.get_by_label(label, exact=True).evaluate(
            "(field) => field.getBoundingClientRect().right"
        )
        for label in ("Jour de fin (s’il diffère)", "Lieu (facultatif)")
    ]
    assert edges[0] == edges[1]


def test_an_event_that_can_go_no_further_is_not_said_to_have_moved(open_page: Open) -> None:
    page = open_page("/app", **HERE)
    press(page, "Ajouter un événement")
    press(page, "Descendre l’événement 2")
    press(page, "Monter l’événement 1")

    expect(page.locator("#status")).to_be_empty()
    expect(page.locator("#undo")).to_be_hidden()


def test_what_a_change_does_not_touch_is_not_built_again(open_page: Open) -> None:
    page = open_page("/app", **HERE)
    for number, title in enumerate(("un", "deux", "trois"), 1):
        write(page, number, titre=title)
        press(page, "Ajouter un événement")
    page.evaluate("document.querySelectorAll('.event').forEach((row) => { row.isOld = true })")
    press(page, "Retirer l’événement 2")
    press(page, "Annuler")
    shows(page, "un", "deux", "trois", "")

    old = "[...document.querySelectorAll('.event')].map((row) => Boolean(row.isOld))"
    assert page.evaluate(old) == [True, False, True, True]
    # With buttons that submit, Chromium takes seconds over two hundred rows: see app-rows.js.
    page.reload()
    shows(page, "un", "deux", "trois", "")
    assert page.locator(".event button:not([type=button])").count() == 0


def test_focus_goes_where_one_goes_on(open_page: Open) -> None:
    page = open_page("/app", **HERE)
    write(page, 1, titre="un")
    press(page, "Ajouter un événement")
    expect(event(page, 2).get_by_label("Titre")).to_be_focused()
    write(page, 2, titre="deux")
    press(page, "Monter l’événement 2")
    expect(page.get_by_role("button", name="Monter l’événement 1")).to_be_focused()
    press(page, "Retirer l’événement 1")
    expect(event(page, 1).get_by_label("Titre")).to_be_focused()
    expect(page.locator("#status")).to_have_text("Événement retiré.")
    press(page, "Annuler")
    expect(event(page, 1).get_by_label("Titre")).to_be_focused()


def test_the_whole_way_can_be_gone_with_the_keyboard_alone(
    open_page: Open, reads_back: ReadBack
) -> None:
    page = open_page("/app", **HERE)

    def tab_to(name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            focused = page.evaluate(
                "(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim()"
            )
            if focused.startswith(name):
                shown = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
                assert shown == "solid", f"no focus ring on {name}"
                return
        raise AssertionError(f"never reached {name}")

    tab_to("Titre")
    page.keyboard.type("Bal")
    tab_to("Jour")
    page.keyboard.type("07142026")
    tab_to("Début")
    page.keyboard.type("0800PM")
    tab_to("Fin")
    page.keyboard.type("1100PM")
    tab_to("Dupliquer +")
    page.keyboard.press("Enter")
    expect(event(page, 2)).to_be_visible()
    tab_to("Télécharger")
    with page.expect_download() as waiting:
        page.keyboard.press("Enter")

    events = reads_back(Path(waiting.value.path()).read_bytes())
    assert [each["start"].day for each in events] == [14, 15]


def test_a_zone_is_found_by_typing_a_city(open_page: Open, reads_back: ReadBack) -> None:
    page = open_page("/app", **HERE)
    zone = page.get_by_label("Fuseau horaire de la liste")
    zone.click()
    expect(page.locator("#cities option").first).to_be_attached()
    assert page.locator("#cities option").count() > 400  # they come all at once
    write(page, 1, titre="Bal", jour="2026-07-14", debut="20:00", fin="23:00")
    zone.fill("pointe-à-pitre")
    expect(page.get_by_role("region", name="Aperçu")).to_contain_text("Guadeloupe")

    events = reads_back(download(page))

    assert events[0]["start"].utcoffset().total_seconds() == -4 * 3600


@pytest.mark.parametrize("script", [True, False])
def test_more_options_are_folded_away_until_asked_for(script: bool, open_page: Open) -> None:
    page = open_page("/app", script=script, **HERE)
    write(page, 1, titre="Cours", jour="2026-10-16", debut="18:00", fin="19:00")
    expect(event(page, 1).get_by_label("Lien")).to_be_hidden()
    event(page, 1).get_by_text("Plus d’options").click()
    event(page, 1).get_by_label("Lien").fill("https://exemple.fr/cours")
    event(page, 1).get_by_label("Statut").select_option("Provisoire")
    event(page, 1).get_by_label("Répétition").select_option("Chaque semaine")
    event(page, 1).get_by_label("Répéter jusqu’au (facultatif)").fill("2026-10-30")
    press(page, "Dupliquer l’événement 1 un jour plus tard")
    expect(event(page, 2).get_by_label("Lien")).to_be_visible()

    file = download(page).decode()

    assert file.count("RRULE:FREQ=WEEKLY;UNTIL=20261030T225959Z") == 2
    assert file.count("URL:https://exemple.fr/cours") == 2
    assert file.count("STATUS:TENTATIVE") == 2
    if script:
        month = page.get_by_role("table", name="Octobre 2026")
        expect(month.get_by_text("Cours")).to_have_count(5)


@pytest.mark.parametrize("script", [True, False])
def test_several_reminders_are_given_seen_and_saved(script: bool, open_page: Open) -> None:
    page = open_page("/app", script=script, **HERE)
    write(page, 1, titre="Vol", jour="2026-07-14", debut="13:30", fin="15:45")
    event(page, 1).get_by_label("Rappel", exact=True).select_option("1 jour avant")
    expect(event(page, 1).get_by_label("Deuxième rappel")).to_be_hidden()
    event(page, 1).get_by_text("Plus d’options").click()
    event(page, 1).get_by_label("Deuxième rappel").select_option("2 heures avant")
    event(page, 1).get_by_label("Troisième rappel").select_option("15 minutes avant")
    if not script:
        press(page, "Voir l’aperçu")
    expect(page.locator("#preview")).to_contain_text(
        "Rappels : 1 jour avant, 2 heures avant et 15 minutes avant"
    )

    file = download(page).decode()
    saved = json.loads(download(page, "Enregistrer la liste"))

    triggers = [line for line in file.splitlines() if line.startswith("TRIGGER")]
    assert triggers == ["TRIGGER:-P1D", "TRIGGER:-PT2H", "TRIGGER:-PT15M"]
    assert saved["evenement"]["occurrences"][0]["rappels"] == [
        {"jours": 1},
        {"heures": 2},
        {"minutes": 15},
    ]


def test_a_new_list_is_in_the_zone_of_the_device(open_page: Open) -> None:
    page = open_page("/app", locale="fr-FR", timezone_id="Indian/Reunion")

    expect(page.get_by_label("Fuseau horaire de la liste")).to_have_value("Indian/Reunion")


def test_a_table_dropped_on_the_page_is_shown_before_it_is_taken(
    open_page: Open, reads_back: ReadBack
) -> None:
    page = open_page("/app", **HERE)
    write(page, 1, titre="Déjà là", jour="2026-06-01", debut="10:00", fin="11:00")

    page.evaluate(
        """(octets) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(octets)], "liste.csv", {type: "text/csv"}));
            const drop = new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true});
            document.body.dispatchEvent(drop);
        }""",
        list(TABLE.replace("\t", ";").encode("cp1252")),
    )

    expect(page.get_by_role("heading", name="Ce qui a été lu")).to_be_focused()
    expect(page.get_by_role("row").filter(has_text="Répétition")).to_be_in_viewport()
    expect(page.get_by_role("row").filter(has_text="Répétition")).to_contain_text("prêt")
    expect(page.get_by_role("row").filter(has_text="bientôt")).to_contain_text("ni une date")
    shows(page, "Déjà là")
    press(page, "Ajouter 2 événements")
    expect(page.locator("#status")).to_have_text("2 événements ajoutés.")
    shows(page, "Déjà là", "Répétition", "Fête")
    expect(page.get_by_label("Cellules copiées")).to_have_value(re.compile("Bal\tbientôt"))
    assert [e["title"] for e in reads_back(download(page))] == ["Déjà là", "Répétition", "Fête"]
    press(page, "Annuler")
    shows(page, "Déjà là")


def test_cells_pasted_into_a_title_open_the_table(open_page: Open) -> None:
    page = open_page("/app", **HERE)

    page.get_by_label("Titre", exact=True).evaluate(
        """(field, text) => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            field.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
        }""",
        TABLE,
    )

    expect(page.get_by_role("heading", name="Ce qui a été lu")).to_be_focused()
    press(page, "Ajouter 2 événements")
    expect(title_fields(page)).to_have_count(2)


@pytest.mark.parametrize("script", [True, False])
def test_an_order_of_dates_that_nothing_settles_is_asked(script: bool, open_page: Open) -> None:
    page = open_page("/app", script=script, **HERE)
    page.get_by_text("Coller un tableau").click()
    page.get_by_label("Cellules copiées").fill("Title,Date\nBall,05/06/2026")
    press(page, "Lire ce tableau")
    expect(page.get_by_text("Rien dans la liste ne dit")).to_be_visible()

    page.get_by_label("Ordre des dates").select_option("mois puis jour (05/06 : 6 mai)")
    press(page, "Relire avec ces choix")
    press(page, "Ajouter 1 événement")

    expect(page.get_by_label("Jour", exact=True)).to_have_value("2026-05-06")


@pytest.mark.parametrize("script", [True, False])
def test_a_saved_list_opens_on_another_computer_and_updates(
    script: bool, open_page: Open, reads_back: ReadBack, tmp_path: Path
) -> None:
    page = open_page("/app", script=script, **HERE)
    write(page, 1, titre="Bal", jour="2026-07-14", debut="20:00", fin="23:00")
    before = reads_back(download(page))
    saved = tmp_path / "liste.json"
    saved.write_bytes(download(page, "Enregistrer la liste"))

    other = open_page("/app", script=script, **HERE)
    other.get_by_text("Coller un tableau").click()
    other.get_by_label("Fichier .json").set_input_files(saved)
    if not script:
        press(other, "Rouvrir")
    expect(other.get_by_label("Titre", exact=True)).to_have_value("Bal")

    assert [e["uid"] for e in reads_back(download(other))] == [e["uid"] for e in before]


def test_two_hundred_events_are_made_previewed_and_downloaded(
    open_page: Open, reads_back: ReadBack
) -> None:
    page = open_page("/app", **HERE)
    table = "Titre\tDate\tHoraire\n" + "".join(
        f"Cours {n}\t{n % 28 + 1:02}/{n % 12 + 1:02}/2026\t9h-10h30\n" for n in range(200)
    )
    page.get_by_text("Coller un tableau").click()
    page.get_by_label("Cellules copiées").fill(table)
    press(page, "Lire ce tableau")
    press(page, "Ajouter 200 événements")
    expect(page.locator(".event")).to_have_count(200)
    expect(page.get_by_role("region", name="Aperçu")).to_contain_text("200 événements")
    # By their place in the page: a role is looked for among thousands of names, for ten seconds.
    page.locator(".event").nth(99).locator("button", has_text="Retirer").click()
    expect(page.locator(".event")).to_have_count(199)
    page.reload()
    expect(page.locator(".event")).to_have_count(199)
    with page.expect_download() as waiting:
        page.locator("button", has_text="Télécharger le calendrier").click()

    assert len(reads_back(Path(waiting.value.path()).read_bytes())) == 199


@pytest.mark.parametrize(("width", "theme"), SCREENS)
def test_axe_finds_no_violation_in_any_state_of_the_form(
    width: int, theme: str, open_page: Open, audit: Audit
) -> None:
    page = open_page("/app", width=width, theme=theme, **HERE)
    assert audit(page) == []

    write(page, 1, titre="Nuit", jour="2026-10-25", debut="02:30", fin="05:00", lieu="Salle A")
    press(page, "Ajouter un événement")
    write(page, 2, titre="À finir")
    event(page, 1).get_by_text("Plus d’options").click()
    page.get_by_text("Coller un tableau").click()
    page.get_by_label("Cellules copiées").fill(TABLE)
    press(page, "Lire ce tableau")
    page.get_by_role("heading", name="Ce qui a été lu").wait_for()
    press(page, "Télécharger le calendrier")
    expect(page.get_by_role("alert").first).to_be_visible()
    assert audit(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("path", ["/app", "/en/app"])
def test_at_twice_the_zoom_the_form_is_not_cut_off(path: str, open_page: Open) -> None:
    page = open_page(path, width=640, device_scale_factor=2, **HERE)

    assert page.evaluate("document.documentElement.scrollWidth") <= 640


def test_the_form_and_all_it_loads_weigh_under_100_kilobytes(open_page: Open) -> None:
    page = open_page("/livez", **HERE)

    assert 0 < weight(page, page.url.replace("/livez", "/app")) < 100_000


def test_a_limit_or_a_store_that_is_down_is_said_above_a_list_that_is_still_there(
    open_page: Open, start_site: Callable[..., Any]
) -> None:
    with start_site(FORM_PER_MINUTE=1) as site:
        page = open_page(f"{site.url}/app", expected=("429 (Too Many Requests)",), **HERE)
        write(page, 1, titre="Bal", jour="2026-07-14", debut="20:00", fin="23:00")
        download(page)
        press(page, "Télécharger le calendrier")

        expect(page.get_by_role("alert").first).to_contain_text("Votre liste est intacte")
        shows(page, "Bal")
