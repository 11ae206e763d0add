package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

	_ "github.com/go-sql-driver/mysql" // of the connection that counts statements
)

// The attacker is a process of its own with a lower priority: a real attacker does not
// compute on the machine of its victim.

// siteEnv is the environment variable with the target of a child process.
const siteEnv = "EXPORTD_ATTACK_SITE"

// target is what a child process knows of its site.
type target struct {
	Name, GRPC, HTTP, DSN string
	Token                 map[string]string
	Inst                  int64
}

// runInChild runs an attack in a child process and returns the attack's error.
func (s *site) runInChild(ctx context.Context, a attack) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	text, err := json.Marshal(target{s.name, s.grpcAddr, s.httpAddr, s.world.maria.RootDSN(""), s.token, s.inst})
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "nice", "-n", attackerNice, self, "-child", a.name) //nolint:gosec // this program
	cmd.Env = append(os.Environ(), siteEnv+"="+string(text), "GOMEMLIMIT=512MiB")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return errors.New("the attack did not end in time")
	}
	return errors.New(strings.TrimSpace(string(out)))
}

// child runs an attack in this process and returns its exit code.
func child(ctx context.Context, name string) int {
	if err := runChild(ctx, name); err != nil {
		fmt.Println(err) //nolint:forbidigo // the parent reads it
		return 1
	}
	return 0
}

func runChild(ctx context.Context, name string) error {
	var t target
	if err := json.Unmarshal([]byte(os.Getenv(siteEnv)), &t); err != nil {
		return fmt.Errorf("%s: %w", siteEnv, err)
	}
	db, err := sql.Open("mysql", t.DSN)
	if err != nil {
		return err
	}
	defer db.Close()
	a, err := newAttacker(&site{world: &world{db: db}, name: t.Name, grpcAddr: t.GRPC, httpAddr: t.HTTP, token: t.Token, inst: t.Inst})
	if err != nil {
		return err
	}
	defer a.close()
	for _, attack := range attacks() {
		if attack.name == name && attack.target == t.Name {
			return attack.run(ctx, a)
		}
	}
	return fmt.Errorf("no attack %q on %q", name, t.Name)
}
