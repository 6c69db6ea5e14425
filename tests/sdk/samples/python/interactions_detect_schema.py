"""Detect things as the JSON of a pydantic model: boxes, outlines, labels."""

from google import genai
from pydantic import BaseModel, Field

client = genai.Client()
question = (
    "Detect every prominent item of the picture; box_2d is [ymin, xmin, ymax, xmax], normalized to 0-1000."
)


class Thing(BaseModel):
    box_2d: list[int] = Field(description="Where it is: [ymin, xmin, ymax, xmax], normalized to 0-1000.")
    mask: list[list[int]] = Field(
        description="Its outline: a polygon of [x, y] points, normalized to 0-1000."
    )
    label: str = Field(description="What it is.")


class Things(BaseModel):
    boxes: list[Thing]


interaction = client.interactions.create(
    model="gemini-3-flash-preview",
    input=[
        {"type": "text", "text": question},
        {"type": "image", "uri": "https://example.com/table.png", "mime_type": "image/png"},
    ],
    response_format={
        "type": "text",
        "mime_type": "application/json",
        "schema": Things.model_json_schema(),
    },
)

things = Things.model_validate_json(interaction.steps[-1].content[0].text)
print(things.model_dump_json())
