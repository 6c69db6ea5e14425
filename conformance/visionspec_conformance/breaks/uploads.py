"""Servers whose uploads break one rule."""

from __future__ import annotations

import json

from visionspec_conformance.broken import (
    Answer,
    Break,
    Call,
    Server,
    because,
    breaks,
    edited,
    refuse,
    remembering,
)

VERBS = {"start", "upload", "upload, finalize", "finalize", "query", "cancel"}
UNIT = 256 * 1024  # the mock's granularity


def uploads(call: Call) -> bool:
    """A request of the upload protocol."""
    return call.path.startswith("/upload/")


def starts(call: Call) -> bool:
    """The start of an upload."""
    return uploads(call) and not call.upload_id and call.headers.get("x-goog-upload-protocol") == "resumable"


def commands(call: Call) -> bool:
    """A command to an upload that was started."""
    return uploads(call) and bool(call.upload_id)


def multipart(call: Call) -> bool:
    """An upload in one request."""
    return uploads(call) and call.headers.get("content-type", "").startswith("multipart/related")


@breaks("upload.start", "test_a_start_opens_an_upload", where=starts)
async def start_without_active(call: Call, server: Server) -> Answer:
    return (await server(call)).said(x_goog_upload_status=None)


@breaks("upload.start", "test_an_upload_starts_once", where=commands)
async def second_start_is_fine(call: Call, server: Server) -> Answer:
    answer = await server(call)
    over = "x-goog-upload-status" in answer.headers
    return answer if over or call.command != "start" else Answer(200, {"x-goog-upload-status": "active"})


@breaks("upload.url-header", "test_the_url_is_absolute_and_of_the_host_that_was_asked", where=starts)
async def url_of_another_host(call: Call, server: Server) -> Answer:
    answer = await server(call)
    url = answer.headers.get("x-goog-upload-url", "").replace("127.0.0.1", "localhost")
    return answer.said(x_goog_upload_url=url or None)


@breaks(
    "upload.status-header",
    "test_every_reply_says_the_state_in_lower_case",
    where=commands,
    related=because("it looks for the same word in the same reply", "upload.cancel"),
)
async def cancelled_in_upper_case(call: Call, server: Server) -> Answer:
    answer = await server(call)
    given_up = call.command == "cancel" and answer.status == 200
    return answer.said(x_goog_upload_status="CANCELLED") if given_up else answer


@breaks(
    "upload.exactly-200",
    "test_what_succeeds_is_answered_200",
    where=commands,
    related=because("it demands that a query is answered 200", "upload.query"),
)
async def a_query_is_answered_201(call: Call, server: Server) -> Answer:
    answer = await server(call)
    return answer.but(status=201) if call.command == "query" and answer.status == 200 else answer


@breaks(
    "upload.final-body",
    "test_the_last_reply_holds_the_file",
    where=commands,
    related=because("it compares the names in two last replies", "upload.repeat-after-final"),
)
async def the_file_has_no_name(call: Call, server: Server) -> Answer:
    return edited(await server(call), lambda body: body.get("file", {}).pop("name", None))


@breaks("upload.versions", "test_every_version_takes_uploads", where=uploads)
async def only_v1beta(call: Call, server: Server) -> Answer:
    return await server(call) if "v1beta" in call.parts else refuse(404, "NOT_FOUND")


@breaks("upload.start-body", "test_the_body_of_a_start_is_read_in_either_spelling", where=starts)
async def start_body_is_ignored(call: Call, server: Server) -> Answer:
    return await server(call.but(json_body={"file": {}}) if b"either spelling" in call.body else call)


@breaks("upload.start-body-quotes", "test_the_single_quotes_of_the_samples_are_read", where=starts)
async def strict_json_at_the_start(call: Call, server: Server) -> Answer:
    try:
        json.loads(call.body or b"{}")
    except ValueError:
        return refuse(400)
    return await server(call)


@breaks("upload.header-length", "test_the_headers_declare_type_and_size", where=starts)
async def declared_type_is_ignored(call: Call, server: Server) -> Answer:
    declared = call.headers.get("x-goog-upload-header-content-type")
    wrong = call.said(x_goog_upload_header_content_type="image/bmp")
    return await server(wrong if declared == "audio/flac" else call)


@breaks("upload.header-length", "test_a_length_that_is_no_number_is_refused", where=starts)
async def any_length_will_do(call: Call, server: Server) -> Answer:
    length = call.headers.get("x-goog-upload-header-content-length", "0")
    fine = length.isdecimal() and len(length) < 19
    return await server(call if fine else call.said(x_goog_upload_header_content_length=None))


@breaks("upload.file-name", "test_a_file_name_may_come_along", where=starts)
async def file_names_are_refused(call: Call, server: Server) -> Answer:
    return refuse(400) if "x-goog-upload-file-name" in call.headers else await server(call)


