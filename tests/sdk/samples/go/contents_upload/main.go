// Upload a photo and refer to it by a part made from its URI.
package main

import (
	"context"
	"fmt"
	"log"

	"google.golang.org/genai"
)

func main() {
	ctx := context.Background()
	client, err := genai.NewClient(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}

	photo, err := client.Files.UploadFromPath(ctx, "photos/sample.jpg", nil)
	if err != nil {
		log.Fatal(err)
	}
	parts := []*genai.Part{
		genai.NewPartFromText("Write a caption for this photo."),
		genai.NewPartFromURI(photo.URI, photo.MIMEType),
	}
	contents := []*genai.Content{genai.NewContentFromParts(parts, genai.RoleUser)}

	answer, err := client.Models.GenerateContent(ctx, "gemini-2.5-flash", contents, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Text())
}
