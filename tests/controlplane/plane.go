package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"time"
)

// plane is the control plane as this process sees it: its options and what has been started.
type plane struct {
	options
	failed       func(error) // told when a component ends unasked
	running      []*process  // in the order of their start
	announcement announcement
}

// startAll starts the components in the order of their needs and returns when all are ready.
func (p *plane) startAll(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, p.timeout, fmt.Errorf("not ready after %v", p.timeout))
	defer cancel()

	ports, release, err := reservePorts(5)
	if err != nil {
		return err
	}
	defer release()
	etcdClient, etcdPeer, api, scheduler, manager := ports[0], ports[1], ports[2], ports[3], ports[4]
	server := localURL("https", api)
	if err := writeCredentials(p.dir, server, p.kubeconfig); err != nil {
		return err
	}
	schedulerConfig, err := writeSchedulerConfig(p.dir)
	if err != nil {
		return err
	}
	probe, err := newProbe(p.dir)
	if err != nil {
		return err
	}

	etcd := localURL("http", etcdClient)
	if err := p.start("etcd", etcdArguments(p.dir, etcd, localURL("http", etcdPeer))); err != nil {
		return err
	}
	if err := probe.waitOK(ctx, etcd+"/health"); err != nil {
		return err
	}
	if err := p.start("apiserver", apiserverArguments(p.dir, etcd, api)); err != nil {
		return err
	}
	if err := probe.waitOK(ctx, server+"/readyz"); err != nil {
		return err
	}
	if err := p.start("scheduler", schedulerArguments(p.dir, schedulerConfig, scheduler)); err != nil {
		return err
	}
	if err := p.start("controller-manager", controllerManagerArguments(p.dir, manager)); err != nil {
		return err
	}
	for _, url := range []string{
		localURL("https", scheduler) + "/readyz",
		localURL("https", manager) + "/healthz",
		server + "/api/v1/namespaces/default",
		// Made by a controller: so the controllers work.
		server + "/api/v1/namespaces/default/serviceaccounts/default",
	} {
		if err := probe.waitOK(ctx, url); err != nil {
			return err
		}
	}
	version, err := probe.version(ctx, server)
	p.announcement = announcement{
		Kubeconfig: p.kubeconfig,
		Server:     server,
		Version:    version,
		CA:         filepath.Join(p.dir, caFile),
	}
	return err
}

func (p *plane) start(name string, arguments []string) error {
	process, err := startProcess(p.dir, name, append(arguments, verbosityArguments(name, p.verbosity)...), p.failed)
	if err == nil {
		p.running = append(p.running, process)
	}
	return err
}

// stop ends the components in the reverse order of their start. Calling it again does nothing.
func (p *plane) stop() {
	for len(p.running) > 0 {
		last := len(p.running) - 1
		p.running[last].stop(killAfter + 2*time.Second)
		p.running = p.running[:last]
	}
}

func localURL(scheme string, port int) string {
	return scheme + "://127.0.0.1:" + strconv.Itoa(port)
}
