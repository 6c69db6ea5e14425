"""The wire of interactions: snake_case out, either case in."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, WithJsonSchema

from visionspec.models.wire import Base64, Bool, Float, Int32, Snake

InteractionStatus = Literal[
    "in_progress",
    "requires_action",
    "completed",
    "failed",
    "cancelled",
    "incomplete",
    "budget_exceeded",
    "queued",
    "requires_continuation",
]
EVENT_TYPES = (
    "interaction.created",
    "interaction.status_update",
    "step.start",
    "step.delta",
    "step.stop",
    "interaction.completed",
    "error",
)
CONTENT_TYPES = ("text", "image", "audio", "document", "video")


class TextContent(Snake):
    type: Literal["text"] = "text"
    text: str
    annotations: list[Any] | None = None


class ImageContent(Snake):
    """An image by ``data`` or by ``uri``; ``resolution`` is low, medium, high or ultra_high."""

    type: Literal["image"] = "image"
    data: Base64 | None = None
    uri: str | None = None
    mime_type: str | None = None
    resolution: str | None = None


def _kind(*known: str) -> Discriminator:
    def kind(value: Any) -> str:
        found = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
        return found if found in known else "other"

    return Discriminator(kind)


def _other(*known: str) -> WithJsonSchema:
    """What a union leaves as the dict that it came as, in the words of JSON schema."""
    another = {"type": "string", "not": {"enum": list(known)}}
    return WithJsonSchema({"type": "object", "properties": {"type": another}, "required": ["type"]})


_CONTENTS = ("text", "image")
_STEPS = ("user_input", "model_output", "thought", "function_call", "function_result")

Content = Annotated[
    Annotated[TextContent, Tag("text")]
    | Annotated[ImageContent, Tag("image")]
    | Annotated[dict[str, Any], Tag("other"), _other(*_CONTENTS)],
    _kind(*_CONTENTS),
]
"""Audio, documents, video and types of tomorrow stay the dict that they came as."""


class UserInput(Snake):
    type: Literal["user_input"] = "user_input"
    content: list[Content] = Field(default_factory=list)


class ModelOutput(Snake):
    type: Literal["model_output"] = "model_output"
    content: list[Content] = Field(default_factory=list)
    error: dict[str, Any] | None = None


class Thought(Snake):
    type: Literal["thought"] = "thought"
    signature: str | None = None
    summary: list[Content] | None = None


class FunctionCallStep(Snake):
    type: Literal["function_call"] = "function_call"
    id: str
    name: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    signature: str | None = None


class FunctionResultStep(Snake):
    type: Literal["function_result"] = "function_result"
    call_id: str
    result: Any
    name: str | None = None
    is_error: Bool | None = None
    signature: str | None = None


Step = Annotated[
    Annotated[UserInput, Tag("user_input")]
    | Annotated[ModelOutput, Tag("model_output")]
    | Annotated[Thought, Tag("thought")]
    | Annotated[FunctionCallStep, Tag("function_call")]
    | Annotated[FunctionResultStep, Tag("function_result")]
    | Annotated[dict[str, Any], Tag("other"), _other(*_STEPS)],
    _kind(*_STEPS),
]
"""Steps of the tools that run at the service stay the dict that they came as."""

_Item = Annotated[
    Annotated[TextContent, Tag("text")]
    | Annotated[ImageContent, Tag("image")]
    | Annotated[UserInput, Tag("user_input")]
    | Annotated[ModelOutput, Tag("model_output")]
    | Annotated[Thought, Tag("thought")]
    | Annotated[FunctionCallStep, Tag("function_call")]
    | Annotated[FunctionResultStep, Tag("function_result")]
    | Annotated[dict[str, Any], Tag("other"), _other(*_CONTENTS, *_STEPS)],
    _kind(*_CONTENTS, *_STEPS),
]


def _as_items(value: object) -> object:
    if isinstance(value, str):
        return [TextContent(text=value)]
    return value if value is None or isinstance(value, list) else [value]


def _as_steps(items: list[Any] | None) -> list[Any] | None:
    """Contents that follow each other become one ``user_input``: so the Python SDK wraps a list itself."""
    if items is None:
        return None
    steps: list[Any] = []
    gathered: UserInput | None = None
    for item in items:
        kind = item.get("type") if isinstance(item, dict) else item.type
        if kind not in CONTENT_TYPES:
            steps.append(item)
            gathered = None
        elif gathered is None:
            gathered = UserInput(content=[item])
            steps.append(gathered)
        else:
            gathered.content.append(item)
    return steps


Input = Annotated[
    list[_Item] | None,
    BeforeValidator(_as_items, json_schema_input_type=str | list[_Item] | _Item | None),
    AfterValidator(_as_steps),
]
"""Every shape of ``input`` (a string, one content, contents, steps, a mixture), read into a list of steps."""


Modality = Annotated[
    Literal["text", "image", "audio", "video", "document"],
    BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value),
]
"""Read in capitals too, as the first samples of this API had it."""


class Allowed(Snake):
    mode: Literal["auto", "any", "none", "validated"] | None = None
    tools: list[str] | None = None


class ToolChoice(Snake):
    allowed_tools: Allowed | None = None


class GenerationConfig(Snake):
    image_config: Any = None
    max_output_tokens: Int32 | None = None
    seed: Int32 | None = None
    speech_config: Any = None
    stop_sequences: list[str] | None = None
    temperature: Float | None = None
    thinking_level: Literal["minimal", "low", "medium", "high", "xhigh"] | None = None
    thinking_summaries: Literal["auto", "none"] | None = None
    tool_choice: Literal["auto", "any", "none", "validated"] | ToolChoice | None = None
    top_p: Float | None = None
    transcription_config: Any = None
    video_config: Any = None


class CreateInteraction(Snake):
    """``POST /interactions``. ``input`` becomes a list of steps, whatever its shape is."""

    model: str | None = None
    agent: str | None = None
    agent_config: Any = None
    input: Input = None
    system_instruction: str | None = None
    generation_config: GenerationConfig | None = None
    response_format: dict[str, Any] | list[dict[str, Any]] | None = None
    response_mime_type: str | None = None
    response_modalities: list[Modality] | None = None
    tools: list[dict[str, Any]] | None = None
    safety_settings: list[dict[str, Any]] | None = None
    previous_interaction_id: str | None = None
    continuation_token: str | None = None
    store: Bool | None = None
    background: Bool | None = None
    stream: Bool | None = None
    service_tier: Literal["flex", "standard", "priority", "deferred"] | None = None
    labels: dict[str, str] | None = None
    cached_content: str | None = None
    environment: Any = None
    webhook_config: Any = None


class ModalityTokens(Snake):
    modality: str | None = None
    tokens: int = 0


class Usage(Snake):
    """``total_tokens`` = input + output + thought + tool use; modalities are lower-case."""

    total_input_tokens: int | None = None
    input_tokens_by_modality: list[ModalityTokens] | None = None
    total_cached_tokens: int | None = None
    cached_tokens_by_modality: list[ModalityTokens] | None = None
    total_output_tokens: int | None = None
    output_tokens_by_modality: list[ModalityTokens] | None = None
    total_tool_use_tokens: int | None = None
    tool_use_tokens_by_modality: list[ModalityTokens] | None = None
    total_thought_tokens: int | None = None
    total_tokens: int | None = None
    grounding_tool_count: list[Any] | None = None


class Fault(Snake):
    code: str | None = None
    message: str | None = None


class Interaction(Snake):
    """The resource. An event of a stream carries it without its steps."""

    id: str = ""
    object: str | None = None
    status: InteractionStatus | str
    model: str | None = None
    agent: str | None = None
    created: str | None = None
    updated: str | None = None
    input: Input = None
    steps: list[Step] | None = None
    usage: Usage | None = None
    errors: list[Fault] | None = None
    previous_interaction_id: str | None = None
    continuation_token: str | None = None
    system_instruction: str | None = None
    generation_config: dict[str, Any] | None = None
    response_format: dict[str, Any] | list[dict[str, Any]] | None = None
    response_modalities: list[str] | None = None
    service_tier: str | None = None
    tools: list[dict[str, Any]] | None = None
    labels: dict[str, str] | None = None

    @property
    def output_text(self) -> str:
        """The text of the model outputs after the last user input."""
        found: list[str] = []
        for step in self.steps or []:
            if isinstance(step, UserInput):
                found.clear()
            elif isinstance(step, ModelOutput):
                found += [content.text for content in step.content if isinstance(content, TextContent)]
        return "".join(found)


class InteractionEvent(Snake):
    """One event of a stream, whatever its type; the type is inside the data, as the SDKs read it."""

    event_type: str = Field(json_schema_extra={"enum": list(EVENT_TYPES)})
    event_id: str | None = None
    interaction: Interaction | None = None
    interaction_id: str | None = None
    status: InteractionStatus | str | None = None
    index: int | None = None
    step: dict[str, Any] | None = Field(
        default=None, description="of step.start: the step as it begins, by its type"
    )
    delta: dict[str, Any] | None = Field(
        default=None, description="of step.delta: text, thought_signature, ..."
    )
    usage: Usage | None = None
    error: Fault | None = None
    continuation_token: str | None = None
