package main

import (
	"errors"
	"maps"
	"slices"
	"strings"
)

// SIGHUP makes the process read its configuration again. Options that can change
// without a restart change at once; the log lists the others.

// changeable reports whether an option can change while the process runs.
func changeable(option string) bool {
	return option == "advertise" || option == "log-level" || option == "config" || strings.HasPrefix(option, "etcd-")
}

// reload applies the changes of the configuration. An invalid configuration
// changes nothing.
func (p *process) reload() {
	next, err := p.app.load()
	if err != nil {
		p.log.Error("the changed configuration is invalid and ignored", "error", err)
		return
	}
	err = p.registry.update(&next.etcd)
	for _, f := range p.files() {
		err = errors.Join(err, f.Reload())
	}
	if err != nil {
		p.log.Error("a part of the changed configuration is invalid and ignored", "error", err)
	}
	p.app.level.Set(next.log.level)
	if rest := restartNeeded(p.app.cfg.values, next.values); len(rest) > 0 {
		p.log.Warn("these options change at the next start", "options", rest)
	}
	p.log.Info("configuration reloaded")
}

// restartNeeded returns the names of options that differ and cannot change while
// the process runs.
func restartNeeded(now, next map[string]string) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(next)) {
		if now[name] != next[name] && !changeable(name) {
			names = append(names, name)
		}
	}
	return names
}
