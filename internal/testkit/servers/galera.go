package servers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
)

// galeraDebs are MariaDB's server with Galera and the programs that copy a
// node's data to another node.
func galeraDebs() debs {
	return debs{name: "galera", pkgs: []string{
		"galera-4", "mariadb-server", "mariadb-server-core", "mariadb-client", "mariadb-client-core", "rsync", "lsof",
	}}
}

// FindGalera looks for MariaDB with Galera in cacheDir, else downloads the
// distribution's packages into it (20 MB).
func FindGalera(ctx context.Context, cacheDir string, log *slog.Logger) (Install, error) {
	inst, err := findUnpacked(ctx, galeraDebs(), cacheDir, log, func(u unpacked) (Install, error) {
		server, err := u.program("usr/sbin/mariadbd")
		if err != nil {
			return Install{}, err
		}
		inst, err := mariaDBAt(ctx, server)
		if err != nil {
			return Install{}, err
		}
		inst.galera = filepath.Join(u.root, "usr/lib/libgalera_smm.so")
		if _, err := os.Stat(inst.galera); err != nil {
			return Install{}, err
		}
		if inst.rsync, err = hideRsync(u); err != nil {
			return Install{}, err
		}
		inst.dump, err = u.program("usr/bin/mariadb-dump")
		return inst, err
	})
	if err != nil {
		return Install{}, fmt.Errorf("no Galera: its packages can't be unpacked: %w", err)
	}
	return inst, nil
}

// hideRsync moves rsync out of the folder that the server puts first on the PATH
// of its scripts, so that they call the one of toolsEnv.
func hideRsync(u unpacked) (program, error) {
	const hidden = "usr/share/rsync/rsync"
	err := os.Rename(filepath.Join(u.root, "usr/bin/rsync"), filepath.Join(u.root, hidden))
	if err != nil && !errors.Is(err, os.ErrNotExist) { // else it has been moved
		return program{}, err
	}
	return u.program(hidden)
}

// Galera is a cluster of Galera nodes on this machine.
type Galera struct {
	Nodes []*DBServer
	peers string // wsrep_cluster_address
}

// StartGalera starts a cluster of n nodes in folders below dir, the first node
// first. Failures of nodes are noticed within about two seconds.
func StartGalera(ctx context.Context, install Install, dir string, n int, args ...string) (_ *Galera, err error) {
	g := &Galera{}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.Stop())
		}
	}()
	if install.server.env, err = toolsEnv(install, dir); err != nil {
		return g, err
	}
	// Three ports a node: the group's, of incremental and of full state transfers.
	ports := make([][3]int, n)
	var addrs []string
	for i := range ports {
		for j := range ports[i] {
			if ports[i][j], err = pickPort(ctx, 0); err != nil {
				return g, err
			}
		}
		addrs = append(addrs, hostPort(ports[i][0]))
	}
	g.peers = "gcomm://" + strings.Join(addrs, ",")
	for i, p := range ports {
		nodeDir := filepath.Join(dir, fmt.Sprintf("node%d", i+1))
		if err := os.MkdirAll(nodeDir, 0o700); err != nil {
			return g, err
		}
		if i > 0 { // a joining node gets the accounts of the first one
			password := []byte(g.Nodes[0].password + "\n")
			if err := os.WriteFile(filepath.Join(nodeDir, "root.password"), password, 0o600); err != nil {
				return g, err
			}
		}
		peers := g.peers
		if i == 0 {
			peers = "gcomm://" // a new cluster
		}
		s, err := StartDB(ctx, install, DBOptions{Dir: nodeDir, Volatile: true, Args: slices.Concat(args, []string{
			"--binlog-format=ROW", "--innodb-autoinc-lock-mode=2", "--wsrep-on=ON", "--wsrep-provider=" + install.galera,
			"--wsrep-sst-method=rsync", "--wsrep-sst-receive-address=" + hostPort(p[2]),
			"--wsrep-node-name=node" + fmt.Sprint(i+1), "--wsrep-node-address=" + addrs[i],
			"--wsrep-provider-options=" + strings.Join([]string{
				fmt.Sprintf("base_port=%d", p[0]), "gmcast.listen_addr=tcp://" + addrs[i], "ist.recv_addr=" + hostPort(p[1]),
				"gcache.size=16M", "evs.keepalive_period=PT0.3S", "evs.inactive_check_period=PT0.3S",
				"evs.suspect_timeout=PT1.5S", "evs.inactive_timeout=PT2.5S", "evs.install_timeout=PT2.5S",
			}, ";"),
			"--wsrep-cluster-address=" + peers,
		})})
		if err != nil {
			return g, err
		}
		g.Nodes = append(g.Nodes, s)
		if err := g.WaitReady(ctx, i); err != nil {
			return g, err
		}
	}
	g.join(0, "")
	return g, nil
}

