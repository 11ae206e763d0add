// Package exportdtest runs real exportd processes for the tests of the programs
// that call it. Only tests call it. A part that is missing fails the test.
package exportdtest
