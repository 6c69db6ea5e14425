"""The scripts and the faults of a server, as ``/_mock/scripts`` and ``/_mock/faults`` show and take them.

::

    GET     /_mock/scripts         all of them, with their counts
    PUT     /_mock/scripts         these instead of those that were put or posted before
    POST    /_mock/scripts         one more, or a list of them
    DELETE  /_mock/scripts         none of those that were put or posted
    GET     /_mock/scripts/NAME    one of them
    DELETE  /_mock/scripts/NAME    without this one

What the server was started with stays. What comes this way cannot name files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from visionspec_mockserver.core import mock_of
from visionspec_mockserver.http import ApiFault, json_response, read_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from visionspec_mockserver.faults.plan import Faults
    from visionspec_mockserver.scripts.book import Scripts

    Endpoint = Callable[[Request], Awaitable[Response]]


def routes(guarded: Callable[[Endpoint], Endpoint]) -> list[Route]:
    """The routes of both."""
    methods = ["GET", "PUT", "POST", "DELETE"]
    return [
        route
        for kind in ("scripts", "faults")
        for route in (
            Route(f"/{kind}", guarded(_all_of(kind)), methods=methods),
            Route(f"/{kind}/{{name:path}}", guarded(_one_of(kind)), methods=["GET", "DELETE"]),
        )
    ]


def _plan(request: Request, kind: str) -> Scripts | Faults:
    mock = mock_of(request)
    return mock.scripts if kind == "scripts" else mock.faults


def _all_of(kind: str) -> Endpoint:
    async def all_of(request: Request) -> Response:
        plan = _plan(request, kind)
        if request.method == "PUT":
            plan.replace(await read_json(request))
        elif request.method == "POST":
            body = await read_json(request)
            plan.extend(body if isinstance(body, list) else [body])
        elif request.method == "DELETE":
            plan.clear()
        await mock_of(request).scripts.refresh()
        return json_response(request, plan.state())

    return all_of


def _one_of(kind: str) -> Endpoint:
    async def one_of(request: Request) -> Response:
        plan, name = _plan(request, kind), request.path_params["name"]
        if request.method == "DELETE":
            if not plan.remove(name):
                raise ApiFault(404, f"Nothing that was put or posted here is named {name[:80]!r}.")
            return json_response(request, {})
        await mock_of(request).scripts.refresh()
        found = [one for one in plan.state()[kind] if one["name"] == name]
        if not found:
            raise ApiFault(404, f"Nothing here is named {name[:80]!r}.")
        return json_response(request, found[0])

    return one_of