@breaks(
    "upload.url-is-capability",
    "test_the_url_is_permission_enough",
    where=commands,
    related=because(
        "its uploads end at their URL too, without a key",
        "upload.finalize",
        "upload.repeated-chunk",
        "upload.any-content-type",
        "upload.expect-continue",
        "upload.command",
        "upload.empty-file",
        "files.mime-types",
    ),
)
async def the_end_needs_a_key(call: Call, server: Server) -> Answer:
    answer = await server(call)
    ended = call.command == "upload, finalize" and answer.status == 200
    return refuse(403, "PERMISSION_DENIED") if ended and "x-goog-api-key" not in call.headers else answer


@breaks("upload.any-content-type", "test_the_body_of_a_chunk_is_bytes_whatever_its_type_says", where=commands)
async def chunk_body_is_parsed(call: Call, server: Server) -> Answer:
    wrong = call.headers.get("content-type") == "application/json" and call.json() is None and call.body
    return refuse(400) if wrong else await server(call)


@breaks("upload.expect-continue", "test_a_chunk_may_be_announced", where=commands)
async def expectation_failed(call: Call, server: Server) -> Answer:
    return Answer(417) if "expect" in call.headers else await server(call)


@breaks("upload.command", "test_a_command_is_read_in_any_case_and_spacing", where=commands)
async def commands_by_the_letter(call: Call, server: Server) -> Answer:
    said = call.headers.get("x-goog-upload-command", "")
    return await server(call) if said == call.command and said == said.lower() else refuse(400)


@breaks("upload.command", "test_what_is_no_command_is_refused", where=commands)
async def any_word_is_upload(call: Call, server: Server) -> Answer:
    answer = await server(call)
    if answer.status == 400 and call.command not in VERBS:
        return Answer(200, {"x-goog-upload-status": "active"})
    return answer


@breaks("upload.command", "test_only_chunks_have_a_body", where=commands)
async def bodies_are_dropped(call: Call, server: Server) -> Answer:
    return await server(call if call.command.startswith("upload") else call.but(body=b""))


@breaks("upload.refused-type", "test_a_type_that_is_none_is_refused_at_the_end", where=starts)
async def any_type_is_taken(call: Call, server: Server) -> Answer:
    declared = call.headers.get("x-goog-upload-header-content-type")
    plain = call.said(x_goog_upload_header_content_type=None)
    return await server(plain if declared == "bad/mime_type" else call)


@breaks("upload.multipart", "test_a_file_comes_in_one_request", where=multipart)
async def multipart_is_not_known(call: Call, server: Server) -> Answer:
    del call, server
    return refuse(400)


@breaks("upload.empty-file", "test_a_file_may_be_empty", where=commands)
async def empty_files_are_refused(call: Call, server: Server) -> Answer:
    empty = call.command == "upload, finalize" and not call.body and call.offset == 0
    return refuse(400) if empty else await server(call)


@breaks("upload.unknown-session", "test_a_url_of_no_upload_is_not_found", where=commands)
async def unknown_uploads_are_bad_requests(call: Call, server: Server) -> Answer:
    answer = await server(call)
    return answer.but(status=400) if answer.status == 404 else answer


@breaks(
    "upload.chunk",
    "test_chunks_in_order_are_taken",
    where=commands,
    related=because("it needs a third chunk, too", "upload.repeated-chunk", "upload.granularity"),
)
async def no_third_chunk(call: Call, server: Server) -> Answer:
    answer = await server(call)
    third = call.command == "upload" and call.offset >= 2 * UNIT and answer.status == 200
    return refuse(400) if third else answer


@breaks(
    "upload.finalize",
    "test_an_upload_ends_with_exactly_its_bytes",
    where=commands,
    related=because("it says the end again as finalize alone, too", "upload.repeat-after-final"),
)
async def finalize_alone_is_unknown(call: Call, server: Server) -> Answer:
    answer = await server(call)
    return answer.but(status=400) if call.command == "finalize" and answer.status == 200 else answer


@breaks("upload.chunk-size", "test_the_chunk_of_the_sdks_is_taken", where=commands)
async def small_chunks_only(call: Call, server: Server) -> Answer:
    return refuse(413) if len(call.body) >= 8 * 1024 * 1024 else await server(call)


@remembering(
    "upload.repeated-chunk",
    "test_a_chunk_may_come_again",
    "test_any_schedule_ends_with_exactly_the_bytes",
    where=commands,
)
def a_repeat_is_a_conflict() -> Break:
    received: dict[str, int] = {}

    async def again(call: Call, server: Server) -> Answer:
        known = received.get(call.upload_id, 0)
        if call.command == "upload" and call.offset < known and call.offset + len(call.body) <= known:
            return refuse(409)
        answer = await server(call)
        if call.command == "upload" and answer.status == 200:
            received[call.upload_id] = max(known, call.offset + len(call.body))
        return answer

    return again


