// Ask for a caption with the photo's bytes as a part of the contents.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"google.golang.org/genai"
)

func main() {
	ctx := context.Background()
	client, err := genai.NewClient(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}

	photo, err := os.ReadFile("photos/small.jpg")
	if err != nil {
		log.Fatal(err)
	}
	parts := []*genai.Part{
		genai.NewPartFromBytes(photo, "image/jpeg"),
		genai.NewPartFromText("Write a caption for this photo."),
	}
	contents := []*genai.Content{genai.NewContentFromParts(parts, genai.RoleUser)}

	answer, err := client.Models.GenerateContent(ctx, "gemini-2.5-flash", contents, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Text())
}
