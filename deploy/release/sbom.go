package main

import (
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// bom is a software bill of materials in CycloneDX 1.5, as far as it is used here.
type bom struct {
	Format     string      `json:"bomFormat"`
	Spec       string      `json:"specVersion"`
	Version    int         `json:"version"`
	Metadata   metadata    `json:"metadata"`
	Components []component `json:"components"`
}

type metadata struct {
	Timestamp string    `json:"timestamp"`
	Component component `json:"component"`
}

type component struct {
	Type    string `json:"type"`
	Name    string `json:"name"`
	Version string `json:"version"`
	PURL    string `json:"purl,omitempty"` // package URL
}

// writeSBOM writes the modules that the programs are linked from, as the Go
// toolchain recorded them, to exportd_VERSION.cdx.json.
func (r *release) writeSBOM() error {
	platforms, err := r.platforms("linux")
	if err != nil {
		return err
	}
	libraries := map[string]component{}
	for _, folder := range platforms {
		for _, program := range []string{"exportd", "exportctl"} {
			info, err := buildinfo.ReadFile(filepath.Join(folder, program))
			if err != nil {
				return fmt.Errorf("SBOM: %w", err)
			}
			std := strings.TrimPrefix(info.GoVersion, "go")
			libraries["std"] = component{Type: "library", Name: "std", Version: std, PURL: "pkg:golang/std@" + std}
			for _, dep := range info.Deps {
				if dep.Replace != nil {
					dep = dep.Replace
				}
				libraries[dep.Path] = component{Type: "library", Name: dep.Path, Version: dep.Version, PURL: "pkg:golang/" + dep.Path + "@" + dep.Version}
			}
		}
	}
	b := bom{
		Format: "CycloneDX", Spec: "1.5", Version: 1,
		Metadata: metadata{
			Timestamp: r.date.Format(time.RFC3339),
			Component: component{Type: "application", Name: "exportd", Version: r.version},
		},
	}
	for _, c := range libraries {
		b.Components = append(b.Components, c)
	}
	slices.SortFunc(b.Components, func(a, b component) int { return strings.Compare(a.Name, b.Name) })
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.dist, "exportd_"+r.version+".cdx.json"), append(text, '\n'), 0o644) //nolint:gosec // a published file
}
