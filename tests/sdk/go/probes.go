// What a user of google.golang.org/genai writes against the service, unchanged: only the environment points
// to the mock server. Probes are named on stdin, line by line; each answers with one line of JSON.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"google.golang.org/genai"
	"google.golang.org/genai/interactions/models/apierrors"
	"google.golang.org/genai/interactions/models/interactions"
	"google.golang.org/genai/interactions/models/operations"
)

type object = map[string]any
type list = []any

const (
	contentsModel     = "gemini-2.5-flash"
	resolutionModel   = "gemini-3-pro-preview"
	interactionsModel = "gemini-3-flash-preview"
	detect            = "Detect the items. The box_2d should be [ymin, xmin, ymax, xmax] normalized to 0-1000."
	segment           = "Give the segmentation masks for the items, with box_2d, mask and label."
)

var (
	ctx    = context.Background()
	client *genai.Client
	path   = os.Args[1]
	pixels []byte
)

var probes = map[string]func() any{
	"files": func() any {
		file := upload()
		byName := must(client.Files.Get(ctx, file.Name, nil))
		byURI := must(client.Files.Get(ctx, file.URI, nil))
		must(client.Files.Delete(ctx, file.Name, nil))
		_, gone := client.Files.Get(ctx, file.Name, nil)
		return object{"file": fileOf(file), "got": list{fileOf(byName), fileOf(byURI)}, "gone": errorOf(gone)}
	},
	"bytes": func() any {
		big := make([]byte, 8<<20+7)
		for i := range big {
			big[i] = byte(i % 251)
		}
		config := &genai.UploadFileConfig{MIMEType: "text/plain"}
		return fileOf(must(client.Files.Upload(ctx, bytes.NewReader(big), config)))
	},
	"pages": func() any {
		var made, listed list
		for range 3 {
			made = append(made, upload().Name)
		}
		page, err := client.Files.List(ctx, &genai.ListFilesConfig{PageSize: 2})
		for ; err == nil; page, err = page.Next(ctx) {
			for _, file := range page.Items {
				listed = append(listed, file.Name)
			}
		}
		if err != genai.ErrPageDone {
			panic(err)
		}
		return object{"made": made, "listed": listed}
	},
	"download": func() any {
		file := must(client.Files.Get(ctx, "made", nil))
		data := must(client.Files.Download(ctx, genai.NewDownloadURIFromFile(file), nil))
		// The SDK does not look at the status of a download: what refuses it arrives as its bytes.
		refused := must(client.Files.Download(ctx, genai.NewDownloadURIFromFile(&genai.File{DownloadURI: upload().URI}), nil))
		return object{"data": string(data), "refused": object{"message": string(refused)}}
	},
	"inline": func() any {
		contents := ask(detect, image())
		response := generate(contentsModel, contents, nil)
		counted := must(client.Models.CountTokens(ctx, contentsModel, contents, nil))
		return object{"text": response.Text(), "usage": usageOf(response), "counted": counted.TotalTokens}
	},
	"uri": func() any {
		file := upload()
		box := &genai.Schema{Type: genai.TypeObject, Required: []string{"box_2d", "label"}, Properties: map[string]*genai.Schema{
			"box_2d": {Type: genai.TypeArray, Items: &genai.Schema{Type: genai.TypeInteger}},
			"label":  {Type: genai.TypeString},
		}}
		response := generate(contentsModel, ask(detect, genai.NewPartFromURI(file.URI, file.MIMEType)), &genai.GenerateContentConfig{
			SystemInstruction: genai.NewContentFromText("Be brief.", genai.RoleUser),
			ResponseMIMEType:  "application/json",
			ResponseSchema:    &genai.Schema{Type: genai.TypeArray, Items: box},
			ThinkingConfig:    &genai.ThinkingConfig{ThinkingBudget: genai.Ptr[int32](0)},
		})
		return object{"text": response.Text(), "usage": usageOf(response)}
	},
	"schema": func() any {
		response := generate(contentsModel, ask(detect, image()), &genai.GenerateContentConfig{
			ResponseMIMEType: "application/json", ResponseJsonSchema: boxesSchema(),
		})
		return object{"text": response.Text()}
	},
	"masks": func() any {
		return object{"text": generate(contentsModel, ask(segment, image()), nil).Text()}
	},
	"stream": func() any {
		var texts list
		var last *genai.GenerateContentResponse
		for piece, err := range client.Models.GenerateContentStream(ctx, contentsModel, genai.Text("Tell me what you see."), nil) {
			check(err)
			texts, last = append(texts, piece.Text()), piece
		}
		return object{"texts": texts, "reason": last.Candidates[0].FinishReason, "usage": usageOf(last)}
	},
	"resolution": func() any {
		part := image()
		part.MediaResolution = &genai.PartMediaResolution{Level: genai.PartMediaResolutionLevelMediaResolutionLow}
		return object{
			"low": usageOf(generate(resolutionModel, ask(detect, image()), &genai.GenerateContentConfig{
				MediaResolution: genai.MediaResolutionLow,
			})),
			"high": usageOf(generate(resolutionModel, ask(detect, image()), &genai.GenerateContentConfig{
				MediaResolution: genai.MediaResolutionHigh,
			})),
			"part": usageOf(generate(resolutionModel, ask(detect, part), nil)),
		}
	},
	"function": func() any {
		declaration := &genai.FunctionDeclaration{Name: "keep", ParametersJsonSchema: object{
			"type": "object", "properties": object{"n": object{"type": "integer"}}, "required": list{"n"},
		}}
		response := generate(interactionsModel, genai.Text("How many?"), &genai.GenerateContentConfig{
			Tools: []*genai.Tool{{FunctionDeclarations: []*genai.FunctionDeclaration{declaration}}},
			ToolConfig: &genai.ToolConfig{FunctionCallingConfig: &genai.FunctionCallingConfig{
				Mode: genai.FunctionCallingConfigModeAny,
			}},
		})
		call := response.FunctionCalls()[0]
		return object{"name": call.Name, "args": call.Args}
	},
	"chat": func() any {
		chat := must(client.Chats.Create(ctx, contentsModel, nil, nil))
		must(chat.SendMessage(ctx, *image(), genai.Part{Text: "Caption this image."}))
		return object{"text": must(chat.SendMessage(ctx, genai.Part{Text: detect})).Text()}
	},
	"models": func() any {
		var names list
		page, err := client.Models.List(ctx, &genai.ListModelsConfig{PageSize: 5})
		for ; err == nil; page, err = page.Next(ctx) {
			for _, model := range page.Items {
				names = append(names, model.Name)
			}
		}
		if err != genai.ErrPageDone {
			panic(err)
		}
		return object{"names": names, "one": must(client.Models.Get(ctx, contentsModel, nil)).Name}
	},
	"errors": func() any {
		_, mime := client.Models.GenerateContent(ctx, contentsModel, ask(detect, genai.NewPartFromBytes(pixels, "image/jpg")), nil)
		_, model := client.Models.GenerateContent(ctx, "gemini-none", genai.Text("x"), nil)
		_, key := stranger().Models.GenerateContent(ctx, contentsModel, genai.Text("x"), nil)
		var stream error
		for _, stream = range client.Models.GenerateContentStream(ctx, "gemini-none", genai.Text("x"), nil) {
		}
		return object{"mime": errorOf(mime), "model": errorOf(model), "key": errorOf(key), "stream": errorOf(stream)}
	},
	"version": func() any {
		other := must(genai.NewClient(ctx, &genai.ClientConfig{HTTPOptions: genai.HTTPOptions{APIVersion: "v1alpha"}}))
		return object{"text": must(other.Models.GenerateContent(ctx, contentsModel, genai.Text("Hello"), nil)).Text()}
	},
	"interaction_uri": func() any {
		file := upload()
		picture := interactions.ImageContent{URI: &file.URI, MimeType: genai.Ptr(interactions.ImageContentMimeType(file.MIMEType))}
		return outcomeOf(create(about(detect, picture)))
	},
	"interaction_data": func() any {
		request := about(detect, inlined(""))
		request.SystemInstruction = genai.Ptr("Be brief.")
		request.GenerationConfig = &interactions.GenerationConfig{ThinkingLevel: interactions.ThinkingLevelMinimal.ToPointer()}
		request.ResponseFormat = genai.Ptr(interactions.NewCreateModelInteractionResponseFormat(
			interactions.NewResponseFormat(interactions.TextResponseFormat{
				MimeType: interactions.TextResponseFormatMimeTypeApplicationJSON.ToPointer(), Schema: boxesSchema(),
			}),
		))
		return outcomeOf(create(request))
	},
	"interaction_resolution": func() any {
		return object{
			"low":  outcomeOf(create(about(detect, inlined(interactions.MediaResolutionLow)))),
			"high": outcomeOf(create(about(detect, inlined(interactions.MediaResolutionHigh)))),
		}
	},
	"interaction_stream": func() any {
		request := saying("Hello there")
		request.Stream = genai.Ptr(true)
		events := drain(must(post(request)).InteractionSSEStreamEvent)
		id := events[0].InteractionCreatedEvent.Interaction.ID
		var texts list
		for _, event := range events {
			if event.StepDelta != nil && event.StepDelta.Delta.TextDelta != nil {
				texts = append(texts, event.StepDelta.Delta.TextDelta.Text)
			}
		}
		resumed := drain(must(client.Interactions.Get(ctx, operations.GetInteractionByIDRequest{
			ID: id, Stream: genai.Ptr(true), LastEventID: eventID(events[2]),
		})).InteractionSSEStreamEvent)
		return object{"events": typesOf(events), "resumed": typesOf(resumed), "texts": texts, "stored": get(id).OutputText}
	},
	"interaction_background": func() any {
		request := about(detect, inlined(""))
		request.Background = genai.Ptr(true)
		first := create(request)
		last := first
		for last.Status == "in_progress" || last.Status == "queued" {
			time.Sleep(50 * time.Millisecond)
			last = get(*first.ID)
		}
		return object{"first": first.Status, "last": outcomeOf(last)}
	},
	"interaction_cancel": func() any {
		request := saying("Hello")
		request.Background = genai.Ptr(true)
		running := create(request)
		cancelled := must(client.Interactions.Cancel(ctx, operations.CancelInteractionByIDRequest{ID: *running.ID}))
		return object{"first": running.Status, "last": cancelled.Interaction.Status, "got": get(*running.ID).Status}
	},
	"interaction_chain": func() any {
		first := create(about("Caption this image.", inlined("")))
		request := saying(detect)
		request.PreviousInteractionID = first.ID
		second := create(request)
		got := must(client.Interactions.Get(ctx, operations.GetInteractionByIDRequest{
			ID: *second.ID, IncludeInput: genai.Ptr(true),
		})).Interaction
		must(client.Interactions.Delete(ctx, operations.DeleteInteractionRequest{ID: *second.ID}))
		_, gone := client.Interactions.Get(ctx, operations.GetInteractionByIDRequest{ID: *second.ID})
		var steps list
		for _, step := range got.Steps {
			steps = append(steps, step.Type)
		}
		return object{"first": outcomeOf(first), "second": outcomeOf(second), "steps": steps, "gone": errorOf(gone)}
	},
	"interaction_errors": func() any {
		picture := inlined("")
		picture.MimeType = genai.Ptr(interactions.ImageContentMimeType("image/jpg"))
		_, mime := post(about(detect, picture))
		missing := saying("x")
		missing.Model = "gemini-none"
		_, model := post(missing)
		_, key := stranger().Interactions.Create(ctx, requestOf(saying("x")))
		return object{"mime": errorOf(mime), "model": errorOf(model), "key": errorOf(key)}
	},
	"interaction_text": func() any {
		interaction := create(saying("Hello there"))
		return object{"text": interaction.OutputText, "status": interaction.Status, "hops": interaction.ContinuationIds}
	},
	"pace": func() any {
		var texts list
		for range 20 {
			texts = append(texts, create(about(detect, inlined(""))).OutputText)
		}
		return texts
	},
}

