"""Serving in this process, or in several behind one listening socket, on one store."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import multiprocessing
import sys
import threading
from multiprocessing import connection
from typing import TYPE_CHECKING

from visionspec.errors import VisionSpecError
from visionspec_mockserver.app import create_app
from visionspec_mockserver.threaded import Server, config

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from visionspec_mockserver.settings import Settings

_END_S = 10
_GARBAGE = 10_000  # objects: a request makes some dozens, hardly any of them in a circle
_M_MMAP_THRESHOLD = -3  # of malloc.h
_MMAP_FROM_BYTES = 1024 * 1024


def serve(settings: Settings, listener: socket.socket, *, when_up: Callable[[], object]) -> None:
    """Serve until SIGINT or SIGTERM."""
    _serve(Server(config(create_app(settings)), when_up=when_up), listener)


def serve_in(
    count: int, settings: Settings, listener: socket.socket, *, when_up: Callable[[], object]
) -> None:
    """Serve in ``count`` processes, until this one is interrupted; one that is killed is replaced.

    Raises:
        VisionSpecError: if one of them cannot start, or ends by itself.
    """
    context = multiprocessing.get_context("spawn")
    hears, says = context.Pipe(duplex=False)

    def start() -> BaseProcess:
        process = context.Process(target=_work, args=(settings, listener, says))
        process.start()
        return process

    running = [start() for _ in range(count)]
    try:
        connection.wait([hears, *(process.sentinel for process in running)])
        problem = hears.recv() if hears.poll() else None
        if problem:
            raise VisionSpecError(problem)
        when_up()
        while True:
            connection.wait([process.sentinel for process in running])
            for process in [one for one in running if not one.is_alive()]:
                if process.exitcode is not None and process.exitcode >= 0:
                    raise VisionSpecError(f"a worker ended by itself, with exit code {process.exitcode}")
                running[running.index(process)] = start()
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.join(_END_S)
            process.kill()  # where it did not end


def _work(settings: Settings, listener: socket.socket, says: Connection) -> None:
    """What a process of its own does; it says "" when it is up, or why it never will be."""
    try:
        app = create_app(settings)
    except VisionSpecError as error:
        says.send(str(error))
        return
    server = Server(config(app), when_up=lambda: says.send(""))
    parent = multiprocessing.parent_process()
    if parent:
        threading.Thread(target=_follow, args=(parent.sentinel, server), daemon=True).start()
    _serve(server, listener)


def _follow(parent: int, server: Server) -> None:
    """End with the process that started this one, however that ended."""
    connection.wait([parent])
    server.should_exit = True


def _serve(server: Server, listener: socket.socket) -> None:
    _give_memory_back()
    gc.freeze()  # what is loaded by now stays, and need not be looked through again and again
    gc.set_threshold(_GARBAGE)
    with contextlib.suppress(
        KeyboardInterrupt
    ):  # uvicorn shuts down, then raises it again: that was asked for
        server.run(sockets=[listener])


def _give_memory_back() -> None:
    """Have glibc return what large pictures took; by itself it keeps tens of megabytes for the next one."""
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none
        if mallopt is not None:
            mallopt(_M_MMAP_THRESHOLD, _MMAP_FROM_BYTES)
