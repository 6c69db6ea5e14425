// Fetch a photo from the web, then ask for a caption.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"

	"google.golang.org/genai"
)

func main() {
	ctx := context.Background()
	client, err := genai.NewClient(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}

	fetched, err := http.Get("https://photos.example.org/instruments")
	if err != nil {
		log.Fatal(err)
	}
	defer fetched.Body.Close()
	photo, err := io.ReadAll(fetched.Body)
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
