package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Media types of the OCI image specification 1.1.
const (
	typeIndex    = "application/vnd.oci.image.index.v1+json"
	typeManifest = "application/vnd.oci.image.manifest.v1+json"
	typeConfig   = "application/vnd.oci.image.config.v1+json"
	typeLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// imageUser is the user and group id of the Dockerfile's image.
const imageUser = 65532

// descriptor refers to a blob.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    *platform         `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
}

// writeImage writes the image of all Linux platforms as the folder
// exportd_VERSION.oci, in the OCI image layout.
func (r *release) writeImage() error {
	platforms, err := r.platforms("linux")
	if err != nil {
		return err
	}
	l := layout{dir: filepath.Join(r.dist, "exportd_"+r.version+".oci")}
	if err := os.RemoveAll(l.dir); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(l.dir, "blobs", "sha256"), 0o755); err != nil { //nolint:gosec // published files
		return err
	}
	var manifests []descriptor
	for _, arch := range slices.Sorted(maps.Keys(platforms)) {
		manifest, err := r.writeManifest(l, arch, platforms[arch])
		if err != nil {
			return fmt.Errorf("image for %s: %w", arch, err)
		}
		manifests = append(manifests, manifest)
	}
	index, err := l.json(typeIndex, map[string]any{"schemaVersion": 2, "mediaType": typeIndex, "manifests": manifests})
	if err != nil {
		return err
	}
	index.Annotations = map[string]string{"org.opencontainers.image.ref.name": r.version}
	top, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": typeIndex, "manifests": []descriptor{index}})
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(l.dir, "index.json"), top, 0o644),                                            //nolint:gosec // published files
		os.WriteFile(filepath.Join(l.dir, "oci-layout"), []byte(`{"imageLayoutVersion": "1.0.0"}`+"\n"), 0o644), //nolint:gosec // published files
	)
}

// writeManifest writes the layer, configuration and manifest of one platform.
func (r *release) writeManifest(l layout, arch, folder string) (descriptor, error) {
	content, err := r.layer(folder)
	if err != nil {
		return descriptor{}, err
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(content); err != nil {
		return descriptor{}, err
	}
	if err := w.Close(); err != nil {
		return descriptor{}, err
	}
	layer, err := l.blob(typeLayer, packed.Bytes())
	if err != nil {
		return descriptor{}, err
	}
	sum := sha256.Sum256(content)
	config, err := l.json(typeConfig, map[string]any{
		"created": r.date.Format(time.RFC3339), "architecture": arch, "os": "linux",
		"config": r.imageConfig(),
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + hex.EncodeToString(sum[:])}},
	})
	if err != nil {
		return descriptor{}, err
	}
	manifest, err := l.json(typeManifest, map[string]any{"schemaVersion": 2, "mediaType": typeManifest, "config": config, "layers": []descriptor{layer}})
	manifest.Platform = &platform{Architecture: arch, OS: "linux"}
	return manifest, err
}

// imageConfig returns the settings of the Dockerfile's image.
func (r *release) imageConfig() map[string]any {
	return map[string]any{
		"User":         fmt.Sprintf("%d:%d", imageUser, imageUser),
		"Entrypoint":   []string{"/usr/local/bin/exportd"},
		"Env":          []string{"EXPORTD_GRPC_ADDR=:50051", "EXPORTD_HTTP_ADDR=:50052", "EXPORTD_STORE_DIR=/var/lib/exportd"},
		"ExposedPorts": map[string]any{"50051/tcp": struct{}{}, "50052/tcp": struct{}{}},
		"Volumes":      map[string]any{"/var/lib/exportd": struct{}{}},
		"Labels": map[string]string{
			"org.opencontainers.image.title":       "exportd",
			"org.opencontainers.image.description": "Turns saved SQL into CSV, XLS and XLSX files",
			"org.opencontainers.image.licenses":    "Apache-2.0",
			"org.opencontainers.image.version":     r.version,
		},
	}
}

// layer returns the image's files as a tar archive: the programs, the certificate
// authorities, and the store.
func (r *release) layer(folder string) ([]byte, error) {
	certs, err := r.authorities()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	add := func(h tar.Header, content []byte) {
		h.Size, h.ModTime, h.Format = int64(len(content)), r.date, tar.FormatPAX
		err = errors.Join(err, w.WriteHeader(&h))
		if err == nil {
			_, err = w.Write(content)
		}
	}
	for _, dir := range []string{"etc/", "etc/ssl/", "etc/ssl/certs/", "usr/", "usr/local/", "usr/local/bin/", "var/", "var/lib/"} {
		add(tar.Header{Typeflag: tar.TypeDir, Name: dir, Mode: 0o755}, nil)
	}
	add(tar.Header{Typeflag: tar.TypeDir, Name: "var/lib/exportd/", Mode: 0o755, Uid: imageUser, Gid: imageUser}, nil)
	add(tar.Header{Typeflag: tar.TypeReg, Name: "etc/ssl/certs/ca-certificates.crt", Mode: 0o644}, certs)
	for _, name := range []string{"exportd", "exportctl"} {
		program, readErr := os.ReadFile(filepath.Join(folder, name))
		if readErr != nil {
			return nil, readErr
		}
		add(tar.Header{Typeflag: tar.TypeReg, Name: "usr/local/bin/" + name, Mode: 0o755}, program)
	}
	err = errors.Join(err, w.Close()) // writes the end of the archive
	return out.Bytes(), err
}

// authorities returns the certificates of the public authorities, without those
// that were added to the machine that builds the image.
func (r *release) authorities() ([]byte, error) {
	files, err := filepath.Glob(filepath.Join(r.certs, "*.crt"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no certificate authorities in %s: install ca-certificates", r.certs)
	}
	var all []byte
	for _, file := range files {
		text, err := os.ReadFile(filepath.Clean(file))
		if err != nil {
			return nil, err
		}
		all = append(all, text...)
	}
	return all, nil
}

// layout is a folder in the OCI image layout.
type layout struct{ dir string }

// blob writes a blob and returns its descriptor.
func (l layout) blob(mediaType string, content []byte) (descriptor, error) {
	sum := sha256.Sum256(content)
	name := hex.EncodeToString(sum[:])
	d := descriptor{MediaType: mediaType, Digest: "sha256:" + name, Size: len(content)}
	return d, os.WriteFile(filepath.Join(l.dir, "blobs", "sha256", name), content, 0o644) //nolint:gosec // a published file
}

// json writes a value as a JSON blob.
func (l layout) json(mediaType string, value any) (descriptor, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return descriptor{}, err
	}
	return l.blob(mediaType, text)
}
