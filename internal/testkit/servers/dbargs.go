package servers

import (
	"os"
	"path/filepath"
)

// args are the options every run of the server has, at its set-up as well.
func (s *DBServer) args(dataDir string, more ...string) []string {
	args := []string{
		"--no-defaults", // must be the first
		"--basedir=" + s.install.base,
		"--lc-messages-dir=" + s.install.share,
		"--character-sets-dir=" + filepath.Join(s.install.share, "charsets"),
		"--datadir=" + dataDir,
		"--tmpdir=" + filepath.Join(s.dir, "tmp"),
	}
	if s.install.plugins != "" {
		args = append(args, "--plugin-dir="+s.install.plugins)
	}
	if os.Geteuid() == 0 {
		args = append(args, "--user=root") // as root it refuses to run without
	}
	if s.install.Flavor == MySQL {
		args = append(args,
			"--mysqlx=OFF",            // a second port
			"--secure-file-priv=NULL", // its default folder need not be there
			// At its default of 9.7 a child row without its parent is accepted.
			"--loose-innodb-native-foreign-keys=ON",
		)
	}
	if s.opts.Volatile {
		args = append(args, "--innodb-flush-log-at-trx-commit=2", "--innodb-doublewrite=0")
		switch s.install.Flavor {
		case MariaDB:
			args = append(args, "--innodb-log-file-size=8M")
		case MySQL:
			args = append(args, "--innodb-redo-log-capacity=16M", "--skip-log-bin")
		}
	}
	return append(args, more...)
}

// SmallArgs are options of MariaDB that keep its memory small.
func SmallArgs() []string {
	return []string{"--innodb-buffer-pool-size=32M", "--performance-schema=OFF", "--max-connections=300"}
}
