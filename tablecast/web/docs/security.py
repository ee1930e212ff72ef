"""Keys in the OpenAPI document, if the server has them."""

from typing import Any

from tablecast.i18n.language import _
from tablecast.web.docs.answer_schemas import TEXT
from tablecast.web.docs.failures import problem_response
from tablecast.web.http.access import Access
from tablecast.web.http.roles import FORM, PUBLIC, role_of
from tablecast.web.http.sessions import COOKIE

#: Either will do.
REQUIREMENT: list[dict[str, list[str]]] = [{"key": []}, {"session": []}]


def secured(document: dict[str, Any], access: Access | None) -> dict[str, Any]:
    """The document with how to send a key, which routes want one, and how they refuse."""
    if access is None:
        return document
    components = document["components"]
    components["responses"] |= _refusals()
    if access.keyring:
        components["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "description": _("A key.")},
            "session": {
                "type": "apiKey", "in": "cookie", "name": COOKIE,
                "description": _("A browser that was signed in at /sign-in."),
            },
        }
        document["security"] = REQUIREMENT
    for path, item in document["paths"].items():
        for method, operation in item.items():
            role = role_of(method.upper(), path)
            _secure(operation, role, access, free=role == FORM and access.open_form)
    return document


def _secure(operation: dict[str, Any], role: str, access: Access, *, free: bool) -> None:
    if role == PUBLIC:
        operation["security"] = []
        return
    refusals = {"429": "TooManyRequests"}
    if access.keyring and not free:
        operation["x-role"] = role
        refusals |= {"401": "KeyMissing", "403": "RoleMissing"}
    for status, name in refusals.items():
        operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}


def _refusals() -> dict[str, Any]:
    waits = {"description": _("Seconds to wait."), "schema": {"type": "integer"}}
    challenge = {"description": _("How to send a key."), "schema": TEXT}
    return {
        "KeyMissing": problem_response(
            _("No key was sent, or one that is not valid."), {"WWW-Authenticate": challenge}
        ),
        "RoleMissing": problem_response(
            _("The key's role does not allow this."), {"WWW-Authenticate": challenge}
        ),
        "TooManyRequests": problem_response(_("Too many requests."), {"Retry-After": waits}),
    }
