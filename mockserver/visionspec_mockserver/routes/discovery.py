"""What Google's API client libraries read before they ask anything: which methods there are, and where.

``google-generativeai`` fetches it before its first upload. No more is described than those libraries need.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from starlette.routing import Route

from visionspec.errors import show
from visionspec.rules.limits import MAX_FILE_BYTES
from visionspec_mockserver.http import ApiFault, json_response, origin
from visionspec_mockserver.paths import VERSIONS

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_METHODS: Final = (
    # resource, method, HTTP method, path
    ("media", "upload", "POST", "files"),
    ("files", "list", "GET", "files"),
    ("files", "get", "GET", "{+name}"),
    ("files", "delete", "DELETE", "{+name}"),
    ("models", "list", "GET", "models"),
    ("models", "get", "GET", "{+name}"),
    ("models", "generateContent", "POST", "{+model}:generateContent"),
    ("models", "streamGenerateContent", "POST", "{+model}:streamGenerateContent"),
    ("models", "countTokens", "POST", "{+model}:countTokens"),
)
_IN_PATH: Final = re.compile(r"\{\+(\w+)\}")
_IN_QUERY: Final = ("alt", "fields", "key", "prettyPrint", "quotaUser")
_MESSAGE: Final = {"Message": {"id": "Message", "type": "object"}}


def routes() -> list[Route]:
    """The document, once for all versions of the API."""
    return [Route("/$discovery/rest", discover, methods=["GET"])]


async def discover(request: Request) -> Response:
    """The methods of one version, at the host that the request came to; no key is asked for."""
    version = request.query_params.get("version", "v1beta")
    if version not in VERSIONS:
        raise ApiFault(404, f"Discovery document not found for API version {show(version)}.")
    return json_response(request, _document(version, f"{origin(request)}/"))


def _document(version: str, root: str) -> dict[str, Any]:
    resources: dict[str, Any] = {}
    for resource, name, verb, path in _METHODS:
        methods = resources.setdefault(resource, {"methods": {}})["methods"]
        methods[name] = {
            "id": f"generativelanguage.{resource}.{name}",
            "path": f"{version}/{path}",
            "httpMethod": verb,
            **_parameters(resource, verb, path),
            "response": {"$ref": "Message"},
            **({"request": {"$ref": "Message"}} if verb == "POST" else {}),
        }
    upload = {"multipart": True, "path": f"/upload/{version}/files"}
    resources["media"]["methods"]["upload"] |= {
        "supportsMediaUpload": True,
        "mediaUpload": {
            "accept": ["*/*"],
            "maxSize": str(MAX_FILE_BYTES),
            "protocols": {"simple": upload, "resumable": {**upload, "path": f"/resumable{upload['path']}"}},
        },
    }
    return {
        "kind": "discovery#restDescription",
        "discoveryVersion": "v1",
        "id": f"generativelanguage:{version}",
        "name": "generativelanguage",
        "version": version,
        "protocol": "rest",
        "rootUrl": root,
        "servicePath": "",
        "baseUrl": root,
        "batchPath": "batch",
        "parameters": {name: {"type": "string", "location": "query"} for name in _IN_QUERY},
        "schemas": _MESSAGE,
        "resources": resources,
    }


def _parameters(collection: str, verb: str, path: str) -> dict[str, Any]:
    match = _IN_PATH.match(path)
    if match:
        parameter = {
            "type": "string",
            "location": "path",
            "required": True,
            "pattern": f"^{collection}/[^/]+$",
        }
        return {"parameters": {match[1]: parameter}, "parameterOrder": [match[1]]}
    if verb == "GET":
        size = {"type": "integer", "format": "int32", "location": "query"}
        return {"parameters": {"pageSize": size, "pageToken": {"type": "string", "location": "query"}}}
    return {}
