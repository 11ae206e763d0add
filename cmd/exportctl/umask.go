package main

import (
	"os"
	"syscall"
)

// umask is the rights that new files do not get. It can be read only by setting
// it; nothing else makes files at that moment.
func umask() os.FileMode {
	mask := syscall.Umask(0)
	syscall.Umask(mask)
	return os.FileMode(mask)
}
