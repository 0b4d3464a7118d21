package main

import (
	"reflect"
	"testing"
)

// The anchor cluster is the one that the recorded verdicts are about.
func TestAnchorWorkload(t *testing.T) {
	wants := map[string]benchResult{
		"plain":        {Feasible: 95, Counts: map[string]int{"TaintToleration/UU": 5}},
		"nodeaffinity": {Feasible: 60, Counts: map[string]int{"NodeAffinity/UU": 35, "TaintToleration/UU": 5}},
		"antiaffinity": {Feasible: 90, Counts: map[string]int{"InterPodAffinity/U": 5, "TaintToleration/UU": 5}},
		"spread":       {Feasible: 32, Counts: map[string]int{"PodTopologySpread/U": 63, "TaintToleration/UU": 5}},
		"podaffinity":  {Feasible: 95, Counts: map[string]int{"TaintToleration/UU": 5}},
		"everything":   {Feasible: 57, Counts: map[string]int{"NodeAffinity/UU": 35, "InterPodAffinity/U": 3, "NodePorts/U": 5}},
	}
	silenceLogs()
	sched, err := loadWorkload(t.Context(), 100, 10, 2, allNodes)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range kinds {
		got, err := sched.timeKind(kind, 2)
		if err != nil {
			t.Fatal(err)
		}
		if want := wants[kind]; got.Feasible != want.Feasible || !reflect.DeepEqual(got.Counts, want.Counts) {
			t.Errorf("%s: %d feasible, %v; want %d, %v", kind, got.Feasible, got.Counts, want.Feasible, want.Counts)
		}
		if got.BestUs <= 0 || got.BestUs > got.MedianUs {
			t.Errorf("%s: best %v µs, median %v µs", kind, got.BestUs, got.MedianUs)
		}
		if got.CPUUs <= 0 {
			t.Errorf("%s: %v µs of processor time", kind, got.CPUUs)
		}
	}
}

func TestGreedyPlacesWhatFits(t *testing.T) {
	silenceLogs()
	sched, err := loadWorkload(t.Context(), 20, 1, 2, allNodes)
	if err != nil {
		t.Fatal(err)
	}
	result, err := sched.placeGreedily(50, "antiaffinity")
	if err != nil {
		t.Fatal(err)
	}
	// One of the twenty nodes is tainted; the others take one replica each.
	if result.Arrived != 50 || result.Placed != 19 {
		t.Errorf("%d of %d placed, want 19 of 50", result.Placed, result.Arrived)
	}
}
