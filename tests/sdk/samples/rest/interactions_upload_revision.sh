#!/usr/bin/env bash
# Upload a photo in two steps, then ask about it by its URI, naming the revision of the API.
set -euo pipefail
api=https://generativelanguage.googleapis.com

photo=photos/organ.jpg
mime_type=$(file -b --mime-type "$photo" || echo image/jpeg)
size=$(wc -c < "$photo")

# The first request describes the file; a header of its answer says where the bytes go.
curl -sS "$api/upload/v1beta/files" \
  -D upload-headers \
  -H "x-goog-api-key: $GEMINI_API_KEY" \
  -H "X-Goog-Upload-Protocol: resumable" \
  -H "X-Goog-Upload-Command: start" \
  -H "X-Goog-Upload-Header-Content-Length: ${size}" \
  -H "X-Goog-Upload-Header-Content-Type: ${mime_type}" \
  -H "Content-Type: application/json" \
  -d "{'file': {'display_name': 'a photo'}}" -o /dev/null
upload_url=$(grep -i "x-goog-upload-url: " upload-headers | cut -d" " -f2 | tr -d "\r")
rm upload-headers

# The second one brings them.
curl -sS "$upload_url" \
  -H "x-goog-api-key: $GEMINI_API_KEY" \
  -H "Content-Length: ${size}" \
  -H "X-Goog-Upload-Offset: 0" \
  -H "X-Goog-Upload-Command: upload, finalize" \
  --data-binary "@${photo}" -o uploaded.json
file_uri=$(sed -n 's/.*"uri": *"\([^"]*\)".*/\1/p' uploaded.json)

curl -sS -X POST "$api/v1beta/interactions" \
  -H "x-goog-api-key: $GEMINI_API_KEY" \
  -H 'Content-Type: application/json' \
  -H "Api-Revision: 2026-05-20" \
  -d '{
    "model": "gemini-3-flash-preview",
    "input": [
      {"type": "text", "text": "Write a caption for this photo."},
      {
        "type": "image",
        "uri": "'"${file_uri}"'",
        "mime_type": "image/jpeg"
      }
    ]
  }'
