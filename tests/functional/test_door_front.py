"""The bare address of the tool."""

from __future__ import annotations

from flask.testing import FlaskClient

from tests.harness.pages import Page


def test_the_bare_address_says_where_the_door_is(client: FlaskClient) -> None:
    """In the reader's language, for anybody, and it leads nowhere else."""
    english = client.get("/")
    french = client.get("/", headers={"Accept-Language": "fr-FR"})
    for answer, words in ((english, "Open this from your course"), (french, "depuis votre cours")):
        page = Page("/", answer.status_code, dict(answer.headers), answer.get_data(as_text=True))
        assert page.status == 200
        page.check_html()
        assert words in page.words
        assert "Accept-Language" in answer.headers["Vary"]
        assert "Set-Cookie" not in answer.headers
    assert 'lang="fr"' in french.text
