// Package packaging holds the tests of what exportd is shipped in: each file is
// read by the parser, and held to the rules, of the program that will read it.
// `make packaging` runs them. They are a module of their own, so that nothing of
// these programs is required by exportd itself. What the packages promise of the
// running service is tested in deploy/, with the real binary.
package packaging
