"""Values for the templates of the API. They come from our own specification, so none of them is hostile."""

from driftsentry.api.reading import Input, Operation


def values_of(name: str) -> dict[str, object]:
    if not name.startswith("api/"):
        return {}
    inputs = [Input("page", "query", "integer 1..", False, "From 1."), Input("reason", "body", "text", True, "")]
    statuses = [("200", "Done."), ("404", "There is no such thing.")]
    operation = Operation(
        "list_drifts", "GET", "/api/v1/drifts", "Drifts", ["All."], "Anybody.", inputs, statuses, "{}"
    )
    return {
        "groups": {"drifts": [operation]},
        "about": {"version": "1", "description": "The API."},
        "server": "http://127.0.0.1:8000",
    }
