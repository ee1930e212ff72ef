"""The pages for people. A module in this folder is one: its ``blueprint`` says its title and place.

A page is its module here, its template, its tests and its words in the catalogue; the navigation,
links in the reader's language and who may open it follow from the blueprint.
"""

from importlib import import_module
from pkgutil import iter_modules

from tablecast.web.http.navigation import PageBlueprint


def blueprints() -> list[PageBlueprint]:
    """The blueprint of every module in this folder."""
    names = [module.name for module in iter_modules(__path__)]
    return [import_module(f"{__name__}.{name}").blueprint for name in names]
