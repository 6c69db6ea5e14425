// What a user of com.google.genai:google-genai writes against the service, unchanged: only the environment
// points to the mock server. Probes are named on stdin, line by line; each answers with one line of JSON.

import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.genai.Client;
import com.google.genai.errors.ApiException;
import com.google.genai.gaos.models.errors.GaosClientException;
import com.google.genai.gaos.models.interactions.CreateModelInteraction;
import com.google.genai.gaos.models.interactions.CreateModelInteractionResponseFormat;
import com.google.genai.gaos.models.interactions.ImageContent;
import com.google.genai.gaos.models.interactions.ImageContentMimeType;
import com.google.genai.gaos.models.interactions.Interaction;
import com.google.genai.gaos.models.interactions.InteractionCreatedEvent;
import com.google.genai.gaos.models.interactions.InteractionSSEEvent;
import com.google.genai.gaos.models.interactions.InteractionSSEStreamEvent;
import com.google.genai.gaos.models.interactions.InteractionsInput;
import com.google.genai.gaos.models.interactions.MediaResolution;
import com.google.genai.gaos.models.interactions.Model;
import com.google.genai.gaos.models.interactions.ModelOutputStep;
import com.google.genai.gaos.models.interactions.ResponseFormat;
import com.google.genai.gaos.models.interactions.StepDelta;
import com.google.genai.gaos.models.interactions.TextContent;
import com.google.genai.gaos.models.interactions.TextDelta;
import com.google.genai.gaos.models.interactions.TextResponseFormat;
import com.google.genai.gaos.models.interactions.TextResponseFormatMimeType;
import com.google.genai.gaos.models.interactions.ThinkingLevel;
import com.google.genai.gaos.models.operations.CreateInteractionRequestBody;
import com.google.genai.gaos.models.operations.GetInteractionByIdRequest;
import com.google.genai.gaos.utils.EventStream;
import com.google.genai.types.Content;
import com.google.genai.types.File;
import com.google.genai.types.FunctionCallingConfig;
import com.google.genai.types.FunctionDeclaration;
import com.google.genai.types.GenerateContentConfig;
import com.google.genai.types.GenerateContentResponse;
import com.google.genai.types.HttpOptions;
import com.google.genai.types.ListFilesConfig;
import com.google.genai.types.ListModelsConfig;
import com.google.genai.types.Part;
import com.google.genai.types.PartMediaResolution;
import com.google.genai.types.Schema;
import com.google.genai.types.ThinkingConfig;
import com.google.genai.types.Tool;
import com.google.genai.types.ToolConfig;
import com.google.genai.types.UploadFileConfig;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

public class Probes {
  static final String CONTENTS_MODEL = "gemini-2.5-flash";
  static final String RESOLUTION_MODEL = "gemini-3-pro-preview";
  static final String INTERACTIONS_MODEL = "gemini-3-flash-preview";
  static final String DETECT =
      "Detect the items. The box_2d should be [ymin, xmin, ymax, xmax] normalized to 0-1000.";
  static final String SEGMENT = "Give the segmentation masks for the items, with box_2d, mask and label.";
  static final GenerateContentConfig PLAIN = GenerateContentConfig.builder().build();

  static final Map<String, Callable<Object>> PROBES = new LinkedHashMap<>();
  static final ObjectMapper JSON = new ObjectMapper();
  static final Client client = new Client();
  static String path;
  static byte[] pixels;

  static {
    PROBES.put("files", Probes::files);
    PROBES.put("bytes", Probes::bytes);
    PROBES.put("pages", Probes::pages);
    PROBES.put("download", Probes::download);
    PROBES.put("inline", Probes::inline);
    PROBES.put("uri", Probes::uri);
    PROBES.put("schema", Probes::schema);
    PROBES.put("masks", () -> Map.of("text", generate(CONTENTS_MODEL, ask(SEGMENT, image()), PLAIN).text()));
    PROBES.put("stream", Probes::stream);
    PROBES.put("resolution", Probes::resolution);
    PROBES.put("function", Probes::function);
    PROBES.put("chat", Probes::chat);
    PROBES.put("models", Probes::models);
    PROBES.put("errors", Probes::errors);
    PROBES.put("version", Probes::version);
    PROBES.put("interaction_uri", Probes::interactionUri);
    PROBES.put("interaction_data", Probes::interactionData);
    PROBES.put("interaction_resolution", Probes::interactionResolution);
    PROBES.put("interaction_stream", Probes::interactionStream);
    PROBES.put("interaction_background", Probes::interactionBackground);
    PROBES.put("interaction_cancel", Probes::interactionCancel);
    PROBES.put("interaction_chain", Probes::interactionChain);
    PROBES.put("interaction_errors", Probes::interactionErrors);
    PROBES.put("interaction_text", Probes::interactionText);
    PROBES.put("pace", Probes::pace);
  }

