#!/usr/bin/env bash
# Compare a photo that is uploaded, without a key for its bytes, with a drawing that is sent along.
set -euo pipefail
api=https://generativelanguage.googleapis.com

photo=photos/first.jpg
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
  -H "Content-Length: ${size}" \
  -H "X-Goog-Upload-Offset: 0" \
  -H "X-Goog-Upload-Command: upload, finalize" \
  --data-binary "@${photo}" -o uploaded.json
file_uri=$(sed -n 's/.*"uri": *"\([^"]*\)".*/\1/p' uploaded.json)

drawing=photos/second.png
if [[ "$(base64 --version 2>&1)" = *GNU* ]]; then
  flags="-w0"
else
  flags="-i"
fi

curl -sS "$api/v1beta/models/gemini-2.5-flash:generateContent" \
  -H "x-goog-api-key: $GEMINI_API_KEY" \
  -H 'Content-Type: application/json' \
  -X POST \
  -d '{
    "contents": [{
      "parts": [
        {"text": "What is different between these two images?"},
        {"file_data": {"mime_type": "'"${mime_type}"'", "file_uri": "'"${file_uri}"'"}},
        {
          "inline_data": {
            "mime_type": "image/png",
            "data": "'"$(base64 $flags "$drawing")"'"
          }
        }
      ]
    }]
  }' 2> /dev/null