// toolsEnv returns the environment of a node. The node runs a script that calls
// rsync from PATH; as root, the daemon that receives the data would drop its
// rights, since nothing in the script's configuration forbids it.
func toolsEnv(install Install, dir string) ([]string, error) {
	bin := filepath.Join(dir, "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		return nil, err
	}
	script := "#!/bin/sh\n"
	if os.Geteuid() == 0 {
		script += "for arg; do case $arg in *rsync_sst.conf) sed -i '1i uid = 0\\ngid = 0' \"$arg\" ;; esac; done\n"
	}
	script += fmt.Sprintf("exec env %s '%s' \"$@\"\n", strings.Join(install.rsync.env, " "), install.rsync.path)
	if err := os.WriteFile(filepath.Join(bin, "rsync"), []byte(script), 0o700); err != nil { //nolint:gosec // a program
		return nil, err
	}
	path := strings.Join([]string{bin, os.Getenv("PATH"), "/usr/sbin", "/sbin"}, ":")
	return append(slices.Clone(install.server.env), "PATH="+path), nil
}

// join makes the next start of a node join the others, from a position in the
// history of the cluster; "": as its own state file says.
func (g *Galera) join(i int, position string) {
	s := g.Nodes[i]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts.Args = slices.DeleteFunc(s.opts.Args, func(arg string) bool {
		return strings.HasPrefix(arg, "--wsrep-cluster-address=") || strings.HasPrefix(arg, "--wsrep-start-position=")
	})
	s.opts.Args = append(s.opts.Args, "--wsrep-cluster-address="+g.peers)
	if position != "" {
		s.opts.Args = append(s.opts.Args, "--wsrep-start-position="+position)
	}
}

// recoveredPosition is what mariadbd --wsrep-recover writes into its log.
var recoveredPosition = regexp.MustCompile(`Recovered position: *(\S+:\d+)`)

// Restart starts a node again, after ending it in order if it runs, and returns
// when it is synchronous with the others.
func (g *Galera) Restart(ctx context.Context, i int) error {
	s := g.Nodes[i]
	if s.running() {
		g.join(i, "")
	} else { // after a crash: the position is in the engine's files alone
		s.mu.Lock()
		args := append(s.runArgs(), "--wsrep-recover", "--skip-networking")
		err := s.runOnce(ctx, "mariadbd --wsrep-recover", s.install.server.command(ctx, args...))
		s.mu.Unlock()
		if err != nil {
			return err
		}
		position := ""
		if found := recoveredPosition.FindAllStringSubmatch(tail(s.LogFile(), 0), -1); len(found) > 0 {
			position = found[len(found)-1][1]
		}
		g.join(i, position)
	}
	if err := s.Restart(ctx); err != nil {
		return err
	}
	return g.WaitReady(ctx, i)
}

// WaitReady waits until a node takes statements and is synchronous.
func (g *Galera) WaitReady(ctx context.Context, i int) error {
	ctx, cancel := startContext(ctx)
	defer cancel()
	s := g.Nodes[i]
	db, err := s.OpenRoot("")
	if err != nil {
		return err
	}
	defer db.Close()
	return s.proc.waitReady(ctx, func(ctx context.Context) error {
		var name, state string
		if err := db.QueryRowContext(ctx, "SHOW GLOBAL STATUS LIKE 'wsrep_local_state_comment'").Scan(&name, &state); err != nil {
			return err
		}
		if state != "Synced" {
			return fmt.Errorf("node %d is %s", i+1, state)
		}
		return nil
	})
}

// Isolate cuts a node off from the others, or ends that: its clients reach it,
// and it finds itself without a quorum.
func (g *Galera) Isolate(ctx context.Context, i int, on bool) error {
	n := 0
	if on {
		n = 1
	}
	return g.Nodes[i].Exec(ctx, fmt.Sprintf("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=%d'", n))
}

// Stop ends all nodes.
func (g *Galera) Stop() error {
	var errs []error
	for _, s := range slices.Backward(g.Nodes) {
		errs = append(errs, s.Resume(), s.Stop())
	}
	return errors.Join(errs...)
}

// Freeze stops the server's process until Resume, as a host that hangs.
func (s *DBServer) Freeze() error { return s.signal(syscall.SIGSTOP) }

// Resume lets a frozen server go on. It does nothing to one that runs.
func (s *DBServer) Resume() error { return s.signal(syscall.SIGCONT) }

func (s *DBServer) signal(sig syscall.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc == nil {
		return nil
	}
	return s.proc.signal(sig)
}

func (s *DBServer) running() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proc != nil && s.proc.running()
}