func main() {
	client = must(genai.NewClient(ctx, nil))
	pixels = must(os.ReadFile(path))
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "google.golang.org/genai" {
			say(object{"version": module.Version[1:]})
		}
	}
	for input := bufio.NewScanner(os.Stdin); input.Scan(); {
		say(run(probes[input.Text()]))
	}
}

func run(probe func() any) (answer object) {
	defer func() {
		if cause := recover(); cause != nil {
			answer = object{"failed": fmt.Sprintf("%v\n%s", cause, debug.Stack())}
		}
	}()
	if probe == nil {
		return object{"missing": true}
	}
	start := time.Now()
	result := probe()
	return object{"ms": float64(time.Since(start).Microseconds()) / 1000, "result": result}
}

func say(answer object) { fmt.Println(string(must(json.Marshal(answer)))) }

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func upload() *genai.File {
	return must(client.Files.UploadFromPath(ctx, path, &genai.UploadFileConfig{DisplayName: "scène"}))
}

func image() *genai.Part { return genai.NewPartFromBytes(pixels, "image/png") }

func ask(text string, picture *genai.Part) []*genai.Content {
	return []*genai.Content{genai.NewContentFromParts([]*genai.Part{picture, genai.NewPartFromText(text)}, genai.RoleUser)}
}

