"""What the client shows, exactly."""

from __future__ import annotations

import inspect

import visionspec
from visionspec import client

PUBLIC = ["AsyncClient", "Client", "ImagePart", "UploadInterrupted", "UploadToken", "image_part"]
METHODS = [
    "cancel_interaction",
    "cancel_upload",
    "close",
    "count_tokens",
    "delete_file",
    "delete_interaction",
    "generate_content",
    "get_file",
    "get_interaction",
    "get_model",
    "interact",
    "list_files",
    "list_models",
    "resume_stream",
    "resume_upload",
    "stream_generate_content",
    "stream_interaction",
    "upload",
    "wait_until_active",
]


def methods(kind: type) -> list[str]:
    return sorted(name for name in vars(kind) if not name.startswith("_"))


def test_the_names_are_exactly_these() -> None:
    assert client.__all__ == PUBLIC
    assert all(getattr(client, name) for name in PUBLIC)


def test_the_methods_are_exactly_these_in_both_clients() -> None:
    assert methods(client.Client) == METHODS
    assert methods(client.AsyncClient) == METHODS


def test_both_clients_take_the_same_arguments() -> None:
    for name in METHODS:
        one, other = (inspect.signature(getattr(kind, name)) for kind in (client.Client, client.AsyncClient))
        assert one.parameters == other.parameters, name


def test_every_method_says_what_it_does() -> None:
    for kind in (client.Client, client.AsyncClient):
        assert [name for name in METHODS if not inspect.getdoc(getattr(kind, name))] == []


def test_the_package_shows_the_same_clients() -> None:
    assert visionspec.Client is client.Client
    assert visionspec.AsyncClient is client.AsyncClient
