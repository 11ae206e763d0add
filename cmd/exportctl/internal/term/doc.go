// Package term is what exportctl shows: tables, numbers for people, the progress
// of an instance, and the frame of `exportctl top`. cmd/exportctl calls it. It
// makes texts and writes them where it is told; it talks to no server and reads
// no keyboard.
package term
