"""The models endpoint."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.routing import Route

from visionspec.errors import show
from visionspec.models.generate import ListModelsResponse
from visionspec_mockserver import catalog
from visionspec_mockserver.http import ApiFault, json_response, page_query, require_key

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_PAGE_SIZE = 50
_MAX_PAGE_SIZE = 1000
_PLACE = re.compile(r"[0-9]{1,4}")  # a token says how many models came before


def routes(version: str) -> list[Route]:
    """The routes of one version of the API."""
    return [
        Route(f"/{version}/models", list_models, methods=["GET"]),
        Route(f"/{version}/models/{{model}}", get_model, methods=["GET"]),
        Route(f"/{version}/tunedModels", list_tuned, methods=["GET"]),
    ]


async def list_models(request: Request) -> Response:
    """A page of the models."""
    require_key(request)
    size, token = page_query(request)
    if (size or 0) < 0:
        raise ApiFault(400, f"page_size must not be negative: {size}")
    if not _PLACE.fullmatch(token or "0"):
        raise ApiFault(400, f"page_token is none that this server gave: {show(token)}")
    start = int(token or 0)
    end = start + min(size or _PAGE_SIZE, _MAX_PAGE_SIZE)
    page = ListModelsResponse(
        models=[entry.resource() for entry in catalog.ENTRIES[start:end]],
        next_page_token=str(end) if end < len(catalog.ENTRIES) else None,
    )
    return json_response(request, page.wire())


async def get_model(request: Request) -> Response:
    """One model."""
    require_key(request)
    name = request.path_params["model"]
    model = catalog.find(name)
    if model is None:
        version = request.scope["path"].split("/")[1]
        raise ApiFault(
            404,
            f"Model is not found: models/{name} for api version {version}",
        )
    return json_response(request, model.resource().wire())


async def list_tuned(request: Request) -> Response:
    """No model was ever tuned here."""
    require_key(request)
    return json_response(request, {})
