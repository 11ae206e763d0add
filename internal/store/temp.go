package store

import (
	"crypto/rand"
	"path"
	"strings"
)

// tempFolder holds files that are being written, inside of the store's folder,
// so that publishing is a rename within one file system.
const tempFolder = ".tmp"

// tempSlash stands for "/" in the name of a file that is being written.
const tempSlash = "~"

// tempName returns a new name, relative to the store's folder, for a file that
// is being written. The name begins with the folder of the file's key, so that a
// sweep can tell which instance the file belongs to.
func tempName(key string) string {
	name := "file-" + rand.Text()
	if folder := path.Dir(key); folder != "." && len(folder) <= maxName/2 {
		name = strings.ReplaceAll(folder, "/", tempSlash) + tempSlash + rand.Text()
	}
	return tempFolder + "/" + name
}

// tempKey returns the folder of the key that a name of tempName was made for, or
// "" if the name does not hold it.
func tempKey(name string) string {
	parts := strings.Split(path.Base(name), tempSlash)
	return path.Join(parts[:len(parts)-1]...)
}
