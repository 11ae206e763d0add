package gateway

import (
	"encoding/json"
	"fmt"
	"maps"
)

// handWritten are the routes that the generator does not know, as OpenAPI 2.0
// paths.
const handWritten = `{
  "/v1/inst/{einstId}/watch": {"get": {
    "summary": "WatchInst: the instance at each change until its end, as server-sent events (Accept: text/event-stream) or a line of JSON each.",
    "operationId": "ExportTask_WatchInst", "tags": ["ExportTask"], "produces": ["application/x-ndjson", "text/event-stream"],
    "parameters": [{"name": "einstId", "in": "path", "required": true, "type": "string", "format": "int64"}],
    "responses": {"200": {"description": "the changes"}, "404": {"description": "no such instance"}}}},
  "/v1/inst/{einstId}/file": {"get": {
    "summary": "DownloadInst: a file of an instance that succeeded. HEAD, Range and If-Range are understood; the ETag is the file's SHA-256.",
    "operationId": "ExportTask_DownloadInst", "tags": ["ExportTask"], "produces": ["application/octet-stream"],
    "parameters": [{"name": "einstId", "in": "path", "required": true, "type": "string", "format": "int64"},
      {"name": "name", "in": "query", "required": false, "type": "string", "description": "which file; the first where left out"}],
    "responses": {"200": {"description": "the file"}, "206": {"description": "the part asked for"}, "404": {"description": "no such instance or file"}, "409": {"description": "it did not succeed (yet), or its files have expired"}}}},
  "/d/{key}/{expiry}/{signature}/{einstId}/{name}": {"get": {
    "summary": "A signed link, as the url of a file shows it. It needs no token.",
    "operationId": "SignedLink", "tags": ["ExportTask"], "produces": ["application/octet-stream"], "security": [],
    "parameters": [{"name": "key", "in": "path", "required": true, "type": "string"}, {"name": "expiry", "in": "path", "required": true, "type": "string"},
      {"name": "signature", "in": "path", "required": true, "type": "string"}, {"name": "einstId", "in": "path", "required": true, "type": "string", "format": "int64"},
      {"name": "name", "in": "path", "required": true, "type": "string"}],
    "responses": {"200": {"description": "the file"}, "206": {"description": "the part asked for"}, "403": {"description": "not a link of this service"}, "410": {"description": "the link has expired"}}}}
}`

// document adds to the generated document what the generator does not know.
func document(generated []byte) ([]byte, error) {
	var doc map[string]any
	if err := json.Unmarshal(generated, &doc); err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	paths, ok := doc["paths"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("openapi: paths are %T", doc["paths"])
	}
	var more map[string]any
	if err := json.Unmarshal([]byte(handWritten), &more); err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	maps.Copy(paths, more)
	doc["info"] = map[string]any{"title": "exportd", "version": "v1"}
	doc["securityDefinitions"] = map[string]any{"bearer": map[string]any{
		"type": "apiKey", "in": "header", "name": "Authorization", "description": "Bearer TOKEN",
	}}
	doc["security"] = []any{map[string]any{"bearer": []any{}}}
	return json.MarshalIndent(doc, "", "  ")
}
