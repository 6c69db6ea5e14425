"""google-generativeai, the Python SDK before the present one, by REST: most that was written for it still runs."""

from __future__ import annotations

import os
from typing import Any

import google.generativeai as genai
from google.generativeai.protos import FunctionDeclaration, Schema, Tool, Type
from PIL import Image
from probing import CAPTION, DETECT, MODEL, PATH, UNKNOWN, Items, error_of, report
from probing import boxes as dumped
from probing import usage as counted

genai.configure(api_key=os.environ["GEMINI_API_KEY"], transport="rest")
PICTURE = Image.open(PATH)
BOX = Schema(type=Type.ARRAY, items=Schema(type=Type.INTEGER))
ITEM = Schema(
    type=Type.OBJECT,
    properties={"label": Schema(type=Type.STRING), "box_2d": BOX},
    required=["label", "box_2d"],
)
ITEMS = Schema(
    type=Type.OBJECT,
    properties={"items": Schema(type=Type.ARRAY, items=ITEM)},
    required=["items"],
)


def inline() -> Any:
    reply = genai.GenerativeModel(MODEL).generate_content([CAPTION, PICTURE])
    tokens = reply.usage_metadata
    return {"text": reply.text, "usage": counted(tokens.prompt_token_count, tokens.candidates_token_count)}


def stream() -> Any:
    pieces = genai.GenerativeModel(MODEL).generate_content([CAPTION, PICTURE], stream=True)
    return [piece.text for piece in pieces]


def boxes() -> Any:
    config = {"response_mime_type": "application/json", "response_schema": ITEMS}
    reply = genai.GenerativeModel(MODEL, generation_config=config).generate_content([DETECT, PICTURE])
    return dumped(Items.model_validate_json(reply.text))


def boxes_by_function() -> Any:
    told = FunctionDeclaration(name="report", description="Report the items.", parameters=ITEMS)
    model = genai.GenerativeModel(MODEL, tools=[Tool(function_declarations=[told])])
    config = {"function_calling_config": {"mode": "ANY"}}
    (part,) = model.generate_content([DETECT, PICTURE], tool_config=config).parts
    arguments = type(part.function_call).to_dict(part.function_call)["args"]
    return dumped(Items.model_validate(arguments))


def upload() -> Any:
    file = genai.upload_file(PATH)
    reply = genai.GenerativeModel(MODEL).generate_content([CAPTION, file])
    file.delete()
    return {"text": reply.text}


def error() -> Any:
    return error_of(lambda: genai.GenerativeModel(UNKNOWN).generate_content("x"))


report(inline, stream, boxes, boxes_by_function, upload, error)
