package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
)

// handWritten are the OpenAPI 2.0 paths of the routes that are not generated.
const handWritten = `{
  "/v1/inst/{einstId}/watch": {"get": {
    "summary": "WatchInst: the instance now and after each change until it has ended, as server-sent events (Accept: text/event-stream) or one line of JSON each. After 15 s without a change the last state is repeated, or a comment is sent.",
    "operationId": "ExportTask_WatchInst", "tags": ["ExportTask"], "produces": ["application/x-ndjson", "text/event-stream"],
    "parameters": [{"name": "einstId", "in": "path", "required": true, "type": "string", "format": "int64"}],
    "responses": {"200": {"description": "a stream of states", "schema": {"type": "file"}}}}},
  "/v1/inst/{einstId}/file": {"get": {
    "summary": "DownloadInst: a file of an instance that succeeded. Supports HEAD, Range and If-Range; the ETag is the file's SHA-256.",
    "operationId": "ExportTask_DownloadInst", "tags": ["ExportTask"], "produces": FILE_TYPES,
    "parameters": [{"name": "einstId", "in": "path", "required": true, "type": "string", "format": "int64"},
      {"name": "name", "in": "query", "required": false, "type": "string", "description": "name of the file; the first file if empty"}],
    "responses": FILE_RESPONSES}},
  "/d/{key}/{expiry}/{signature}/{einstId}/{name}": {"get": {
    "summary": "A signed URL, as in the field url of a file. It needs no token.",
    "operationId": "SignedLink", "tags": ["ExportTask"], "produces": FILE_TYPES, "security": [],
    "parameters": [{"name": "key", "in": "path", "required": true, "type": "string"}, {"name": "expiry", "in": "path", "required": true, "type": "string"},
      {"name": "signature", "in": "path", "required": true, "type": "string"}, {"name": "einstId", "in": "path", "required": true, "type": "string", "format": "int64"},
      {"name": "name", "in": "path", "required": true, "type": "string"}],
    "responses": FILE_RESPONSES}}
}`

// fileTypes are the content types of files. JSON, the type of an error, is not among
// them: generated clients would parse every file as JSON.
func fileTypes() []string {
	return []string{
		"application/octet-stream", "text/csv", "application/vnd.ms-excel",
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		"application/x-ndjson", "application/vnd.apache.parquet", "application/zip", "application/gzip", "application/zstd",
	}
}

// object is a JSON object.
type object = map[string]any

// openAPI returns the served OpenAPI document: the generated one, the routes that
// are not generated, the bearer token, and an error reply for every operation.
func openAPI(generated []byte) ([]byte, error) {
	var doc object
	if err := json.Unmarshal(generated, &doc); err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	paths, ok := doc["paths"].(object)
	if !ok {
		return nil, fmt.Errorf("openapi: paths are %T, want an object", doc["paths"])
	}
	more, err := handWrittenPaths()
	if err != nil {
		return nil, err
	}
	maps.Copy(paths, more)
	addErrorReplies(doc, paths)
	doc["info"] = object{"title": "exportd", "version": "v1"}
	doc["securityDefinitions"] = object{"bearer": object{
		"type": "apiKey", "in": "header", "name": "Authorization", "description": "Bearer TOKEN",
	}}
	doc["security"] = []any{object{"bearer": []any{}}}
	return json.MarshalIndent(doc, "", "  ")
}

// handWrittenPaths returns the paths of handWritten with their placeholders
// replaced.
func handWrittenPaths() (object, error) {
	var paths object
	file := object{"type": "file"}
	responses := object{
		"200": object{"description": "the file", "schema": file},
		"206": object{"description": "the requested range", "schema": file},
	}
	text := []byte(handWritten)
	for name, value := range map[string]any{"FILE_TYPES": fileTypes(), "FILE_RESPONSES": responses} {
		encoded, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("openapi: %w", err)
		}
		text = bytes.ReplaceAll(text, []byte(name), encoded)
	}
	if err := json.Unmarshal(text, &paths); err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	return paths, nil
}

// addErrorReplies adds the schema of errors to a document, as the default reply
// of every operation.
func addErrorReplies(doc, paths object) {
	definitions, ok := doc["definitions"].(object)
	if !ok {
		definitions = object{}
		doc["definitions"] = definitions
	}
	text := object{"type": "string"}
	definitions["Error"] = object{
		"type":        "object",
		"description": "errCode is a canonical gRPC code as a decimal number, errMsg says what is wrong.",
		"properties":  object{"errCode": text, "errMsg": text},
		"required":    []any{"errCode", "errMsg"},
	}
	for _, path := range paths {
		operations, _ := path.(object)
		for _, operation := range operations {
			fields, _ := operation.(object)
			if responses, ok := fields["responses"].(object); ok {
				responses["default"] = object{"description": "an error", "schema": object{"$ref": "#/definitions/Error"}}
			}
		}
	}
}
