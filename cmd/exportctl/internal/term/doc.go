// Package term formats the output of exportctl: tables, readable numbers, the
// progress of an instance, and the frame of `exportctl top`. cmd/exportctl calls
// it. It calls no server and reads no keyboard.
package term
