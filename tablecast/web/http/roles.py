"""The role that each route and method needs. Any other route needs the administrator's."""

#: Open to everybody: whether the server lives, what its pages are drawn with, where one signs in.
PUBLIC = "public"

#: Open where the setting TABLECAST_FORM is "open", else for whoever may ask.
FORM = "form"

ASK, BATCH, WATCH, ADMIN = "ask", "batch", "watch", "admin"

#: Each page adds its own; see ``navigation``.
ROLES: dict[tuple[str, str], str] = {
    ("GET", "/healthz"): PUBLIC,
    ("GET", "/readyz"): PUBLIC,
    ("GET", "/static/<path:filename>"): PUBLIC,
    ("GET", "/accent.css"): PUBLIC,
    ("GET", "/sign-in"): PUBLIC,
    ("POST", "/sign-in"): PUBLIC,
    ("POST", "/sign-out"): PUBLIC,
    ("POST", "/predict"): FORM,
    ("GET", "/openapi.json"): ASK,
    ("GET", "/api/v1/model"): ASK,
    ("POST", "/predict_api"): ASK,
    ("POST", "/api/v1/predict"): ASK,
    ("GET", "/batch/template.csv"): BATCH,
    ("POST", "/batch"): BATCH,
    ("GET", "/metrics"): WATCH,
    # Only where there is a prediction log.
    ("POST", "/api/v1/outcomes"): ASK,
    ("GET", "/api/v1/watch"): WATCH,
    ("GET", "/outcome"): FORM,
    ("POST", "/outcome"): FORM,
    ("POST", "/outcome/file"): BATCH,
}


def role_of(method: str, rule: str) -> str:
    """The role that a route wants; the administrator's where the table does not know it."""
    return ROLES.get(("GET" if method == "HEAD" else method, rule), ADMIN)
