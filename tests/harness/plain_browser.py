"""A browser without JavaScript: cookies by the rules of an embedded page, redirects, forms, launches.

It stands in the platform's page, so another site's cookie is kept only if it is Secure, SameSite=None and
Partitioned: what browsers do that block third-party cookies.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import requests

from tests.harness.pages import Form, Page

MAX_REDIRECTS = 10
LAUNCH_FORM = "ltiLaunchForm"


@dataclass(frozen=True)
class Cookie:
    """One cookie as a server set it."""

    host: str
    path: str
    name: str
    value: str
    attributes: frozenset[str]

    def goes_to(self, url: str) -> bool:
        """Whether this cookie belongs to the host and path of an address."""
        parts = urlsplit(url)
        path = parts.path or "/"
        below = path == self.path or path.startswith(self.path.rstrip("/") + "/")
        return parts.hostname == self.host and below


class PlainBrowser:
    """One browser profile whose tabs stand on the pages of `top_host`."""

    def __init__(self, top_host: str = "127.0.0.1", language: str = "en") -> None:
        self.top_host = top_host
        self.language = language
        self.cookies: dict[tuple[str, str, str], Cookie] = {}

    def get(self, url: str, *, referrer: str | None = None, **headers: str) -> Page:
        """Open an address."""
        return self._request("GET", url, None, referrer, headers)

    def post(self, url: str, data: object = None, *, referrer: str | None = None, **headers: str) -> Page:
        """Send a form's fields. `referrer` is the page the form stands on; None = a page of the same site."""
        return self._request("POST", url, data, referrer or url, headers)

    def submit(self, page: Page, form: Form | str, **changes: str | list[str]) -> Page:
        """Send a form of a page with some fields changed."""
        chosen = page.form(form) if isinstance(form, str) else form
        if chosen.method == "get":
            query = requests.models.RequestEncodingMixin._encode_params(chosen.filled(changes))
            return self.get(f"{chosen.action.split('?')[0]}?{query}", referrer=page.url)
        return self.post(chosen.action, chosen.filled(changes), referrer=page.url)

    def click(self, page: Page, pattern: str) -> Page:
        """Follow the first link whose words match."""
        return self.get(page.link(pattern), referrer=page.url)

    def follow_launch(self, page: Page) -> Page:
        """Send the forms that send themselves, until a page stays."""
        for _ in range(MAX_REDIRECTS):
            waiting = [form for form in page.forms if form.element.get("id") == LAUNCH_FORM]
            if not waiting:
                return page
            page = self.submit(page, waiting[0])
        raise AssertionError(f"the launch goes round in circles at {page.url}")

    def _request(
        self, method: str, url: str, data: object, referrer: str | None, extra: dict[str, str]
    ) -> Page:
        passed: list[str] = []
        while True:
            answer = requests.request(
                method,
                url,
                data=data,
                headers=self._headers(method, url, referrer) | extra,
                allow_redirects=False,
                timeout=60,
            )
            self._keep_cookies(url, answer)
            if not answer.is_redirect:
                return Page(url, answer.status_code, dict(answer.headers), answer.text, tuple(passed))
            assert len(passed) < MAX_REDIRECTS, f"too many redirects: {passed}"
            passed.append(url)
            if answer.status_code in (301, 302, 303):
                method, data = "GET", None
            url = urljoin(url, answer.headers["Location"])

    def _headers(self, method: str, url: str, referrer: str | None) -> dict[str, str]:
        headers = {"Accept-Language": self.language, "Accept": "text/html"}
        cookies = [cookie for cookie in self.cookies.values() if cookie.goes_to(url)]
        if cookies:
            headers["Cookie"] = "; ".join(f"{cookie.name}={cookie.value}" for cookie in cookies)
        if referrer:
            same_origin = urlsplit(referrer)[:2] == urlsplit(url)[:2]
            headers["Sec-Fetch-Site"] = "same-origin" if same_origin else "cross-site"
        if method == "POST" and referrer:
            headers["Origin"] = "{0.scheme}://{0.netloc}".format(urlsplit(referrer))
        return headers

    def _keep_cookies(self, url: str, answer: requests.Response) -> None:
        host = urlsplit(url).hostname or ""
        for line in answer.raw.headers.getlist("Set-Cookie"):
            cookie, lives = _parse(host, line)
            if not lives:
                self.cookies.pop((cookie.host, cookie.path, cookie.name), None)
            elif host == self.top_host or {"secure", "samesite=none", "partitioned"} <= cookie.attributes:
                self.cookies[cookie.host, cookie.path, cookie.name] = cookie


def _parse(host: str, line: str) -> tuple[Cookie, bool]:
    """A Set-Cookie line, by hand: the standard library drops cookies with attributes it does not know."""
    pair, *rest = (part.strip() for part in line.split(";"))
    name, _, value = pair.partition("=")
    attributes = {part.lower() for part in rest}
    path = next((part[5:] for part in rest if part.lower().startswith("path=")), "/")
    return Cookie(host, path, name, value.strip('"'), frozenset(attributes)), "max-age=0" not in attributes
