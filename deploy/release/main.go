// Release is the part of `make release` that needs no compiler: from the static
// programs of every platform it writes a software bill of materials and a
// container image in the OCI image layout, without a container engine.
//
//	release -version v1.2.3 -date 2026-01-02T03:04:05Z -dist dist
//
// dist holds the programs as OS_ARCH/exportd and OS_ARCH/exportctl. The results
// depend on these files, the version and the date alone.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

func main() {
	var r release
	var date string
	flag.StringVar(&r.version, "version", "", "`version` of the release")
	flag.StringVar(&date, "date", "", "`time` of files and of the image, RFC 3339")
	flag.StringVar(&r.dist, "dist", "dist", "`folder` with the programs, and for the results")
	flag.StringVar(&r.certs, "certs", "/usr/share/ca-certificates/mozilla", "`folder` of the certificate authorities for the image, as PEM files ending in .crt")
	flag.Parse()
	err := r.parseDate(date)
	if err == nil {
		err = errors.Join(r.writeSBOM(), r.writeImage())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// release is what is released, and where.
type release struct {
	version string
	date    time.Time
	dist    string
	certs   string
}

func (r *release) parseDate(text string) (err error) {
	if r.version == "" {
		return errors.New("version: none given")
	}
	r.date, err = time.Parse(time.RFC3339, text)
	return err
}

// platforms returns the folders of the programs of an operating system, by
// architecture.
func (r *release) platforms(system string) (map[string]string, error) {
	folders, err := filepath.Glob(filepath.Join(r.dist, system+"_*"))
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, folder := range folders {
		if info, err := os.Stat(folder); err == nil && info.IsDir() {
			found[filepath.Base(folder)[len(system)+1:]] = folder
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s: no programs for %s", r.dist, system)
	}
	return found, nil
}
