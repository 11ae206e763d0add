package main

import (
	"log/slog"
	"os"

	"exporttask/internal/auth"
)

// logConfig holds the options of logging.
type logConfig struct {
	level  slog.Level
	format string
}

func (c *logConfig) define(o *options) {
	o.flags.TextVar(&c.level, "log-level", slog.LevelInfo, "lowest `level` that is logged: debug, info, warn, error")
	o.flags.StringVar(&c.format, "log-format", "auto", "`format` of log lines: text, json, or auto (text on a terminal, otherwise json)")
}

func (c *logConfig) validate(bad func(option, format string, args ...any)) {
	switch c.format {
	case "auto", "text", "json":
	default:
		bad("log-format", "%q, want auto, text or json", c.format)
	}
}

// logger returns a logger that writes to out. Its level follows level.
func (c *logConfig) logger(out *os.File, level slog.Leveler) *slog.Logger {
	text := c.format == "text"
	if info, err := out.Stat(); c.format == "auto" && err == nil {
		text = info.Mode()&os.ModeCharDevice != 0
	}
	opts := &slog.HandlerOptions{Level: level, ReplaceAttr: redact}
	if text {
		return slog.New(auth.LogHandler(slog.NewTextHandler(out, opts)))
	}
	return slog.New(auth.LogHandler(slog.NewJSONHandler(out, opts)))
}
