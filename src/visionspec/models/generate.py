"""The wire of generateContent, streamGenerateContent, countTokens and models: camelCase out, either case in.

Every field is optional, as in protobuf's JSON, where ``null`` and absence are one. What is required, and what
excludes what, is the service's to say (rules ``generate.*``), not the shape's.
"""

from collections.abc import Iterable
from itertools import count
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema

from visionspec.models.wire import Base64, Bool, Camel, Float, Int32, Whole


def _as_list(value: object) -> object:
    return [value] if isinstance(value, dict) else value


def _one_or_many(kind: Any) -> BeforeValidator:
    """One message may stand where a list of them is meant."""
    return BeforeValidator(_as_list, json_schema_input_type=list[kind] | kind | None)


Blocking = Literal[
    "HARM_BLOCK_THRESHOLD_UNSPECIFIED",
    "BLOCK_LOW_AND_ABOVE",
    "BLOCK_MEDIUM_AND_ABOVE",
    "BLOCK_ONLY_HIGH",
    "BLOCK_NONE",
    "OFF",
]
CallingMode = Literal["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"]
HarmCategory = Literal[
    "HARM_CATEGORY_UNSPECIFIED",
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
    "HARM_CATEGORY_CIVIC_INTEGRITY",
    "HARM_CATEGORY_JAILBREAK",
    "HARM_CATEGORY_IMAGE_HATE",
    "HARM_CATEGORY_IMAGE_DANGEROUS_CONTENT",
    "HARM_CATEGORY_IMAGE_HARASSMENT",
    "HARM_CATEGORY_IMAGE_SEXUALLY_EXPLICIT",
]
Modality = Literal["MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "VIDEO", "AUDIO", "DOCUMENT"]
Resolution = Literal[
    "MEDIA_RESOLUTION_UNSPECIFIED", "MEDIA_RESOLUTION_LOW", "MEDIA_RESOLUTION_MEDIUM", "MEDIA_RESOLUTION_HIGH"
]
PartResolution = Literal[Resolution, "MEDIA_RESOLUTION_ULTRA_HIGH"]
SchemaType = Literal["TYPE_UNSPECIFIED", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"]
ThinkingLevel = Literal["THINKING_LEVEL_UNSPECIFIED", "MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"]


def _in_any_case(kind: Any) -> BeforeValidator:
    """The names of an enum in any case: many programs send levels, modes and types in small letters."""
    names = {name.lower(): name for name in get_args(kind)}
    return BeforeValidator(lambda value: names.get(value.lower(), value) if isinstance(value, str) else value)


def _numbered(
    kind: Any, *, names: Iterable[str] | None = None, numbers: Iterable[int] | None = None
) -> BeforeValidator:
    """The number of an enum's value may stand for its name, as in all JSON of protobuf.

    ``google-generativeai``, which many installed programs still use, sends nothing else.
    """
    known = dict(zip(numbers or count(), names or get_args(kind), strict=False))
    number = Annotated[int, WithJsonSchema({"type": "integer", "enum": list(known)})]
    return BeforeValidator(
        lambda value: known.get(value, value) if type(value) is int else value,
        json_schema_input_type=kind | number | None,
    )


_CATEGORIES = (0, 7, 8, 9, 10, 11)  # those between are of PaLM, which is gone
_MODALITIES = ("MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "AUDIO")


class Blob(Camel):
    mime_type: str | None = None
    data: Base64 | None = None
    display_name: str | None = None


class FileData(Camel):
    mime_type: str | None = None
    file_uri: str | None = None
    display_name: str | None = None


class FunctionCall(Camel):
    id: str | None = None
    name: str | None = None
    args: dict[str, Any] | None = None


class FunctionResponsePart(Camel):
    """An image, or what else is no JSON, that a function returned."""

    inline_data: Blob | None = None
    file_data: FileData | None = None
    media_processing: Any = None


class FunctionResponse(Camel):
    id: str | None = None
    name: str | None = None
    response: dict[str, Any] | None = None
    parts: list[FunctionResponsePart] | None = None
    will_continue: Bool | None = None
    scheduling: str | None = None


class PartMediaResolution(Camel):
    level: PartResolution | None = None
    num_tokens: Int32 | None = None


class Part(Camel):
    """One of text, inline data, file data, a function call or its response, and what qualifies it."""

    text: str | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None
    function_call: FunctionCall | None = None
    function_response: FunctionResponse | None = None
    executable_code: Any = None
    code_execution_result: Any = None
    tool_call: Any = None
    tool_response: Any = None
    media_resolution: PartMediaResolution | None = None
    media_processing: Any = None
    video_metadata: Any = None
    thought: Bool | None = None
    thought_signature: Base64 | None = None
    part_metadata: dict[str, Any] | None = None
    audio_transcription: Any = None
    speech_metadata: Any = None


class Content(Camel):
    role: str | None = None
    parts: Annotated[list[Part] | None, _one_or_many(Part)] = None


class Schema(Camel):
    """``responseSchema``: OpenAPI's subset, whose unknown keys the service refuses by name."""

    type: Annotated[SchemaType | None, _in_any_case(SchemaType), _numbered(SchemaType)] = None
    format: str | None = None
    title: str | None = None
    description: str | None = None
    nullable: Bool | None = None
    default: Any = None
    example: Any = None
    enum: list[Any] | None = None
    items: "Schema | None" = None
    min_items: Whole | None = None
    max_items: Whole | None = None
    properties: "dict[str, Schema] | None" = None
    property_ordering: list[str] | None = None
    required: list[str] | None = None
    min_properties: Whole | None = None
    max_properties: Whole | None = None
    minimum: Float | None = None
    maximum: Float | None = None
    min_length: Whole | None = None
    max_length: Whole | None = None
    pattern: str | None = None
    any_of: "list[Schema] | None" = None
    additional_properties: Any = None
    ref: str | None = None
    defs: "dict[str, Schema] | None" = None


class FunctionDeclaration(Camel):
    name: str | None = None
    description: str | None = None
    behavior: str | None = None
    parameters: Schema | None = None
    parameters_json_schema: Any = None
    response: Schema | None = None
    response_json_schema: Any = None


class Tool(Camel):
    function_declarations: list[FunctionDeclaration] | None = None
    code_execution: Any = None
    computer_use: Any = None
    file_search: Any = None
    google_maps: Any = None
    google_search: Any = None
    google_search_retrieval: Any = None
    mcp_servers: Any = None
    url_context: Any = None


class FunctionCallingConfig(Camel):
    mode: Annotated[CallingMode | None, _in_any_case(CallingMode), _numbered(CallingMode)] = None
    allowed_function_names: list[str] | None = None
    stream_function_call_arguments: Bool | None = None


class ToolConfig(Camel):
    function_calling_config: FunctionCallingConfig | None = None
    retrieval_config: Any = None
    include_server_side_tool_invocations: Bool | None = None


class SafetySetting(Camel):
    category: Annotated[HarmCategory | None, _numbered(HarmCategory, numbers=_CATEGORIES)] = None
    threshold: Annotated[Blocking | None, _numbered(Blocking)] = None
    method: str | None = None


class ThinkingConfig(Camel):
    include_thoughts: Bool | None = None
    thinking_budget: Int32 | None = None
    thinking_level: Annotated[ThinkingLevel | None, _in_any_case(ThinkingLevel)] = None


class GenerationConfig(Camel):
    audio_timestamp: Bool | None = None
    audio_transcription_config: Any = None
    candidate_count: Int32 | None = None
    enable_affective_dialog: Bool | None = None
    enable_enhanced_civic_answers: Bool | None = None
    frequency_penalty: Float | None = None
    image_config: Any = None
    logprobs: Int32 | None = None
    max_output_tokens: Int32 | None = None
    media_resolution: Annotated[Resolution | None, _numbered(Resolution)] = None
    presence_penalty: Float | None = None
    response_format: Any = None
    response_json_schema: Any = None
    response_logprobs: Bool | None = None
    response_mime_type: str | None = None
    response_modalities: (
        list[Annotated[Modality, _in_any_case(Modality), _numbered(Modality, names=_MODALITIES)]] | None
    ) = None
    response_schema: Schema | None = None
    seed: Int32 | None = None
    speech_config: Any = None
    stop_sequences: list[str] | None = None
    temperature: Float | None = None
    thinking_config: ThinkingConfig | None = None
    top_k: Float | None = Field(default=None, description="the SDKs send 2.0")
    top_p: Float | None = None
    translation_config: Any = None


class GenerateContentRequest(Camel):
    model: str | None = None
    contents: Annotated[list[Content] | None, _one_or_many(Content)] = None
    system_instruction: Content | None = None
    generation_config: GenerationConfig | None = None
    safety_settings: list[SafetySetting] | None = None
    tools: Annotated[list[Tool] | None, _one_or_many(Tool)] = None
    tool_config: ToolConfig | None = None
    cached_content: str | None = None
    continuation_token: str | None = None
    labels: dict[str, str] | None = None
    service_tier: str | None = None
    store: Bool | None = None


class CountTokensRequest(Camel):
    """Either ``contents`` or a whole ``generateContentRequest``, not both."""

    model: str | None = None
    contents: Annotated[list[Content] | None, _one_or_many(Content)] = None
    generate_content_request: GenerateContentRequest | None = None


class ModalityTokenCount(Camel):
    modality: str | None = None
    token_count: int = 0


class UsageMetadata(Camel):
    """``totalTokenCount`` = prompt + candidates + tool use + thoughts; a count of 0 thoughts is absent."""

    prompt_token_count: int | None = None
    cached_content_token_count: int | None = None
    candidates_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    thoughts_token_count: int | None = None
    total_token_count: int | None = None
    prompt_tokens_details: list[ModalityTokenCount] | None = None
    cache_tokens_details: list[ModalityTokenCount] | None = None
    candidates_tokens_details: list[ModalityTokenCount] | None = None
    tool_use_prompt_tokens_details: list[ModalityTokenCount] | None = None
    service_tier: str | None = None


class SafetyRating(Camel):
    category: str | None = None
    probability: str | None = None
    blocked: bool | None = None


class Candidate(Camel):
    content: Content | None = None
    finish_reason: str | None = None
    finish_message: str | None = None
    index: int | None = None
    token_count: int | None = None
    safety_ratings: list[SafetyRating] | None = None


class PromptFeedback(Camel):
    block_reason: str | None = None
    block_reason_message: str | None = None
    safety_ratings: list[SafetyRating] | None = None


class GenerateContentResponse(Camel):
    """An answer, or one chunk of a stream of answers."""

    candidates: list[Candidate] | None = None
    prompt_feedback: PromptFeedback | None = None
    usage_metadata: UsageMetadata | None = None
    model_version: str | None = None
    response_id: str | None = None

    @property
    def text(self) -> str:
        """The text of the first candidate, without its thoughts; empty if it has none."""
        content = self.candidates[0].content if self.candidates else None
        parts = (content.parts if content else None) or []
        return "".join(part.text for part in parts if part.text and not part.thought)


class CountTokensResponse(Camel):
    total_tokens: int = 0
    cached_content_token_count: int | None = None
    prompt_tokens_details: list[ModalityTokenCount] | None = None
    cache_tokens_details: list[ModalityTokenCount] | None = None


class Model(Camel):
    name: str
    version: str | None = None
    display_name: str | None = None
    description: str | None = None
    input_token_limit: int | None = None
    output_token_limit: int | None = None
    supported_generation_methods: list[str] | None = None
    temperature: float | None = None
    max_temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    thinking: bool | None = None


class ListModelsResponse(Camel):
    models: list[Model] = Field(default_factory=list)
    next_page_token: str | None = None