func generate(model string, contents []*genai.Content, config *genai.GenerateContentConfig) *genai.GenerateContentResponse {
	return must(client.Models.GenerateContent(ctx, model, contents, config))
}

func stranger() *genai.Client {
	return must(genai.NewClient(ctx, &genai.ClientConfig{APIKey: "wrong"}))
}

func boxesSchema() object {
	integers := object{"type": "array", "items": object{"type": "integer"}, "minItems": 4, "maxItems": 4}
	box := object{
		"type": "object", "required": list{"box_2d", "label"},
		"properties": object{"box_2d": integers, "label": object{"type": "string"}},
	}
	return object{"type": "object", "required": list{"boxes"}, "properties": object{"boxes": object{"type": "array", "items": box}}}
}

func inlined(resolution interactions.MediaResolution) interactions.ImageContent {
	picture := interactions.ImageContent{
		Data:     genai.Ptr(base64.StdEncoding.EncodeToString(pixels)),
		MimeType: interactions.ImageContentMimeTypeImagePng.ToPointer(),
	}
	if resolution != "" {
		picture.Resolution = &resolution
	}
	return picture
}

func about(text string, picture interactions.ImageContent) interactions.CreateModelInteraction {
	input := interactions.NewInteractionsInput([]interactions.Content{
		interactions.NewContent(interactions.TextContent{Text: text}), interactions.NewContent(picture),
	})
	return interactions.CreateModelInteraction{Model: interactionsModel, Input: &input}
}

