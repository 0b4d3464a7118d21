package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"
)

// killAfter is how long a component may take to stop by itself.
const killAfter = 10 * time.Second

// process is one component: this binary again, with the component's name as first argument.
// It lives as long as its stdin is open. The write end is held here and nowhere else, so a
// component cannot outlive this process, whatever happens to it.
type process struct {
	command  *exec.Cmd
	stdin    io.Closer
	stopping atomic.Bool
	ended    chan struct{}
}

// startProcess starts a component with its output in DIR/NAME.log. `failed` is called when it
// ends without having been told to.
func startProcess(dir, name string, arguments []string, failed func(error)) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	// Started again, it goes on with the same log.
	log, err := os.OpenFile(filepath.Join(dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the component has its own descriptor
	command := exec.Command(self, append([]string{name}, arguments...)...)
	command.Dir = dir
	command.Stdout = log
	command.Stderr = log
	// A group of its own: Ctrl-C in a terminal reaches only us, and we stop things in order.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	p := &process{command: command, stdin: stdin, ended: make(chan struct{})}
	go func() {
		err := command.Wait()
		if !p.stopping.Load() {
			failed(fmt.Errorf("%s ended unexpectedly: %s", name, exitReason(err)))
		}
		close(p.ended)
	}()
	return p, nil
}

func exitReason(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// stop closes the component's stdin, and kills it when it does not end in time; with no patience at
// once.
func (p *process) stop(patience time.Duration) {
	p.stopping.Store(true)
	if patience > 0 {
		_ = p.stdin.Close()
	}
	select {
	case <-p.ended:
	case <-time.After(patience):
		_ = p.command.Process.Kill()
		<-p.ended
		_ = p.stdin.Close()
	}
}

// beComponent is the other side: runs the component until stdin ends, returns its exit code.
// The end of stdin is turned into SIGTERM, which Kubernetes' components understand.
func beComponent(component func([]string) int, arguments []string) int {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = syscall.Kill(os.Getpid(), syscall.SIGTERM)
		time.Sleep(killAfter)
		os.Exit(1)
	}()
	return component(arguments)
}

// printLogTails shows the end of every component's log.
func printLogTails(out io.Writer, dir string) {
	const lines = 15
	for _, name := range componentOrder {
		file := filepath.Join(dir, name+".log")
		text, err := os.ReadFile(file)
		if err != nil {
			continue // not started yet
		}
		all := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
		tail := all[max(0, len(all)-lines):]
		fmt.Fprintf(out, "--- the end of %s\n%s\n", file, bytes.Join(tail, []byte("\n")))
	}
}
