"""The help: the same pages in every language, all links lead somewhere, F1 of each page finds its own."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from app.resource_files import resource
from app.viewmodels.text import LANGUAGES, use_language
from app.views.help_page import ORDER, HelpPage
from tests.app.views.windows import shown


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    yield
    use_language("en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_every_page_and_its_links_lead_to_one(language: str) -> None:
    pages = {path.stem: path.read_text("utf-8") for path in Path(str(resource(f"help/{language}"))).glob("*.md")}
    assert pages.keys() == set(ORDER)
    for text in pages.values():
        assert set(re.findall(r"\]\((\w[\w-]*)\.md\)", text)) <= set(ORDER)


@pytest.mark.parametrize("name", ORDER)
def test_a_translation_has_the_same_parts(name: str) -> None:
    english, french = (resource(f"help/{language}/{name}.md").read_text("utf-8") for language in ("en", "fr"))
    for part in (r"^#+ ", r"^- ", r"^\d\. ", r"^$", r"`"):
        assert len(re.findall(part, french, re.MULTILINE)) == len(re.findall(part, english, re.MULTILINE))


@pytest.mark.usefixtures("qapp")
def test_the_page_speaks_the_language_in_use(shot: Callable[[QWidget, str], Path]) -> None:
    use_language("fr")
    page = HelpPage()
    with shown(page, 1024, 672):
        page.show_topic("settings")
        QApplication.processEvents()
        assert "prochain démarrage de la console" in page.text.toPlainText()
        assert page.topics.currentItem().text() == "Paramètres"
        page.show_topic("monitoring")
        assert shot(page, "help-monitoring-fr").exists()