  static Object files() {
    File file = upload();
    File byName = client.files.get(file.name().get(), null);
    File byUri = client.files.get(file.uri().get(), null);
    client.files.delete(file.name().get(), null);
    Object gone = errorOf(() -> client.files.get(file.name().get(), null));
    return Map.of("file", fileOf(file), "got", List.of(fileOf(byName), fileOf(byUri)), "gone", gone);
  }

  static Object bytes() {
    byte[] big = new byte[(8 << 20) + 7];
    for (int i = 0; i < big.length; i++) {
      big[i] = (byte) (i % 251);
    }
    return fileOf(client.files.upload(big, UploadFileConfig.builder().mimeType("text/plain").build()));
  }

  static Object pages() {
    List<Object> made = new ArrayList<>();
    List<Object> listed = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      made.add(upload().name().get());
    }
    for (File file : client.files.list(ListFilesConfig.builder().pageSize(2).build())) {
      listed.add(file.name().get());
    }
    return Map.of("made", made, "listed", listed);
  }

  static Object download() throws Exception {
    Path target = Files.createTempFile("download", null);
    client.files.download(client.files.get("made", null), target.toString(), null);
    String data = Files.readString(target);
    Object refused = errorOf(() -> client.files.download(upload().name().get(), target.toString(), null));
    Files.delete(target);
    return Map.of("data", data, "refused", refused);
  }

  static Object inline() {
    Content content = ask(DETECT, image());
    GenerateContentResponse response = generate(CONTENTS_MODEL, content, PLAIN);
    int counted = client.models.countTokens(CONTENTS_MODEL, List.of(content), null).totalTokens().get();
    return Map.of("text", response.text(), "usage", usageOf(response), "counted", counted);
  }

  static Object uri() {
    File file = upload();
    Schema integer = Schema.builder().type("INTEGER").build();
    Schema box =
        Schema.builder()
            .type("OBJECT")
            .properties(
                Map.of(
                    "box_2d", Schema.builder().type("ARRAY").items(integer).build(),
                    "label", Schema.builder().type("STRING").build()))
            .required("box_2d", "label")
            .build();
    GenerateContentResponse response =
        generate(
            CONTENTS_MODEL,
            ask(DETECT, Part.fromUri(file.uri().get(), file.mimeType().get())),
            GenerateContentConfig.builder()
                .systemInstruction(Content.fromParts(Part.fromText("Be brief.")))
                .responseMimeType("application/json")
                .responseSchema(Schema.builder().type("ARRAY").items(box).build())
                .thinkingConfig(ThinkingConfig.builder().thinkingBudget(0).build())
                .build());
    return Map.of("text", response.text(), "usage", usageOf(response));
  }

  static Object schema() {
    GenerateContentConfig config =
        GenerateContentConfig.builder()
            .responseMimeType("application/json")
            .responseJsonSchema(boxesSchema())
            .build();
    return Map.of("text", generate(CONTENTS_MODEL, ask(DETECT, image()), config).text());
  }

  static Object stream() {
    List<String> texts = new ArrayList<>();
    GenerateContentResponse last = null;
    try (var pieces = client.models.generateContentStream(CONTENTS_MODEL, "Tell me what you see.", PLAIN)) {
      for (GenerateContentResponse piece : pieces) {
        texts.add(piece.text());
        last = piece;
      }
    }
    return Map.of("texts", texts, "reason", last.finishReason().toString(), "usage", usageOf(last));
  }

  static Object resolution() {
    GenerateContentConfig low = GenerateContentConfig.builder().mediaResolution("MEDIA_RESOLUTION_LOW").build();
    GenerateContentConfig high = GenerateContentConfig.builder().mediaResolution("MEDIA_RESOLUTION_HIGH").build();
    PartMediaResolution level = PartMediaResolution.builder().level("MEDIA_RESOLUTION_LOW").build();
    Part part = image().toBuilder().mediaResolution(level).build();
    return Map.of(
        "low", usageOf(generate(RESOLUTION_MODEL, ask(DETECT, image()), low)),
        "high", usageOf(generate(RESOLUTION_MODEL, ask(DETECT, image()), high)),
        "part", usageOf(generate(RESOLUTION_MODEL, ask(DETECT, part), PLAIN)));
  }

  static Object function() {
    FunctionDeclaration declaration =
        FunctionDeclaration.builder()
            .name("keep")
            .parametersJsonSchema(
                Map.of(
                    "type", "object",
                    "properties", Map.of("n", Map.of("type", "integer")),
                    "required", List.of("n")))
            .build();
    FunctionCallingConfig calling = FunctionCallingConfig.builder().mode("ANY").build();
    GenerateContentConfig config =
        GenerateContentConfig.builder()
            .tools(Tool.builder().functionDeclarations(declaration).build())
            .toolConfig(ToolConfig.builder().functionCallingConfig(calling).build())
            .build();
    var call = client.models.generateContent(INTERACTIONS_MODEL, "How many?", config).functionCalls().get(0);
    return Map.of("name", call.name().get(), "args", call.args().get());
  }

  static Object chat() {
    var chat = client.chats.create(CONTENTS_MODEL);
    chat.sendMessage(ask("Caption this image.", image()));
    return Map.of("text", chat.sendMessage(DETECT).text());
  }

  static Object models() {
    List<String> names = new ArrayList<>();
    for (var model : client.models.list(ListModelsConfig.builder().pageSize(5).build())) {
      names.add(model.name().get());
    }
    return Map.of("names", names, "one", client.models.get(CONTENTS_MODEL, null).name().get());
  }

  static Object errors() {
    Client stranger = Client.builder().apiKey("wrong").build();
    Content mislabelled = ask(DETECT, Part.fromBytes(pixels, "image/jpg"));
    return Map.of(
        "mime", errorOf(() -> generate(CONTENTS_MODEL, mislabelled, PLAIN)),
        "model", errorOf(() -> client.models.generateContent("gemini-none", "x", PLAIN)),
        "key", errorOf(() -> stranger.models.generateContent(CONTENTS_MODEL, "x", PLAIN)),
        "stream", errorOf(() -> client.models.generateContentStream("gemini-none", "x", PLAIN)));
  }

  static Object version() {
    Client other = Client.builder().httpOptions(HttpOptions.builder().apiVersion("v1alpha").build()).build();
    return Map.of("text", other.models.generateContent(CONTENTS_MODEL, "Hello", PLAIN).text());
  }

  static Object interactionUri() {
    File file = upload();
    ImageContentMimeType type = ImageContentMimeType.of(file.mimeType().get());
    return outcomeOf(create(about(DETECT, ImageContent.builder().uri(file.uri().get()).mimeType(type).build())));
  }

  static Object interactionData() {
    TextResponseFormat format =
        TextResponseFormat.builder()
            .mimeType(TextResponseFormatMimeType.APPLICATION_JSON)
            .schema(boxesSchema())
            .build();
    return outcomeOf(
        create(
            about(DETECT, inlined())
                .withSystemInstruction("Be brief.")
                .withGenerationConfig(
                    com.google.genai.gaos.models.interactions.GenerationConfig.builder()
                        .thinkingLevel(ThinkingLevel.MINIMAL)
                        .build())
                .withResponseFormat(CreateModelInteractionResponseFormat.of(ResponseFormat.of(format)))));
  }

  static Object interactionResolution() {
    return Map.of(
        "low", outcomeOf(create(about(DETECT, inlined().withResolution(MediaResolution.LOW)))),
        "high", outcomeOf(create(about(DETECT, inlined().withResolution(MediaResolution.HIGH)))));
  }

  static Object interactionStream() throws Exception {
    var body = CreateInteractionRequestBody.of(saying("Hello there").withStream(true));
    List<InteractionSSEEvent> events = drain(client.interactions.create(body).events());
    String id = ((InteractionCreatedEvent) events.get(0)).interaction().get().id().get();
    List<String> texts = new ArrayList<>();
    for (InteractionSSEEvent event : events) {
      if (event instanceof StepDelta && ((StepDelta) event).delta().get() instanceof TextDelta) {
        texts.add(((TextDelta) ((StepDelta) event).delta().get()).text().get());
      }
    }
    Object third = events.get(2).getClass().getMethod("eventId").invoke(events.get(2));
    String thirdId = ((java.util.Optional<?>) third).get().toString();
    var rest = GetInteractionByIdRequest.builder().id(id).stream(true).lastEventId(thirdId).build();
    List<InteractionSSEEvent> resumed = drain(client.interactions.get(rest).events());
    return Map.of(
        "events", typesOf(events), "resumed", typesOf(resumed), "texts", texts, "stored", textOf(get(id)));
  }

  static Object interactionBackground() throws Exception {
    Interaction first = create(about(DETECT, inlined()).withBackground(true));
    Interaction last = first;
    while (List.of("in_progress", "queued").contains(last.status().get().value())) {
      Thread.sleep(50);
      last = get(first.id().get());
    }
    return Map.of("first", first.status().get().value(), "last", outcomeOf(last));
  }

  static Object interactionCancel() {
    Interaction running = create(saying("Hello").withBackground(true));
    Interaction cancelled = client.interactions.cancel(running.id().get()).interaction().get();
    return Map.of(
        "first", running.status().get().value(),
        "last", cancelled.status().get().value(),
        "got", get(running.id().get()).status().get().value());
  }

  static Object interactionChain() {
    Interaction first = create(about("Caption this image.", inlined()));
    Interaction second = create(saying(DETECT).withPreviousInteractionId(first.id().get()));
    String id = second.id().get();
    var request = GetInteractionByIdRequest.builder().id(id).includeInput(true).build();
    List<String> steps = new ArrayList<>();
    client.interactions.get(request).interaction().get().steps().get().forEach(step -> steps.add(step.type()));
    client.interactions.delete(id);
    return Map.of(
        "first", outcomeOf(first), "second", outcomeOf(second), "steps", steps, "gone", errorOf(() -> get(id)));
  }

  static Object interactionErrors() {
    Client stranger = Client.builder().apiKey("wrong").build();
    ImageContent picture = inlined().withMimeType(ImageContentMimeType.of("image/jpg"));
    return Map.of(
        "mime", errorOf(() -> create(about(DETECT, picture))),
        "model", errorOf(() -> create(saying("x").withModel(Model.of("gemini-none")))),
        "key", errorOf(() -> stranger.interactions.create(CreateInteractionRequestBody.of(saying("x")))));
  }

  static Object interactionText() {
    Interaction interaction = create(saying("Hello there"));
    return Map.of("text", textOf(interaction), "status", interaction.status().get().value());
  }

  static Object pace() {
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      texts.add(textOf(create(about(DETECT, inlined()))));
    }
    return texts;
  }

  public static void main(String[] args) throws Exception {
    path = args[0];
    pixels = Files.readAllBytes(Path.of(path));
    var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    String jar = Path.of(Client.class.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
    out.println(JSON.writeValueAsString(Map.of("version", jar.replaceAll(".*google-genai-|\\.jar$", ""))));
    for (String name; (name = input.readLine()) != null; ) {
      out.println(JSON.writeValueAsString(run(PROBES.get(name))));
    }
    System.exit(0);  // the SDK keeps threads that would keep the process
  }

  static Map<String, Object> run(Callable<Object> probe) {
    if (probe == null) {
      return Map.of("missing", true);
    }
    try {
      long start = System.nanoTime();
      Object result = probe.call();
      return Map.of("ms", (System.nanoTime() - start) / 1e6, "result", result);
    } catch (Throwable cause) {
      var trace = new java.io.StringWriter();
      cause.printStackTrace(new java.io.PrintWriter(trace));
      return Map.of("failed", trace.toString());
    }
  }

  static File upload() {
    return client.files.upload(path, UploadFileConfig.builder().mimeType("image/png").displayName("scène").build());
  }

  static Part image() {
    return Part.fromBytes(pixels, "image/png");
  }

  static Content ask(String text, Part picture) {
    return Content.fromParts(picture, Part.fromText(text));
  }

  static GenerateContentResponse generate(String model, Content content, GenerateContentConfig config) {
    return client.models.generateContent(model, content, config);
  }

  static Map<String, Object> boxesSchema() {
    Map<String, Object> integers =
        Map.of("type", "array", "items", Map.of("type", "integer"), "minItems", 4, "maxItems", 4);
    Map<String, Object> box =
        Map.of(
            "type", "object",
            "required", List.of("box_2d", "label"),
            "properties", Map.of("box_2d", integers, "label", Map.of("type", "string")));
    return Map.of(
        "type", "object",
        "required", List.of("boxes"),
        "properties", Map.of("boxes", Map.of("type", "array", "items", box)));
  }

  static ImageContent inlined() {
    String data = Base64.getEncoder().encodeToString(pixels);
    return ImageContent.builder().data(data).mimeType(ImageContentMimeType.IMAGE_PNG).build();
  }

  static CreateModelInteraction about(String text, ImageContent picture) {
    List<com.google.genai.gaos.models.interactions.Content> contents =
        List.of(TextContent.builder().text(text).build(), picture);
    return CreateModelInteraction.builder()
        .model(Model.of(INTERACTIONS_MODEL))
        .input(InteractionsInput.ofContent(contents))
        .build();
  }

  static CreateModelInteraction saying(String text) {
    return CreateModelInteraction.builder()
        .model(Model.of(INTERACTIONS_MODEL))
        .input(InteractionsInput.of(text))
        .build();
  }

  static Interaction create(CreateModelInteraction body) {
    return client.interactions.create(CreateInteractionRequestBody.of(body)).interaction().get();
  }

  static Interaction get(String id) {
    return client.interactions.get(GetInteractionByIdRequest.builder().id(id).build()).interaction().get();
  }

  static List<InteractionSSEEvent> drain(EventStream<InteractionSSEStreamEvent> stream) throws Exception {
    List<InteractionSSEEvent> events = new ArrayList<>();
    try (stream) {
      stream.forEach(event -> events.add(event.data().get()));
    }
    return events;
  }

  static List<String> typesOf(List<InteractionSSEEvent> events) {
    List<String> types = new ArrayList<>();
    events.forEach(event -> types.add(event.eventType()));
    return types;
  }

  static String textOf(Interaction interaction) {
    var steps = interaction.steps().get();
    var content = ((ModelOutputStep) steps.get(steps.size() - 1)).content().get();
    return ((TextContent) content.get(0)).text().get();
  }

  static Object fileOf(File file) {
    return Map.of(
        "name", file.name().get(),
        "uri", file.uri().get(),
        "mime_type", file.mimeType().get(),
        "size_bytes", file.sizeBytes().get(),
        "state", file.state().get().toString(),
        "display_name", file.displayName().orElse(""),
        "sha256", file.sha256Hash().get());
  }

  static Object usageOf(GenerateContentResponse response) {
    var usage = response.usageMetadata().get();
    Map<String, Object> tokens = new LinkedHashMap<>();
    usage.promptTokensDetails().get().forEach(
        one -> tokens.put(one.modality().get().toString(), one.tokenCount().get()));
    return Map.of(
        "prompt", usage.promptTokenCount().get(),
        "answer", usage.candidatesTokenCount().get(),
        "total", usage.totalTokenCount().get(),
        "prompt_by", tokens);
  }

  static Object outcomeOf(Interaction interaction) {
    var usage = interaction.usage().get();
    Map<String, Object> tokens = new LinkedHashMap<>();
    usage.inputTokensByModality().get().forEach(
        one -> tokens.put(one.modality().get().value(), one.tokens().get()));
    return Map.of(
        "status", interaction.status().get().value(),
        "text", interaction.outputText().orElse(""),
        "last", textOf(interaction),
        "prompt", usage.totalInputTokens().get(),
        "total", usage.totalTokens().get(),
        "prompt_by", tokens);
  }

  static Map<?, ?> readJson(String text) {
    try {
      return JSON.readValue(text, Map.class);
    } catch (java.io.IOException error) {
      throw new IllegalArgumentException(text, error);
    }
  }

  interface Call {
    void run() throws Exception;
  }

  static Object errorOf(Call call) {
    try {
      call.run();
    } catch (GaosClientException error) {
      Map<?, ?> told = (Map<?, ?>) readJson(error.bodyAsString().get()).get("error");
      return Map.of(
          "type", error.getClass().getSimpleName(),
          "code", error.code(),
          "status", told.get("code"),
          "message", told.get("message"));
    } catch (ApiException error) {
      return Map.of(
          "type", error.getClass().getSimpleName(),
          "code", error.code(),
          "status", error.status(),
          "message", error.message());
    } catch (Exception error) {
      return Map.of("type", error.getClass().getName(), "message", String.valueOf(error.getMessage()));
    }
    return Map.of("type", "none");
  }
}
