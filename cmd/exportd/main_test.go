package main

import (
	"testing"

	"exporttask/internal/exportdtest"
)

func TestMain(m *testing.M) { exportdtest.Main(m, nil) }
