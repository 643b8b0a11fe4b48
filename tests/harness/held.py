"""Forms that are on their way as long as a test wants: a slow network, or one that loses them."""

from __future__ import annotations

from playwright.sync_api import Page, Route


class Held:
    """Forms on their way, which arrive when they are let through."""

    def __init__(self, page: Page) -> None:
        self.page, self.routes, self.is_over = page, list[Route](), False
        page.route("**/*", self.take)

    def take(self, route: Route) -> None:
        """Only what changes something."""
        if route.request.method == "POST" and not self.is_over:
            self.routes.append(route)
        else:
            route.continue_()

    def let_through(self, *, lost: bool = False) -> None:
        """The first of them, or lose it; waits for it."""
        while not self.routes:
            self.page.wait_for_timeout(10)
        route = self.routes.pop(0)
        route.abort() if lost else route.continue_()

    def end(self) -> None:
        """From now on all arrive at once."""
        self.is_over = True
        for route in self.routes:
            route.continue_()
