package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"reflect"
	"runtime"
	"slices"
)

// recorded is a case with the verdict of another run, perhaps of another version.
type recorded struct {
	Case
	Verdict *Verdict `json:"verdict"`
	// Fixed is the verdict with kubernetes#141526 fixed, where that matters.
	Fixed *Verdict `json:"verdictFixed141526"`
}

// comparison is what one recorded case differs in.
type comparison struct {
	id          string
	err         string
	differences []string
	// details has the first difference of each kind in full.
	details map[string]string
}

func compareCommand(args []string, in io.Reader, out io.Writer) error {
	flags := newFlags("compare")
	jobs := flags.Int("jobs", runtime.GOMAXPROCS(0), "how many cases at a time")
	show := flags.Int("show", 3, "how many examples of each difference to show")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	total, equal := 0, 0
	counts := make(map[string]int)
	examples := make(map[string][]string)
	err := eachLine(in, *jobs, func() (func(int, []byte) comparison, error) {
		sched, err := newScheduler(ctx, 1, allNodes)
		if err != nil {
			return nil, err
		}
		return func(_ int, line []byte) comparison { return sched.compare(line) }, nil
	}, func(c comparison) error {
		total++
		if c.err != "" {
			c.differences, c.details = []string{"error"}, map[string]string{"error": c.err}
		}
		if len(c.differences) == 0 {
			equal++
		}
		for _, difference := range c.differences {
			counts[difference]++
			if len(examples[difference]) < *show {
				examples[difference] = append(examples[difference], c.id+": "+c.details[difference])
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d cases, %d without any difference\n", total, equal)
	for _, difference := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(out, "%6d  %s\n", counts[difference], difference)
		for _, example := range examples[difference] {
			fmt.Fprintf(out, "        %s\n", example)
		}
	}
	return nil
}

func (s *schedulerUnderTest) compare(line []byte) comparison {
	var old recorded
	if err := json.Unmarshal(line, &old); err != nil {
		return comparison{id: old.ID, err: err.Error()}
	}
	want := old.Verdict
	if old.Fixed != nil {
		want = old.Fixed
	}
	if want == nil {
		return comparison{id: old.ID, err: "no verdict to compare with"}
	}
	got, err := s.judge(&old.Case, options{scores: want.Scores != nil})
	if err != nil {
		return comparison{id: old.ID, err: err.Error()}
	}
	result := comparison{id: old.ID, details: make(map[string]string)}
	differ := func(what string, got, want any) {
		if reflect.DeepEqual(got, want) {
			return
		}
		if _, known := result.details[what]; known {
			return
		}
		result.differences = append(result.differences, what)
		g, _ := json.Marshal(got)
		w, _ := json.Marshal(want)
		result.details[what] = fmt.Sprintf("now %s, recorded %s", g, w)
	}
	differ("feasible", got.Feasible, want.Feasible)
	for _, name := range slices.Sorted(maps.Keys(want.Nodes)) {
		if g, w := got.Nodes[name], want.Nodes[name]; !reflect.DeepEqual(g, w) {
			differ(fmt.Sprintf("node: %s/%s, recorded %s/%s", g.Plugin, g.Code, w.Plugin, w.Code), g, w)
		}
	}
	differ("prefilter", got.PreFilter, want.PreFilter)
	differ("prefilterNodes", got.PreFilterNodes, want.PreFilterNodes)
	differ("skipped", got.Skipped, want.Skipped)
	differ("message", got.Message, want.Message)
	for _, plugin := range slices.Sorted(maps.Keys(allKeys(got.ByPlugin, want.ByPlugin))) {
		differ("byPlugin "+plugin, got.ByPlugin[plugin], want.ByPlugin[plugin])
	}
	for _, plugin := range slices.Sorted(maps.Keys(scorePlugins(got.Scores, want.Scores))) {
		differ("scores "+plugin, scoresOf(got.Scores, plugin), scoresOf(want.Scores, plugin))
	}
	return result
}

func allKeys[V any](a, b map[string]V) map[string]bool {
	keys := make(map[string]bool)
	for key := range a {
		keys[key] = true
	}
	for key := range b {
		keys[key] = true
	}
	return keys
}

func scorePlugins(verdicts ...map[string]map[string]int64) map[string]bool {
	plugins := make(map[string]bool)
	for _, verdict := range verdicts {
		for _, scores := range verdict {
			for plugin := range scores {
				plugins[plugin] = true
			}
		}
	}
	return plugins
}

func scoresOf(scores map[string]map[string]int64, plugin string) map[string]int64 {
	of := make(map[string]int64)
	for node, plugins := range scores {
		if score, ok := plugins[plugin]; ok {
			of[node] = score
		}
	}
	return of
}
