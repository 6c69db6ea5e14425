"""Files: their resource, get, list, delete, and what is said of a file that is not there."""

from __future__ import annotations

import base64
import hashlib
import re
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visionspec_conformance.judge import expect, expect_that
from visionspec_conformance.server import talk
from visionspec_conformance.strategies import MIME_TYPES, pictures

if TYPE_CHECKING:
    from collections.abc import Callable

    from visionspec_conformance.strategies import Picture
    from visionspec_conformance.target import Target


def fresh_id() -> str:
    """The id of a file that nobody has used."""
    return f"vs-{uuid.uuid4().hex[:24]}"


@pytest.mark.schema
@pytest.mark.rule("files.resource")
@given(pictures())
def test_the_resource_says_what_was_uploaded(target: Target, picture: Picture) -> None:
    file = talk.upload(target, picture.data, picture.mime_type, {"displayName": "a picture"})
    expect_that(str(file["name"]).startswith("files/"), "a name files/ID", file["name"])
    expect(file.get("mimeType"), picture.mime_type, "mimeType")
    expect(file.get("sizeBytes"), str(len(picture.data)), "sizeBytes")
    expect(file.get("displayName"), "a picture", "displayName")
    expect_that(
        file.get("state") in {"ACTIVE", "PROCESSING"}, "state ACTIVE or PROCESSING", file.get("state")
    )


@pytest.mark.schema
@pytest.mark.rule("files.generated-id")
def test_a_generated_id_is_lower_case_letters_and_digits(target: Target) -> None:
    file_id = str(talk.upload(target, talk.DOT)["name"]).removeprefix("files/")
    expect_that(re.fullmatch("[a-z0-9]{1,40}", file_id), "an id of 1 to 40 of a-z and 0-9", file_id)


@pytest.mark.schema
@pytest.mark.rule("files.uri")
def test_the_uri_ends_in_the_name_and_begins_with_https(target: Target) -> None:
    file = talk.upload(target, talk.DOT)
    uri = str(file.get("uri"))
    expect_that(
        re.fullmatch("https://.+/" + re.escape(str(file["name"])), uri), f"https://.../{file['name']}", uri
    )


@pytest.mark.schema
@pytest.mark.rule("files.lifetime")
def test_a_file_lives_48_hours(target: Target) -> None:
    file = talk.upload(target, talk.DOT)
    lifetime = talk.moment(file, "expirationTime") - talk.moment(file, "createTime")
    # recorded answers were short of it by up to 1.3 s
    expect_that(abs(lifetime - timedelta(hours=48)) <= timedelta(seconds=2), "48 hours", str(lifetime))


@pytest.mark.schema
@pytest.mark.rule("files.sha256")
def test_the_digest_is_of_the_bytes(target: Target, note: Callable[[str], None]) -> None:
    told = base64.b64decode(str(talk.dig(talk.upload(target, talk.DOT), "sha256Hash")))
    right = hashlib.sha256(talk.DOT)
    expect_that(
        told in {right.digest(), right.hexdigest().encode()}, f"SHA-256 {right.hexdigest()}", told.hex()
    )
    if told == right.digest():
        note("base64 of the digest's 32 bytes, not of its hex digits")


@pytest.mark.rule("files.get")
@given(pictures(["image/png", "image/jpeg"]))
def test_get_gives_the_file_unwrapped(target: Target, picture: Picture) -> None:
    file = talk.upload(target, picture.data, picture.mime_type)
    reply = target.send("GET", f"/{{v}}/{file['name']}")
    expect(reply.status, 200, "status")
    got = reply.object()
    same = ("name", "uri", "mimeType", "sizeBytes", "createTime", "sha256Hash")
    expect({key: got.get(key) for key in same}, {key: file.get(key) for key in same}, "the file")


@pytest.mark.rule("files.name")
def test_a_name_can_be_chosen(target: Target) -> None:
    name = f"files/{fresh_id()}"
    file = talk.upload(target, talk.DOT, file={"name": name})
    expect(file["name"], name, "name of the file")
    expect(target.send("GET", f"/{{v}}/{name}").status, 200, "status of get by the chosen name")


@pytest.mark.rule("files.name")
@given(
    st.sampled_from(
        ["files/UPPER", "files/-a", "files/a-", "files/a_b", "files/" + "a" * 41, "nofiles/a", "files/"]
    )
)
def test_a_name_that_is_none_is_refused(target: Target, name: str) -> None:
    reply = talk.start_reply(target, size_bytes=len(talk.DOT), file={"name": name})
    expect(reply.status, 400, f"status of a start with the name {name!r}")