@breaks(
    "upload.offset-mismatch",
    "test_a_gap_is_refused",
    where=commands,
    related=because("its schedules leave gaps, too", "upload.repeated-chunk"),
)
async def gaps_are_swallowed(call: Call, server: Server) -> Answer:
    answer = await server(call)
    gap = call.command.startswith("upload") and answer.status == 409
    return Answer(200, {"x-goog-upload-status": "active"}) if gap else answer


@breaks("upload.offset-mismatch", "test_a_finalize_names_the_end_or_nothing", where=commands)
async def finalize_takes_any_offset(call: Call, server: Server) -> Answer:
    return await server(call.said(x_goog_upload_offset=None) if call.command == "finalize" else call)


@breaks("upload.malformed-offset", "test_an_offset_is_a_decimal_number", where=commands)
async def odd_offsets_are_zero(call: Call, server: Server) -> Answer:
    text = call.headers.get("x-goog-upload-offset", "")
    fine = (text.isdecimal() and len(text) < 19) or not call.command.startswith("upload")
    return await server(call if fine else call.said(x_goog_upload_offset="0"))


@breaks("upload.granularity", "test_a_ragged_chunk_is_refused_unless_it_is_the_last", where=commands)
async def ragged_chunks_are_taken(call: Call, server: Server) -> Answer:
    ragged = call.command == "upload" and len(call.body) == UNIT - 1
    return Answer(200, {"x-goog-upload-status": "active"}) if ragged else await server(call)


@breaks("upload.declared-size", "test_a_chunk_ends_within_the_declared_size", where=commands)
async def too_much_is_cut_off(call: Call, server: Server) -> Answer:
    answer = await server(call)
    late = (
        answer.status == 400
        and call.command.startswith("upload")
        and b"the chunk ends at byte" in answer.body
    )
    return Answer(200, {"x-goog-upload-status": "active"}) if late else answer


@breaks("upload.declared-size", "test_an_upload_does_not_end_early", where=commands)
async def early_ends_are_fine(call: Call, server: Server) -> Answer:
    answer = await server(call)
    early = answer.status == 400 and b"the file ends at" in answer.body
    return Answer(200, {"x-goog-upload-status": "final"}) if early else answer


@breaks("upload.broken-body", "test_what_came_before_a_connection_broke_stays", where=commands)
async def broken_bodies_are_forgotten(call: Call, server: Server) -> Answer:
    answer = await server(call)
    ragged = int(answer.headers.get("x-goog-upload-size-received", "0")) % UNIT
    active = answer.headers.get("x-goog-upload-status") == "active"
    return answer.said(x_goog_upload_size_received="0") if ragged and active else answer


@remembering("upload.repeat-after-final", "test_the_end_may_come_again", where=commands)
def the_end_comes_once() -> Break:
    ended: set[str] = set()

    async def once(call: Call, server: Server) -> Answer:
        if call.upload_id in ended and call.command in {"upload", "upload, finalize", "finalize"}:
            return refuse(400).said(x_goog_upload_status="final")
        answer = await server(call)
        if answer.headers.get("x-goog-upload-status") == "final":
            ended.add(call.upload_id)
        return answer

    return once


@breaks("upload.final-closed", "test_after_the_end_nothing_changes", where=commands)
async def never_closed(call: Call, server: Server) -> Answer:
    answer = await server(call)
    final = answer.headers.get("x-goog-upload-status") == "final"
    return (
        answer.but(status=200) if final and answer.status == 400 and b"final with" in answer.body else answer
    )


@breaks("upload.query", "test_a_query_says_where_the_upload_is", where=commands)
async def query_without_size(call: Call, server: Server) -> Answer:
    answer = await server(call)
    return answer.said(x_goog_upload_size_received=None) if call.command == "query" else answer


@breaks("upload.cancel", "test_an_upload_can_be_given_up", where=commands)
async def cancel_once(call: Call, server: Server) -> Answer:
    if call.command == "cancel":
        state = await server(call.said(x_goog_upload_command="query"))
        if state.headers.get("x-goog-upload-status") == "cancelled":
            return refuse(410).said(x_goog_upload_status="cancelled")
    return await server(call)


@breaks("upload.cancelled-gone", "test_what_was_cancelled_is_gone", where=commands)
async def cancelled_is_a_bad_request(call: Call, server: Server) -> Answer:
    answer = await server(call)
    return answer.but(status=400) if answer.status == 410 else answer


@breaks("upload.error-without-status", "test_a_refusal_does_not_look_like_progress", where=commands)
async def refusals_say_active(call: Call, server: Server) -> Answer:
    answer = await server(call)
    over = "x-goog-upload-status" in answer.headers
    return answer if answer.status < 400 or over else answer.said(x_goog_upload_status="active")
