"""Servers whose files break one rule."""

from __future__ import annotations

import base64
import re
from typing import Any

from visionspec_conformance.breaks.uploads import commands, starts, uploads
from visionspec_conformance.broken import Answer, Call, Server, because, breaks, each, edited, refuse


def one_file(call: Call) -> bool:
    """GET or DELETE of a file."""
    return len(call.parts) == 3 and call.parts[1] == "files"


def the_list(call: Call) -> bool:
    """GET of a page of files."""
    return call.method == "GET" and call.parts[1:] == ["files"]


def files(call: Call) -> bool:
    """Whatever may show a file."""
    return uploads(call) or one_file(call) or the_list(call)


def _of_file(answer: Answer, **fields: Any) -> Answer:
    def change(value: dict[str, Any]) -> None:
        if str(value.get("name", "")).startswith("files/"):
            value.update(
                {
                    name: value[field[1:]] if str(field).startswith("=") else field
                    for name, field in fields.items()
                }
            )

    return edited(answer, lambda body: each(body, change))


@breaks(
    "files.resource",
    "test_the_resource_says_what_was_uploaded",
    where=files,
    related=because(
        "it compares sizeBytes with what was sent",
        "upload.finalize",
        "upload.repeated-chunk",
        "upload.any-content-type",
        "upload.query",
        "upload.multipart",
        "upload.empty-file",
        "upload.declared-size",
        "upload.broken-body",
    ),
)
async def size_as_a_number(call: Call, server: Server) -> Answer:
    def change(value: dict[str, Any]) -> None:
        if "sizeBytes" in value:
            value["sizeBytes"] = int(value["sizeBytes"])

    return edited(await server(call), lambda body: each(body, change))


@breaks("files.generated-id", "test_a_generated_id_is_lower_case_letters_and_digits")
async def ids_with_a_dash(call: Call, server: Server) -> Answer:
    answer = await server(
        call.but(path=call.path.replace("files/q-", "files/"), body=call.body.replace(b"files/q-", b"files/"))
    )
    plain = "upload" not in answer.headers.get("location", "") and answer.json() is not None
    return answer.but(body=re.sub(rb'files/([a-z0-9]+)"', rb'files/q-\1"', answer.body)) if plain else answer


@breaks("files.uri", "test_the_uri_ends_in_the_name_and_begins_with_https", where=files)
async def uri_of_http(call: Call, server: Server) -> Answer:
    answer = await server(call)
    return answer.but(body=answer.body.replace(b"https://generativelanguage", b"http://generativelanguage"))


@breaks("files.lifetime", "test_a_file_lives_48_hours", where=files)
async def expired_at_birth(call: Call, server: Server) -> Answer:
    return _of_file(await server(call), expirationTime="=createTime")


@breaks(
    "files.sha256",
    "test_the_digest_is_of_the_bytes",
    where=files,
    related=because(
        "it knows by the digest that the file has exactly the bytes that were sent",
        "upload.finalize",
        "upload.repeated-chunk",
        "upload.query",
        "upload.declared-size",
        "upload.broken-body",
    ),
)
async def another_digest(call: Call, server: Server) -> Answer:
    return _of_file(await server(call), sha256Hash=base64.b64encode(bytes(32)).decode("ascii"))


@breaks("files.get", "test_get_gives_the_file_unwrapped", where=one_file)
async def get_is_wrapped(call: Call, server: Server) -> Answer:
    answer = await server(call)
    return (
        answer.but(json_body={"file": answer.json()})
        if call.method == "GET" and answer.status == 200
        else answer
    )


@breaks(
    "files.name",
    "test_a_name_can_be_chosen",
    where=starts,
    related=because("a name has to be chosen before it can be taken", "files.name-taken"),
)
async def chosen_names_are_ignored(call: Call, server: Server) -> Answer:
    body = call.json()
    name = (body or {}).get("file", {}).get("name", "") if isinstance(body, dict) else ""
    fine = re.fullmatch("files/[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", name)
    return await server(call.but(json_body={"file": {}}) if fine else call)


@breaks("files.name", "test_a_name_that_is_none_is_refused", where=starts)
async def any_name_will_do(call: Call, server: Server) -> Answer:
    answer = await server(call)
    body = call.json()
    named = isinstance(body, dict) and "name" in body.get("file", {})
    return await server(call.but(json_body={"file": {}})) if answer.status == 400 and named else answer


@breaks("files.name-taken", "test_a_name_is_used_once", where=starts)
async def a_name_is_used_twice(call: Call, server: Server) -> Answer:
    answer = await server(call)
    return await server(call.but(json_body={"file": {}})) if answer.status == 409 else answer


@breaks("files.display-name", "test_a_display_name_has_at_most_512_characters", where=starts)
async def long_names_are_cut(call: Call, server: Server) -> Answer:
    body = call.json()
    name = body.get("file", {}).get("display_name", "") if isinstance(body, dict) else ""
    return await server(
        call.but(json_body={"file": {"display_name": name[:512]}}) if len(name) > 512 else call
    )


@breaks("files.list-paging", "test_pages_hold_every_file_once", where=the_list)
async def pages_overlap(call: Call, server: Server) -> Answer:
    return edited(await server(call), lambda body: body.get("files", []).extend(body.get("files", [])[:1]))


@breaks("files.list-paging", "test_a_page_token_that_is_none_is_refused", where=the_list)
async def odd_tokens_are_ignored(call: Call, server: Server) -> Answer:
    answer = await server(call)
    return await server(call.but(query="")) if answer.status == 400 else answer


@breaks("files.delete", "test_delete_is_answered_with_an_empty_object", where=one_file)
async def delete_says_nothing(call: Call, server: Server) -> Answer:
    answer = await server(call)
    return answer.but(body=b"") if call.method == "DELETE" and answer.status == 200 else answer


@breaks("files.delete", "test_what_was_deleted_is_gone", where=one_file)
async def nothing_is_deleted(call: Call, server: Server) -> Answer:
    if call.method != "DELETE":
        return await server(call)
    there = await server(call.but(method="GET"))
    return there.but(json_body={}) if there.status == 200 else there


@breaks("files.missing", "test_a_file_that_is_not_there_is_forbidden", where=one_file)
async def missing_files_are_not_found(call: Call, server: Server) -> Answer:
    answer = await server(call)
    return refuse(404, "NOT_FOUND") if answer.status == 403 else answer


@breaks("files.download", "test_an_uploaded_file_cannot_be_downloaded", where=one_file)
async def uploads_can_be_downloaded(call: Call, server: Server) -> Answer:
    if call.path.endswith(":download"):
        return Answer(200, {"content-type": "application/octet-stream"}, b"bytes")
    return await server(call)


@breaks("files.mime-types", "test_files_of_other_types_are_stored_too", where=commands)
async def only_images_are_stored(call: Call, server: Server) -> Answer:
    answer = await server(call)
    body = answer.json()
    kind = str(body["file"].get("mimeType")) if isinstance(body, dict) and "file" in body else "image/"
    return answer if kind.startswith(("image/", "application/octet-stream")) else refuse(400)
