// Command controlplane starts a real etcd, kube-apiserver, kube-scheduler and
// kube-controller-manager on loopback ports, for tests. README.md says how to use it.
//
// It is one binary: started with a component's name as its first argument it is that component,
// otherwise it starts itself once per component and looks after the four processes. One process
// per component, because the feature gates, the metrics and the signal handlers of Kubernetes'
// components are global to a process.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	_ "time/tzdata" // time zones of CronJobs, on machines that have none installed
)

func main() {
	if len(os.Args) > 1 {
		if component, known := components[os.Args[1]]; known {
			os.Exit(beComponent(component, os.Args[2:]))
		}
	}
	options, err := parseOptions(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(0)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "controlplane:", err)
		os.Exit(2)
	}
	if err := run(options, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "controlplane:", err)
		printLogTails(os.Stderr, options.dir)
		os.Exit(1)
	}
}

type options struct {
	dir        string        // certificates, data and logs of this control plane
	removeDir  bool          // remove dir after a clean stop
	kubeconfig string        // where the administrator's kubeconfig is written
	timeout    time.Duration // from the start to ready
	verbosity  int           // klog's -v of every component
	features   string        // feature gates of every component but etcd
	apis       string        // groups and versions that the API server serves besides its own choice
	audit      bool          // the API server keeps an audit log
}

func parseOptions(arguments []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("controlplane", flag.ContinueOnError)
	flags.StringVar(&o.dir, "dir", "", "an empty or absent `folder` for certificates, data and logs (required)")
	flags.BoolVar(&o.removeDir, "remove-dir", false, "remove that folder after a clean stop")
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "`file` for the administrator's kubeconfig (default DIR/admin.kubeconfig)")
	flags.DurationVar(&o.timeout, "timeout", 2*time.Minute, "give up when not ready after this time")
	flags.IntVar(&o.verbosity, "v", 1, "log verbosity of the components")
	flags.StringVar(&o.features, "feature-gates", "", "feature `gates` of the components, as NAME=true,…")
	flags.StringVar(&o.apis, "runtime-config", "", "`APIs` that are switched on or off, as GROUP/VERSION=true,…")
	flags.BoolVar(&o.audit, "audit", false, "keep an audit log of all requests, without their bodies, in DIR/audit.log")
	if err := flags.Parse(arguments); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if o.dir == "" {
		return o, errors.New("--dir is required: a folder for certificates, data and logs")
	}
	dir, err := filepath.Abs(o.dir)
	if err != nil {
		return o, err
	}
	o.dir = dir
	if o.kubeconfig == "" {
		o.kubeconfig = filepath.Join(dir, "admin.kubeconfig")
	}
	o.kubeconfig, err = filepath.Abs(o.kubeconfig)
	return o, err
}

// announcement is the one line on stdout, printed when everything is ready.
type announcement struct {
	Kubeconfig string `json:"kubeconfig"`
	Server     string `json:"server"`
	Version    string `json:"version"` // as the API server's /version says it: v1.X.Y
	CA         string `json:"ca"`      // file; signed the API server's certificate
}

// errStop is the reason when somebody asked for the stop, as opposed to a failure.
var errStop = errors.New("asked to stop")

// run starts everything, announces it, does what the lines of stdin say, and waits until stdin ends,
// a signal arrives (both are a clean stop: nil) or a component ends by itself (an error).
func run(o options, stdin io.Reader, stdout io.Writer) error {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-signals
		cancel(errStop)
	}()
	orders := make(chan string, 16)
	go func() {
		for lines := bufio.NewScanner(stdin); lines.Scan(); {
			select {
			case orders <- lines.Text():
			case <-ctx.Done():
			}
		}
		cancel(errStop)
	}()

	if err := claimDir(o.dir); err != nil {
		return err
	}
	plane := &plane{options: o, failed: func(err error) { cancel(err) }}
	defer plane.stop()
	err := plane.startAll(ctx)
	if err == nil {
		err = json.NewEncoder(stdout).Encode(plane.announcement)
	}
	if err == nil {
		err = plane.obey(ctx, orders, json.NewEncoder(stdout))
	}
	if !errors.Is(err, errStop) {
		return err
	}
	plane.stop()
	if o.removeDir {
		return os.RemoveAll(o.dir)
	}
	return nil
}

// claimDir makes the folder; one with something in it is refused, because it may be another
// control plane's, and because only a folder of our own may be removed.
func claimDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s is not empty: give an empty or absent folder", dir)
	}
	return nil
}