func saying(text string) interactions.CreateModelInteraction {
	input := interactions.NewInteractionsInput(text)
	return interactions.CreateModelInteraction{Model: interactionsModel, Input: &input}
}

func requestOf(body interactions.CreateModelInteraction) operations.CreateInteractionRequest {
	return operations.CreateInteractionRequest{Body: operations.NewCreateInteractionRequestBody(body)}
}

func post(body interactions.CreateModelInteraction) (*operations.CreateInteractionResponse, error) {
	return client.Interactions.Create(ctx, requestOf(body))
}

func create(body interactions.CreateModelInteraction) *interactions.Interaction {
	return must(post(body)).Interaction
}

func get(id string) *interactions.Interaction {
	return must(client.Interactions.Get(ctx, operations.GetInteractionByIDRequest{ID: id})).Interaction
}

func drain(stream interface {
	Next() bool
	Value() *interactions.InteractionSSEStreamEvent
	Err() error
}) (events []interactions.InteractionSSEEvent) {
	for stream.Next() {
		events = append(events, stream.Value().Data)
	}
	check(stream.Err())
	return events
}

func typesOf(events []interactions.InteractionSSEEvent) (types list) {
	for _, event := range events {
		types = append(types, event.Type)
	}
	return types
}

func eventID(event interactions.InteractionSSEEvent) *string {
	var fields struct {
		EventID *string `json:"event_id"`
	}
	check(json.Unmarshal(must(json.Marshal(event)), &fields))
	return fields.EventID
}

func fileOf(file *genai.File) object {
	return object{
		"name": file.Name, "uri": file.URI, "mime_type": file.MIMEType, "size_bytes": file.SizeBytes,
		"state": file.State, "display_name": file.DisplayName, "sha256": file.Sha256Hash,
	}
}

func usageOf(response *genai.GenerateContentResponse) object {
	usage := response.UsageMetadata
	tokens := object{}
	for _, one := range usage.PromptTokensDetails {
		tokens[string(one.Modality)] = one.TokenCount
	}
	return object{"prompt": usage.PromptTokenCount, "answer": usage.CandidatesTokenCount, "total": usage.TotalTokenCount, "prompt_by": tokens}
}

func outcomeOf(interaction *interactions.Interaction) object {
	usage := interaction.Usage
	tokens := object{}
	for _, one := range usage.InputTokensByModality {
		tokens[string(*one.Modality)] = one.Tokens
	}
	last := interaction.Steps[len(interaction.Steps)-1]
	return object{
		"status": interaction.Status, "text": interaction.OutputText, "last": last.ModelOutputStep.Content[0].TextContent.Text,
		"prompt": usage.TotalInputTokens, "total": usage.TotalTokens, "prompt_by": tokens,
	}
}

func errorOf(err error) object {
	var api genai.APIError
	if errors.As(err, &api) {
		return object{"type": fmt.Sprintf("%T", api), "code": api.Code, "status": api.Status, "message": api.Message}
	}
	var creating *apierrors.CreateInteractionClientError
	if errors.As(err, &creating) {
		return interactionError(err, creating.HTTPMeta.Response.StatusCode, creating.Error_)
	}
	var getting *apierrors.GetInteractionByIDClientError
	if errors.As(err, &getting) {
		return interactionError(err, getting.HTTPMeta.Response.StatusCode, getting.Error_)
	}
	return object{"type": fmt.Sprintf("%T", err), "message": fmt.Sprint(err)}
}

func interactionError(err error, code int, told interactions.Error) object {
	return object{"type": fmt.Sprintf("%T", err), "code": code, "status": told.Code, "message": told.Message}
}
