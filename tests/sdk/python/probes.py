"""What a user of google-genai writes against the service, unchanged: only the environment points to the mock.

``python probes.py sync|async IMAGE`` names its version, reads the name of a probe from every line of stdin, and
answers it with one line of JSON. A sync and an async call differ in nothing but `now` and `each`, which wait.
"""

from __future__ import annotations

import asyncio
import base64
import inspect
import io
import json
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import pydantic
from google import genai
from google.genai import types
from PIL import Image

CONTENTS_MODEL = "gemini-2.5-flash"
RESOLUTION_MODEL = "gemini-3-pro-preview"
INTERACTIONS_MODEL = "gemini-3-flash-preview"
DETECT = "Detect the items. The box_2d should be [ymin, xmin, ymax, xmax] normalized to 0-1000."
SEGMENT = "Give the segmentation masks for the items, with box_2d, mask and label."


class Box(pydantic.BaseModel):
    box_2d: list[int]
    label: str


class Boxes(pydantic.BaseModel):
    boxes: list[Box]


async def now(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


async def each(stream: Any) -> list[Any]:
    stream = await now(stream)
    return [one async for one in stream] if hasattr(stream, "__aiter__") else list(stream)


class Probes:
    """The probes; ``client`` is the SDK's client, or its async one."""

    def __init__(self, client: Any, path: Path, make: Any) -> None:
        self.client, self.path, self.make = client, path, make
        self.pixels = path.read_bytes()
        self.data = base64.b64encode(self.pixels).decode()
        self.image = types.Part.from_bytes(data=self.pixels, mime_type="image/png")

    async def files(self) -> Any:
        file = await self._upload()
        got = [await now(self.client.files.get(name=name)) for name in (file.name, file.uri)]
        await now(self.client.files.delete(name=file.name))
        gone = await _refusal(self.client.files.get, name=file.name)
        return {"file": _file(file), "got": [_file(one) for one in got], "gone": gone}

    async def bytes(self) -> Any:
        big = io.BytesIO((bytes(range(251)) * 33421)[: 8 * 1024 * 1024 + 7])
        return _file(await now(self.client.files.upload(file=big, config={"mime_type": "text/plain"})))

    async def pages(self) -> Any:
        made = [(await self._upload()).name for _ in range(3)]
        listed = await each(self.client.files.list(config={"page_size": 2}))
        return {"made": made, "listed": [file.name for file in listed]}

    async def download(self) -> Any:
        data = await now(self.client.files.download(file=await now(self.client.files.get(name="made"))))
        refused = await _refusal(self.client.files.download, file=(await self._upload()).name)
        return {"data": data.decode(), "refused": refused}

    async def inline(self) -> Any:
        response = await self._generate(CONTENTS_MODEL, self.image, DETECT)
        counted = await now(
            self.client.models.count_tokens(model=CONTENTS_MODEL, contents=[self.image, DETECT])
        )
        return {"text": response.text, "usage": _usage(response), "counted": counted.total_tokens}

    async def uri(self) -> Any:
        config = {
            "system_instruction": "Be brief.",
            "response_mime_type": "application/json",
            "response_schema": list[Box],
            "thinking_config": {"thinking_budget": 0},
        }
        response = await self._generate(CONTENTS_MODEL, await self._upload(), DETECT, config=config)
        assert [type(box) for box in response.parsed] == [Box]
        return {"text": response.text, "usage": _usage(response)}

    async def schema(self) -> Any:
        config = {
            "response_mime_type": "application/json",
            "response_json_schema": Boxes.model_json_schema(),
        }
        return {"text": (await self._generate(CONTENTS_MODEL, self.image, DETECT, config=config)).text}

    async def masks(self) -> Any:
        return {"text": (await self._generate(CONTENTS_MODEL, self.image, SEGMENT)).text}

    async def pil(self) -> Any:
        with Image.open(self.path) as image:
            response = await self._generate(CONTENTS_MODEL, image, DETECT)
        return {"text": response.text, "usage": _usage(response)}

    async def stream(self) -> Any:
        pieces = await each(
            self.client.models.generate_content_stream(model=CONTENTS_MODEL, contents="Tell me what you see.")
        )
        return {
            "texts": [piece.text for piece in pieces],
            "reason": pieces[-1].candidates[0].finish_reason.name,
            "usage": _usage(pieces[-1]),
        }

    async def resolution(self) -> Any:
        low, high = "MEDIA_RESOLUTION_LOW", "MEDIA_RESOLUTION_HIGH"
        part = types.Part.from_bytes(data=self.pixels, mime_type="image/png", media_resolution=low)
        asked = {"low": (self.image, low), "high": (self.image, high), "part": (part, None)}
        return {
            name: _usage(
                await self._generate(RESOLUTION_MODEL, image, DETECT, config={"media_resolution": level})
            )
            for name, (image, level) in asked.items()
        }

    async def function(self) -> Any:
        parameters = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
        config = {
            "tools": [{"function_declarations": [{"name": "keep", "parameters_json_schema": parameters}]}],
            "tool_config": {"function_calling_config": {"mode": "ANY"}},
        }
        (call,) = (await self._generate(INTERACTIONS_MODEL, "How many?", config=config)).function_calls
        return {"name": call.name, "args": call.args}

    async def chat(self) -> Any:
        chat = self.client.chats.create(model=CONTENTS_MODEL)
        await now(chat.send_message([self.image, "Caption this image."]))
        return {"text": (await now(chat.send_message(DETECT))).text}

    async def models(self) -> Any:
        names = [model.name for model in await each(self.client.models.list(config={"page_size": 5}))]
        return {"names": names, "one": (await now(self.client.models.get(model=CONTENTS_MODEL))).name}

    async def errors(self) -> Any:
        generate = self.client.models.generate_content
        mislabelled = types.Part.from_bytes(data=self.pixels, mime_type="image/jpg")
        stranger = self.make(api_key="wrong")

        async def drain(**asked: Any) -> None:
            await each(self.client.models.generate_content_stream(**asked))

        return {
            "mime": await _refusal(generate, model=CONTENTS_MODEL, contents=[mislabelled, DETECT]),
            "model": await _refusal(generate, model="gemini-none", contents="x"),
            "key": await _refusal(stranger.models.generate_content, model=CONTENTS_MODEL, contents="x"),
            "stream": await _refusal(drain, model="gemini-none", contents="x"),
        }

    async def version(self) -> Any:
        other = self.make(http_options={"api_version": "v1alpha"})  # closes as soon as nobody has it
        response = await now(other.models.generate_content(model=CONTENTS_MODEL, contents="Hello"))
        return {"text": response.text}

    async def interaction_uri(self) -> Any:
        file = await self._upload()
        return _outcome(await self._interact(DETECT, {"uri": file.uri, "mime_type": file.mime_type}))

    async def interaction_data(self) -> Any:
        schema = Boxes.model_json_schema()
        interaction = await self._interact(
            DETECT,
            self._inline(),
            system_instruction="Be brief.",
            response_format={"type": "text", "mime_type": "application/json", "schema": schema},
            generation_config={"thinking_level": "minimal"},
        )
        return _outcome(interaction)

    async def interaction_resolution(self) -> Any:
        return {
            level: _outcome(await self._interact(DETECT, self._inline(resolution=level)))
            for level in ("low", "high")
        }

    async def interaction_stream(self) -> Any:
        events = await each(self._create("Hello there", stream=True))
        interaction = events[0].interaction.id
        rest = self.client.interactions.get(interaction, stream=True, last_event_id=events[2].event_id)
        return {
            "events": [event.event_type for event in events],
            "texts": [event.delta.text for event in events if event.event_type == "step.delta"],
            "resumed": [event.event_type for event in await each(rest)],
            "stored": (await now(self.client.interactions.get(interaction))).output_text,
        }

    async def interaction_background(self) -> Any:
        first = last = await self._interact(DETECT, self._inline(), background=True)
        while last.status in {"in_progress", "queued"}:
            await asyncio.sleep(0.05)
            last = await now(self.client.interactions.get(first.id))
        return {"first": first.status, "last": _outcome(last)}

    async def interaction_cancel(self) -> Any:
        running = await self._create("Hello", background=True)
        cancelled = await now(self.client.interactions.cancel(running.id))
        got = await now(self.client.interactions.get(running.id))
        return {"first": running.status, "last": cancelled.status, "got": got.status}

    async def interaction_chain(self) -> Any:
        first = await self._interact("Caption this image.", self._inline())
        second = await self._create(DETECT, previous_interaction_id=first.id)
        got = await now(self.client.interactions.get(second.id, include_input=True))
        await now(self.client.interactions.delete(second.id))
        return {
            "first": _outcome(first),
            "second": _outcome(second),
            "steps": [step.type for step in got.steps],
            "gone": await _refusal(self.client.interactions.get, second.id),
        }

    async def interaction_errors(self) -> Any:
        mislabelled = {"type": "image", "data": self.data, "mime_type": "image/jpg"}
        create, stranger = self.client.interactions.create, self.make(api_key="wrong")
        return {
            "mime": await _refusal(create, model=INTERACTIONS_MODEL, input=[mislabelled]),
            "model": await _refusal(create, model="gemini-none", input="x"),
            "key": await _refusal(stranger.interactions.create, model=INTERACTIONS_MODEL, input="x"),
        }

    async def interaction_text(self) -> Any:
        interaction = await self._create("Hello there")
        return {
            "text": interaction.output_text,
            "status": interaction.status,
            "hops": interaction.continuation_ids,
        }

    async def pace(self) -> Any:
        return [(await self._interact(DETECT, self._inline())).output_text for _ in range(20)]

    async def _upload(self) -> Any:
        return await now(self.client.files.upload(file=self.path, config={"display_name": "scène"}))

    async def _generate(self, model: str, *contents: Any, config: Any = None) -> Any:
        return await now(
            self.client.models.generate_content(model=model, contents=list(contents), config=config)
        )

    def _inline(self, **more: Any) -> dict[str, Any]:
        return {"data": self.data, "mime_type": "image/png", **more}

    async def _interact(self, text: str, image: dict[str, Any], **more: Any) -> Any:
        return await self._create([{"type": "text", "text": text}, {"type": "image", **image}], **more)

    async def _create(self, question: Any, **more: Any) -> Any:
        return await now(self.client.interactions.create(model=INTERACTIONS_MODEL, input=question, **more))


def _file(file: Any) -> Any:
    return {
        "name": file.name,
        "uri": file.uri,
        "mime_type": file.mime_type,
        "size_bytes": file.size_bytes,
        "state": file.state.name,
        "display_name": file.display_name or "",
        "sha256": file.sha256_hash,
    }


def _usage(response: Any) -> Any:
    usage = response.usage_metadata
    return {
        "prompt": usage.prompt_token_count,
        "answer": usage.candidates_token_count,
        "total": usage.total_token_count,
        "prompt_by": {one.modality.name: one.token_count for one in usage.prompt_tokens_details},
    }


def _outcome(interaction: Any) -> Any:
    usage = interaction.usage
    return {
        "status": interaction.status,
        "text": interaction.output_text,
        "last": interaction.steps[-1].content[0].text,
        "prompt": usage.total_input_tokens,
        "total": usage.total_tokens,
        "prompt_by": {one.modality: one.tokens for one in usage.input_tokens_by_modality},
    }


async def _refusal(call: Any, *args: Any, **asked: Any) -> Any:
    try:
        await now(call(*args, **asked))
    except genai.errors.APIError as error:
        return _error(error, error.code, error.status, error.message)
    except Exception as error:  # noqa: BLE001 - the errors of interactions are of a family that is not exported
        told = getattr(error, "body", {}).get("error", {})
        return _error(error, getattr(error, "status_code", None), told.get("code"), told.get("message"))
    return None


def _error(error: Exception, code: Any, status: Any, message: Any) -> Any:
    return {"type": type(error).__name__, "code": code, "status": status, "message": message}


async def _run(probes: Probes, name: str) -> Any:
    start = time.perf_counter()
    try:
        result = await getattr(probes, name)()
    except Exception:  # noqa: BLE001 - whatever it is, the one who asked has to learn it
        return {"failed": traceback.format_exc()}
    return {"ms": (time.perf_counter() - start) * 1000, "result": result}


async def main() -> None:
    def make(**options: Any) -> Any:
        client = genai.Client(**options)
        return client.aio if sys.argv[1] == "async" else client

    probes = Probes(make(), Path(sys.argv[2]), make)
    print(json.dumps({"version": genai.__version__}), flush=True)
    for line in sys.stdin:
        print(json.dumps(await _run(probes, line.strip())), flush=True)


asyncio.run(main())
