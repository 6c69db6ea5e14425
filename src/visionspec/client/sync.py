"""The synchronous driver: carries out the steps of the flows over ``httpx.Client``."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, BinaryIO, Self, TypeVar, Unpack

import httpx
from pydantic import BaseModel

from visionspec.client import flows, uploads
from visionspec.client.flows import Read, Request, Sleep
from visionspec.client.parts import (
    GenerateOptions,
    InteractionOptions,
    count_request,
    generate_request,
    interaction_request,
)
from visionspec.client.response import Response
from visionspec.client.settings import MAX_RESPONSE_BYTES, settings
from visionspec.client.source import open_source
from visionspec.client.wire import FAULTS, Body, arguments, lost
from visionspec.errors import TransportError
from visionspec.models.generate import GenerateContentResponse
from visionspec.models.interactions import InteractionEvent
from visionspec.protocol.upload import CHUNK_BYTES

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator
    from types import TracebackType

    from visionspec.client.flows import Flow, Step
    from visionspec.client.parts import Prompt
    from visionspec.client.uploads import Progress, UploadToken
    from visionspec.models.files import File
    from visionspec.models.generate import CountTokensResponse, Model
    from visionspec.models.interactions import Interaction

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


class Client:
    """The API over HTTP: uploads, interactions, generateContent, token counts, models.

    Without arguments it reads ``GOOGLE_GEMINI_BASE_URL`` and ``GOOGLE_API_KEY`` or ``GEMINI_API_KEY``. What
    failed in passing (408, 429, 5xx, a lost connection) is repeated up to ``retries`` times, after the wait
    that the server asks for; if it is more than ``max_wait_s``, the error is raised at once. A lost reply
    is no reason to create an interaction, or to generate, a second time. A redirect is never followed. An
    ``http_client`` that is given is used and left open.

    Raises:
        InvalidInput: what is given, or found in the environment, cannot be used.
        APIError: the server said no.
        TransportError: no answer came, or one that is not of this API.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        api_version: str = "v1beta",
        timeout_s: float = 60.0,
        retries: int = 4,
        max_wait_s: float = 60.0,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
        http_client: httpx.Client | None = None,
    ) -> None:
        self._settings = settings(
            base_url,
            api_key,
            api_version=api_version,
            timeout_s=timeout_s,
            retries=retries,
            max_wait_s=max_wait_s,
            max_response_bytes=max_response_bytes,
        )
        self._http = http_client or httpx.Client()
        self._owns_http = http_client is None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, unless they are of a client that was given."""
        if self._owns_http:
            self._http.close()

    # Files

    def upload(
        self,
        source: str | os.PathLike[str] | bytes | BinaryIO,
        *,
        mime_type: str | None = None,
        display_name: str | None = None,
        name: str | None = None,
        chunk_bytes: int = CHUNK_BYTES,
        progress: Progress | None = None,
    ) -> File:
        """Upload a file in chunks; ``progress`` is called with the bytes that the server has, and all bytes.

        Raises:
            UploadInterrupted: it broke off and can go on, see `resume_upload`.
        """
        file = uploads.description(mime_type=mime_type, display_name=display_name, name=name)
        return self._run(
            uploads.upload(
                self._settings, open_source(source), file, chunk_bytes=chunk_bytes, progress=progress
            )
        )

    def resume_upload(
        self,
        token: UploadToken,
        source: str | os.PathLike[str] | bytes | BinaryIO,
        *,
        chunk_bytes: int = CHUNK_BYTES,
        progress: Progress | None = None,
    ) -> File:
        """Go on with an upload that broke off, from where the server says it is."""
        return self._run(
            uploads.send_file(
                self._settings, token, open_source(source), chunk_bytes=chunk_bytes, progress=progress
            )
        )

    def cancel_upload(self, token: UploadToken) -> None:
        """Give up an upload that broke off."""
        self._run(uploads.cancel_upload(self._settings, token))

    def get_file(self, file: File | str) -> File:
        """The file as it is now; given as itself, as ``files/ID``, as ``ID`` or as its URI."""
        return self._run(flows.get_file(self._settings, file))

    def list_files(self, *, page_size: int | None = None) -> Generator[File, None, None]:
        """All files, fetched page by page."""
        return self._pages(lambda token: flows.list_files(self._settings, page_size, token))

    def delete_file(self, file: File | str) -> None:
        """Delete a file."""
        self._run(flows.delete_file(self._settings, file))

    def wait_until_active(self, file: File | str, *, timeout_s: float = 60.0) -> File:
        """Ask until the file is ``ACTIVE``; images mostly are at once."""
        return self._run(flows.wait_until_active(self._settings, file, timeout_s))

    # Interactions

    def interact(
        self,
        model: str,
        input: Prompt,  # noqa: A002 - the API's own word
        **options: Unpack[InteractionOptions],
    ) -> Interaction:
        """Create an interaction; ``input`` mixes text, uploaded files, paths, bytes and `image_part`."""
        request = interaction_request(model, input, options)
        return self._run(flows.interact(self._settings, request))

    def stream_interaction(
        self,
        model: str,
        input: Prompt,  # noqa: A002 - the API's own word
        **options: Unpack[InteractionOptions],
    ) -> Generator[InteractionEvent, None, None]:
        """Create an interaction and follow it; an ``error`` is an event like others, as in the SDKs."""
        request = interaction_request(model, input, options)
        return self._events(flows.stream_interaction(self._settings, request), InteractionEvent)

    def resume_stream(
        self, interaction_id: str, *, last_event_id: str | None = None
    ) -> Generator[InteractionEvent, None, None]:
        """Follow a stored interaction again, after the event ``last_event_id`` or from its first."""
        flow = flows.resume_stream(self._settings, interaction_id, last_event_id)
        return self._events(flow, InteractionEvent)

    def get_interaction(self, interaction_id: str, *, include_input: bool | None = None) -> Interaction:
        """A stored interaction."""
        return self._run(flows.get_interaction(self._settings, interaction_id, include_input=include_input))

    def delete_interaction(self, interaction_id: str) -> None:
        """Delete a stored interaction."""
        self._run(flows.delete_interaction(self._settings, interaction_id))

    def cancel_interaction(self, interaction_id: str) -> Interaction:
        """Cancel an interaction that runs in the background."""
        return self._run(flows.cancel_interaction(self._settings, interaction_id))

    # generateContent and models

    def generate_content(
        self, model: str, contents: Prompt, **options: Unpack[GenerateOptions]
    ) -> GenerateContentResponse:
        """Generate; ``contents`` mixes text, files, paths, bytes and `image_part`, or is a list of turns."""
        request = generate_request(contents, options)
        return self._run(flows.generate_content(self._settings, model, request))

    def stream_generate_content(
        self, model: str, contents: Prompt, **options: Unpack[GenerateOptions]
    ) -> Generator[GenerateContentResponse, None, None]:
        """Generate, and give the answer in the pieces in which it comes."""
        request = generate_request(contents, options)
        flow = flows.stream_generate_content(self._settings, model, request)
        return self._events(flow, GenerateContentResponse)

    def count_tokens(self, model: str, contents: Prompt) -> CountTokensResponse:
        """What ``contents`` would cost."""
        return self._run(flows.count_tokens(self._settings, model, count_request(contents)))

    def list_models(self, *, page_size: int | None = None) -> Generator[Model, None, None]:
        """All models, fetched page by page."""
        return self._pages(lambda token: flows.list_models(self._settings, page_size, token))

    def get_model(self, model: str) -> Model:
        """One model."""
        return self._run(flows.get_model(self._settings, model))

    # The driver

    def _run(self, flow: Flow[T]) -> T:
        try:
            step = next(flow)
            while True:
                try:
                    outcome = self._do(step)
                except TransportError as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(outcome)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # StopIteration does not know what a flow returns

    def _do(self, step: Step) -> object:
        match step:
            case Sleep(seconds):
                time.sleep(seconds)
                return time.monotonic()
            case Read(source, offset, size):
                return source.read(offset, size)
            case Request():
                return self._send(step)

    def _send(self, request: Request) -> Response:
        try:
            outgoing = self._http.build_request(**arguments(request, self._settings))
            raw = self._http.send(outgoing, stream=True, follow_redirects=False)
            if request.stream and raw.is_success:
                return Response(raw.status_code, dict(raw.headers), raw=raw)
            with contextlib.closing(raw):
                body = Body(self._settings)
                for piece in raw.iter_bytes():
                    body.take(piece)
        except FAULTS as error:
            raise lost(error, request.url) from error
        return Response(raw.status_code, dict(raw.headers), bytes(body.data))

    def _events(self, flow: Flow[Response], model: type[M]) -> Generator[M, None, None]:
        response = self._run(flow)
        with contextlib.closing(response.raw) as raw:
            reader = flows.Reader(model, response)
            try:
                for piece in raw.iter_bytes():
                    yield from reader.feed(piece)
                    if reader.done:
                        return
            except FAULTS as error:
                raise lost(error, str(raw.url)) from error
            yield from reader.close()

    def _pages(
        self, fetch: Callable[[str | None], Flow[tuple[list[T], str | None]]]
    ) -> Generator[T, None, None]:
        items, token = self._run(fetch(None))
        yield from items
        while token:
            items, token = self._run(fetch(token))
            yield from items