@pytest.mark.rule("files.name-taken")
def test_a_name_is_used_once(target: Target) -> None:
    file = talk.upload(target, talk.DOT, file={"name": f"files/{fresh_id()}"})
    reply = talk.start_reply(target, size_bytes=len(talk.DOT), file={"name": file["name"]})
    expect(reply.status, 409, "status of a start with a name that is taken")


@pytest.mark.rule("files.display-name")
def test_a_display_name_has_at_most_512_characters(target: Target) -> None:
    fine = talk.start_reply(target, size_bytes=1, file={"display_name": "n" * 512})
    expect(fine.status, 200, "status of a start with a display name of 512 characters")
    long = talk.start_reply(target, size_bytes=1, file={"display_name": "n" * 513})
    expect(long.status, 400, "status of a start with a display name of 513 characters")


@pytest.mark.rule("files.list-paging")
@given(st.sampled_from([7, 50, 100]))
def test_pages_hold_every_file_once(target: Target, size: int) -> None:
    names = {str(talk.upload(target, talk.DOT)["name"]) for _ in range(3)}
    seen: list[str] = []
    token = ""
    for _ in range(200):
        reply = target.send(
            "GET", f"/{{v}}/files?pageSize={size}" + (f"&pageToken={talk.word(token)}" if token else "")
        )
        expect(reply.status, 200, "status of a page")
        page = reply.object()
        files = page.get("files", [])
        expect_that(len(files) <= size, f"at most {size} files in a page", len(files))
        seen += [str(talk.dig(file, "name")) for file in files]
        token = page.get("nextPageToken", "")
        if not token or names <= set(seen):
            break
    expect_that(names <= set(seen), "every uploaded file in the pages", sorted(names - set(seen)))
    expect(len(seen), len(set(seen)), "number of different files in the pages")


@pytest.mark.rule("files.list-paging")
def test_a_page_token_that_is_none_is_refused(target: Target) -> None:
    reply = talk.there(target.send("GET", "/{v}/files?pageToken=visionspec-none"))
    expect(reply.status, 400, "status of a list with a made-up pageToken")


@pytest.mark.schema
@pytest.mark.rule("files.delete")
def test_delete_is_answered_with_an_empty_object(target: Target) -> None:
    file = talk.upload(target, talk.DOT)
    reply = target.send("DELETE", f"/{{v}}/{file['name']}")
    expect(reply.status, 200, "status")
    expect(reply.object(), {}, "body")


@pytest.mark.rule("files.delete")
@given(st.booleans())
def test_what_was_deleted_is_gone(target: Target, with_body: bool) -> None:  # noqa: FBT001 - drawn
    file = talk.upload(target, talk.DOT)
    body = b"{}" if with_body else None
    reply = target.send(
        "DELETE", f"/{{v}}/{file['name']}", content=body, headers={"content-type": "application/json"}
    )
    if reply.status != 200:
        talk.unmet("the file was not deleted", reply)
    got = target.send("GET", f"/{{v}}/{file['name']}")
    expect_that(got.status in {403, 404}, "403 or 404 for a deleted file", got.status)


@pytest.mark.rule("files.missing")
@given(st.sampled_from(["GET", "DELETE"]))
def test_a_file_that_is_not_there_is_forbidden(target: Target, method: str) -> None:
    file_id = fresh_id().replace("-", "")
    reply = target.send(method, f"/{{v}}/files/{file_id}")
    expect(reply.status, 403, "status")
    expect(talk.dig(reply.object(), "error", "status"), "PERMISSION_DENIED", "error.status")


@pytest.mark.rule("files.download")
def test_an_uploaded_file_cannot_be_downloaded(target: Target) -> None:
    file = talk.upload(target, talk.DOT)
    reply = target.send("GET", f"/{{v}}/{file['name']}:download?alt=media")
    expect_that(400 <= reply.status < 500, "a refusal", reply.status)


@pytest.mark.rule("files.mime-types")
@given(st.sampled_from([*MIME_TYPES, "image/gif", "video/mp4", "application/pdf", "text/plain"]))
def test_files_of_other_types_are_stored_too(target: Target, mime_type: str) -> None:
    session = talk.start(target, size_bytes=len(talk.DOT), mime_type=mime_type)
    reply = session.command("upload, finalize", offset=0, data=talk.DOT)
    expect(reply.status, 200, f"status of the end of an upload of {mime_type}")
    expect(talk.dig(reply.object(), "file", "mimeType"), mime_type, "mimeType of the file")
