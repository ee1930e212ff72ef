"""The pages in the header's navigation, as their blueprints declare them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Blueprint, Flask, current_app, request
from flask.typing import RouteCallable

from tablecast.i18n.language import _
from tablecast.web.http.roles import ROLES

View = TypeVar("View", bound=RouteCallable)


@dataclass(frozen=True)
class Page:
    """One page.

    Attributes:
        endpoint: what ``url_for`` calls it.
        title: its name in the navigation, a message of the catalogue.
        order: where it stands there; the lowest is first.
    """

    endpoint: str
    title: str
    order: int


@dataclass(frozen=True)
class Link:
    """A page as the header shows it."""

    endpoint: str
    title: str
    is_here: bool


class PageBlueprint(Blueprint):
    """A blueprint of pages: links to it keep the language that the reader has asked for."""

    def __init__(self, name: str, import_name: str, **options: Any) -> None:
        super().__init__(name, import_name, **options)
        self.pages: list[Page] = []

    def page(
        self, rule: str, *, title: str, order: int, role: str
    ) -> Callable[[View], View]:
        """A view that the header leads to.

        Args:
            rule: its address.
            title, order: see ``Page``.
            role: who may open it, where keys are asked for; see ``roles``.
        """

        def add(view: View) -> View:
            self.pages.append(Page(f"{self.name}.{view.__name__}", title, order))
            ROLES[("GET", rule)] = role
            return self.get(rule)(view)

        return add


def install(app: Flask) -> None:
    """Let templates know the pages of an application."""
    app.jinja_env.globals["navigation"] = navigation


def navigation() -> list[Link]:
    """The links of the header, in their order."""
    pages = [
        (page, blueprint is current_app.blueprints.get(request.blueprint or ""))
        for blueprint in current_app.blueprints.values()
        if isinstance(blueprint, PageBlueprint)
        for page in blueprint.pages
    ]
    pages.sort(key=lambda page: page[0].order)
    return [Link(page.endpoint, _(page.title), is_here) for page, is_here in pages]


def is_page(endpoint: str) -> bool:
    """Whether an endpoint belongs to pages, and not to programs."""
    blueprint = current_app.blueprints.get(endpoint.rpartition(".")[0])
    return isinstance(blueprint, PageBlueprint)
