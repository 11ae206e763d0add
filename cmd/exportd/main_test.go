package main

import (
	"testing"

	"exporttask/internal/testkit/exportdtest"
)

func TestMain(m *testing.M) { exportdtest.Main(m, nil) }
