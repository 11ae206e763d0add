package servers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

const (
	// startTimeout bounds a start with crash recovery, and making a new data
	// folder.
	startTimeout = time.Minute
	// stopGrace is the time a server has to end by itself.
	stopGrace = 15 * time.Second
	// startAttempts is how often a start is tried when another process takes
	// the picked port first.
	startAttempts = 3
	// readyPoll is the interval at which a starting server is probed, and
	// askTimeout bounds one probe.
	readyPoll  = 20 * time.Millisecond
	askTimeout = 2 * time.Second
	// logTail is how much of a log is quoted in an error, in bytes.
	logTail = 4 << 10
)

// process is one child with its output in a log file. It is started once; a
// restart makes a new process.
type process struct {
	name   string
	cmd    *exec.Cmd
	log    string // path of the log file
	logPos int64  // where this process's own lines begin in it
	done   chan struct{}
	exit   error // how it ended, to be read only after done is closed
}

// startProcess runs cmd with both outputs appended to the file logPath.
func startProcess(name string, cmd *exec.Cmd, logPath string) (*process, error) {
	logFile, err := os.OpenFile(logPath, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer logFile.Close()
	pos, err := logFile.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	cmd.Stdout, cmd.Stderr = logFile, logFile
	cmd.SysProcAttr = childAttr()
	p := &process{name: name, cmd: cmd, log: logPath, logPos: pos, done: make(chan struct{})}

	started := make(chan error, 1)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// run starts the child and reaps it, both on a thread that does nothing else:
// the kernel's parent-death signal fires when the thread that forked ends, and
// the Go runtime ends idle threads as it likes.
func (p *process) run(started chan<- error) {
	runtime.LockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	p.exit = p.cmd.Wait()
	close(p.done)
}

// startContext bounds a start by startTimeout.
func startContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("no answer within %v", startTimeout))
}

// waitReady calls ask until it returns no error. It fails when the child ends, and
// when ctx does.
func (p *process) waitReady(ctx context.Context, ask func(context.Context) error) error {
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		askCtx, cancel := context.WithTimeout(ctx, askTimeout)
		err := ask(askCtx)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return p.death()
		case <-ctx.Done():
			return fmt.Errorf("%w (%w); %s ends with:\n%s", context.Cause(ctx), err, p.log, tail(p.log, p.logPos))
		case <-tick.C:
		}
	}
}

// pid is the child's process id.
func (p *process) pid() int { return p.cmd.Process.Pid }

// signal sends sig; a child that has already ended is no error.
func (p *process) signal(sig syscall.Signal) error {
	err := p.cmd.Process.Signal(sig)
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("signal %s: %w", p.name, err)
	}
	return nil
}

// stop sends SIGTERM and, after grace, SIGKILL, which is an error. It returns when
// the child is reaped.
func (p *process) stop(grace time.Duration) error {
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(grace):
	}
	if err := p.kill(); err != nil {
		return err
	}
	return fmt.Errorf("stop %s: still running %v after SIGTERM, killed", p.name, grace)
}

// kill ends the child at once and returns when it is reaped.
func (p *process) kill() error {
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-p.done
	return nil
}

// running reports whether the child has not been reaped yet.
func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// death returns the error of a child that ended by itself, with the last lines of
// its log. It must be called only after done is closed.
func (p *process) death() error {
	how := "exit status 0"
	if p.exit != nil {
		how = p.exit.Error()
	}
	return fmt.Errorf("%s ended at its start (%s); %s ends with:\n%s", p.name, how, p.log, tail(p.log, p.logPos))
}

// tail returns the last lines of the file at path, not reaching back before
// offset from.
func tail(path string, from int64) string {
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err.Error()
	}
	cut := info.Size() - logTail
	text, err := io.ReadAll(io.NewSectionReader(f, max(from, cut), logTail))
	if err != nil {
		return err.Error()
	}
	if cut > from { // the first line is likely half a line
		if _, rest, ok := strings.Cut(string(text), "\n"); ok {
			return strings.TrimSpace(rest)
		}
	}
	return strings.TrimSpace(string(text))
}
