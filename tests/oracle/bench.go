package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"syscall"
	"time"

	v1 "k8s.io/api/core/v1"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/metrics"
)

// benchResult is one line of `oracle bench`: the anchor workload on the real plugins.
type benchResult struct {
	Kubernetes  string `json:"kubernetes"`
	Nodes       int    `json:"nodes"`
	Pods        int    `json:"pods"`
	Kind        string `json:"kind"`
	Parallelism int    `json:"parallelism"`
	// The verdict, to be held against the recorded one before the times are believed.
	Feasible int            `json:"feasible"`
	Counts   map[string]int `json:"counts"`
	// A repetition is one decision over all nodes, in microseconds.
	Repetitions int     `json:"repetitions"`
	BestUs      float64 `json:"best_us"`
	MedianUs    float64 `json:"median_us"`
	MeanUs      float64 `json:"mean_us"`
	// CPUUs is the processor time of one decision, of all threads; it grows less than the others
	// when the machine is shared.
	CPUUs float64 `json:"cpu_us"`
	// SetUpMs is what comes before: making, admitting and loading the cluster.
	SetUpMs float64 `json:"setup_ms"`
}

func benchCommand(args []string, out io.Writer) error {
	flags := newFlags("bench")
	nodes := flags.Int("nodes", 1000, "nodes of the cluster")
	pods := flags.Int("pods", 10, "existing pods on each node")
	kind := flags.String("kind", "plain", "kind of the incoming pod, or all")
	repetitions := flags.Int("repetitions", 50, "how many decisions to time, after five untimed ones")
	parallelism := flags.Int("parallelism", 16, "the scheduler's parallelism; 16 is its default")
	greedy := flags.Int("greedy", 0, "instead, place this many pods one after another")
	mix := flags.String("mix", "mixed", "kinds of the pods to place: mixed, or one kind")
	percent := flags.Int("percent", allNodes, "percentage of nodes to score when placing; 0 is adaptive, the scheduler's default")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *nodes < 1 || *pods < 0 || *repetitions < 1 || *greedy < 0 || *percent < 0 || *percent > 100 {
		return errors.New("bench: a number is out of range")
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	start := time.Now()
	sched, err := loadWorkload(ctx, *nodes, *pods, int32(*parallelism), int32(*percent))
	if err != nil {
		return err
	}
	setUp := float64(time.Since(start).Microseconds()) / 1000
	encoder := json.NewEncoder(out)
	if *greedy > 0 {
		result, err := sched.placeGreedily(*greedy, *mix)
		if err != nil {
			return err
		}
		result.Nodes, result.Pods, result.Percent = *nodes, *nodes**pods, *percent
		return encoder.Encode(result)
	}
	chosen := []string{*kind}
	if *kind == "all" {
		chosen = kinds
	}
	for _, kind := range chosen {
		result, err := sched.timeKind(kind, *repetitions)
		if err != nil {
			return err
		}
		result.Nodes, result.Pods, result.Parallelism, result.SetUpMs = *nodes, *nodes**pods, *parallelism, setUp
		if err := encoder.Encode(result); err != nil {
			return err
		}
	}
	return nil
}

func loadWorkload(ctx context.Context, nodes, podsPerNode int, parallelism, percent int32) (*schedulerUnderTest, error) {
	sched, err := newScheduler(ctx, parallelism, percent)
	if err != nil {
		return nil, err
	}
	c := &Case{}
	if err := throughJSON(workloadCluster(nodes, podsPerNode), &c.Cluster); err != nil {
		return nil, err
	}
	// A case needs a pod to be admitted; this one is not used.
	c.Pod = &v1.Pod{}
	if err := throughJSON(workloadArrival("unused", "plain", "app-2", "ns-2"), c.Pod); err != nil {
		return nil, err
	}
	if err := admit(c); err != nil {
		return nil, err
	}
	return sched, sched.load(&c.Cluster)
}

func (s *schedulerUnderTest) timeKind(kind string, repetitions int) (*benchResult, error) {
	raw, err := workloadIncoming(kind)
	if err != nil {
		return nil, err
	}
	pod := &v1.Pod{}
	if err := throughJSON(raw, pod); err != nil {
		return nil, err
	}
	identify("pod", &pod.ObjectMeta)
	if pod, err = admitPod(pod); err != nil {
		return nil, err
	}
	nodes, err := s.snapshot.List()
	if err != nil {
		return nil, err
	}
	result := &benchResult{Kubernetes: kubernetesVersion(), Kind: kind, Repetitions: repetitions, Counts: make(map[string]int)}
	statuses, err := s.decide(pod, nodes)
	if err != nil {
		return nil, err
	}
	for _, status := range statuses {
		if status.IsSuccess() {
			result.Feasible++
		} else {
			result.Counts[status.Plugin()+"/"+code(status)]++
		}
	}
	for range 5 {
		if _, err := s.decide(pod, nodes); err != nil {
			return nil, err
		}
	}
	runtime.GC()
	times := make([]float64, 0, repetitions)
	sum := 0.0
	before := processorTime()
	for range repetitions {
		start := time.Now()
		statuses, err = s.decide(pod, nodes)
		took := float64(time.Since(start).Nanoseconds()) / 1000
		if err != nil {
			return nil, err
		}
		runtime.KeepAlive(statuses)
		times = append(times, took)
		sum += took
	}
	result.CPUUs = (processorTime() - before).Seconds() * 1e6 / float64(repetitions)
	slices.Sort(times)
	result.BestUs, result.MedianUs, result.MeanUs = times[0], times[len(times)/2], sum/float64(len(times))
	return result, nil
}

// processorTime is what this process has used so far, in user mode and in the kernel.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// decide is what is timed: a cycle state, PreFilter, and Filter on all nodes as in
// findNodesThatPassFilters without its early stop. The verdicts are kept.
func (s *schedulerUnderTest) decide(pod *v1.Pod, nodes []fwk.NodeInfo) ([]*fwk.Status, error) {
	state := framework.NewCycleState()
	narrowed, status, _ := s.framework.RunPreFilterPlugins(s.ctx, state, pod)
	if !status.IsSuccess() {
		return nil, fmt.Errorf("bench: PreFilter: %w", status.AsError())
	}
	if !narrowed.AllNodes() {
		return nil, errors.New("bench: PreFilter leaves not all nodes")
	}
	statuses := make([]*fwk.Status, len(nodes))
	s.framework.Parallelizer().Until(s.ctx, len(nodes), func(i int) {
		statuses[i] = s.framework.RunFilterPluginsWithNominatedPods(s.ctx, state, pod, nodes[i])
	}, metrics.Filter)
	return statuses, nil
}
