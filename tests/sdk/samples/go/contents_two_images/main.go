// Compare a photo inside the request with an uploaded one, which comes second here.
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

	tuesday, err := client.Files.UploadFromPath(ctx, "photos/tuesday.jpg", nil)
	if err != nil {
		log.Fatal(err)
	}
	monday, err := os.ReadFile("photos/monday.jpeg")
	if err != nil {
		log.Fatal(err)
	}
	parts := []*genai.Part{
		genai.NewPartFromText("How do these two photos differ?"),
		genai.NewPartFromBytes(monday, "image/jpeg"),
		genai.NewPartFromURI(tuesday.URI, tuesday.MIMEType),
	}
	contents := []*genai.Content{genai.NewContentFromParts(parts, genai.RoleUser)}

	answer, err := client.Models.GenerateContent(ctx, "gemini-2.5-flash", contents, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Text())
}
