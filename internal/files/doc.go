// Package files reads, watches and writes local files: certificate authorities
// in PEM (LoadCertPool), files that may change while the process runs (Watched),
// and files that appear complete or not at all (Folder, Temp). It imports nothing
// of this module.
package files
