package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// plane is the control plane as this process sees it: its options and what has been started.
type plane struct {
	options
	failed       func(error) // told when a component ends unasked
	release      func()      // gives the ports back
	probe        *probe
	components   map[string]component
	running      map[string]*process
	announcement announcement
}

// component is how one of them is started, and where it says that it is ready.
type component struct {
	arguments []string
	ready     string
}

// startAll starts the components in the order of their needs and returns when all are ready.
func (p *plane) startAll(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, p.timeout, fmt.Errorf("not ready after %v", p.timeout))
	defer cancel()

	ports, release, err := reservePorts(5)
	if err != nil {
		return err
	}
	// Kept: a component that is started again gets the port that it had.
	p.release = release
	etcdClient, etcdPeer, api, scheduler, manager := ports[0], ports[1], ports[2], ports[3], ports[4]
	server := localURL("https", api)
	if err := writeCredentials(p.dir, server, p.kubeconfig); err != nil {
		return err
	}
	schedulerConfig, err := writeSchedulerConfig(p.dir)
	if err != nil {
		return err
	}
	if p.audit {
		policy := filepath.Join(p.dir, auditPolicyFile)
		if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
			return err
		}
	}
	if p.probe, err = newProbe(p.dir); err != nil {
		return err
	}
	etcd := localURL("http", etcdClient)
	p.running = map[string]*process{}
	p.components = map[string]component{
		"etcd":               {etcdArguments(p.dir, etcd, localURL("http", etcdPeer)), etcd + "/health"},
		"apiserver":          {apiserverArguments(p.dir, etcd, api), server + "/readyz"},
		"scheduler":          {schedulerArguments(p.dir, schedulerConfig, scheduler), localURL("https", scheduler) + "/readyz"},
		"controller-manager": {controllerManagerArguments(p.dir, manager), localURL("https", manager) + "/healthz"},
	}
	for _, name := range componentOrder {
		if err := p.start(name); err != nil {
			return err
		}
		// The last two become ready beside each other.
		if name == "etcd" || name == "apiserver" {
			if err := p.probe.waitOK(ctx, p.components[name].ready); err != nil {
				return err
			}
		}
	}
	for _, url := range []string{
		p.components["scheduler"].ready,
		p.components["controller-manager"].ready,
		server + "/api/v1/namespaces/default",
		// Made by a controller: so the controllers work.
		server + "/api/v1/namespaces/default/serviceaccounts/default",
	} {
		if err := p.probe.waitOK(ctx, url); err != nil {
			return err
		}
	}
	version, err := p.probe.version(ctx, server)
	p.announcement = announcement{
		Kubeconfig: p.kubeconfig,
		Server:     server,
		Version:    version,
		CA:         filepath.Join(p.dir, caFile),
	}
	return err
}

func (p *plane) start(name string) error {
	arguments := append(slices.Clone(p.components[name].arguments), verbosityArguments(name, p.verbosity)...)
	arguments = append(arguments, featureArguments(name, p.options)...)
	process, err := startProcess(p.dir, name, arguments, p.failed)
	if err == nil {
		p.running[name] = process
	}
	return err
}

// done is the answer to an order: one line on stdout.
type done struct {
	Done  string `json:"done"`            // the order
	Error string `json:"error,omitempty"` // why it was not carried out
}

// obey carries out one order after the other until the context ends, and returns why it did.
func (p *plane) obey(ctx context.Context, orders <-chan string, answers *json.Encoder) error {
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case order := <-orders:
			answer := done{Done: order}
			if err := p.carryOut(ctx, order); err != nil {
				answer.Error = err.Error()
			}
			if err := answers.Encode(answer); err != nil {
				return err
			}
		}
	}
}

// carryOut stops a component, kills it, or starts one that was stopped and waits until it is ready.
func (p *plane) carryOut(ctx context.Context, order string) error {
	verb, name, _ := strings.Cut(order, " ")
	component, known := p.components[name]
	if !known {
		return fmt.Errorf("no component is named %q; there are %s", name, strings.Join(componentOrder, ", "))
	}
	running := p.running[name]
	switch {
	case verb == "start" && running == nil:
		if err := p.start(name); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeoutCause(ctx, p.timeout, fmt.Errorf("not ready after %v", p.timeout))
		defer cancel()
		return p.probe.waitOK(ctx, component.ready)
	case verb == "start":
		return fmt.Errorf("%s runs already", name)
	case running == nil:
		return fmt.Errorf("%s does not run", name)
	case verb == "stop":
		running.stop(killAfter + 2*time.Second)
	case verb == "kill":
		running.stop(0)
	default:
		return fmt.Errorf("%q is none of start, stop and kill", verb)
	}
	delete(p.running, name)
	return nil
}

// stop ends the components in the reverse order of their start. Calling it again does nothing.
func (p *plane) stop() {
	for _, name := range slices.Backward(componentOrder) {
		if process := p.running[name]; process != nil {
			process.stop(killAfter + 2*time.Second)
			delete(p.running, name)
		}
	}
	if p.release != nil {
		p.release()
		p.release = nil
	}
}

func localURL(scheme string, port int) string {
	return scheme + "://127.0.0.1:" + strconv.Itoa(port)
}
