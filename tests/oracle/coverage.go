package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
)

// coverage counts what cases exercise, in the columns of the recorded corpus.
type coverage struct {
	cases, refused, allFeasible, someFeasible, noneFeasible int
	plugins                                                 map[string]*pluginCoverage
}

type pluginCoverage struct {
	// ran: cases in which the plugin did not skip. failing: with a node that it rejects. both: and
	// one that it passes. preFilter: cases rejected as a whole.
	ran, failing, both, preFilter int
	// nodes it rejects, and nodes it is the first to reject.
	nodes, first int
}

func (c *coverage) of(plugin string) *pluginCoverage {
	if c.plugins[plugin] == nil {
		c.plugins[plugin] = &pluginCoverage{}
	}
	return c.plugins[plugin]
}

func (c *coverage) add(verdict *Verdict) {
	switch len(verdict.Feasible) {
	case 0:
		c.noneFeasible++
	case len(verdict.Nodes):
		c.allFeasible++
	default:
		c.someFeasible++
	}
	for name, codes := range verdict.ByPlugin {
		plugin := c.of(name)
		plugin.ran++
		switch {
		case codes["*"] != "":
			plugin.preFilter++
			plugin.failing++
			plugin.nodes += len(verdict.Nodes)
		case len(codes) > 0:
			plugin.failing++
			plugin.nodes += len(codes)
			if len(codes) < len(verdict.Nodes) {
				plugin.both++
			}
		}
	}
	for _, node := range verdict.Nodes {
		if node.Plugin != "" {
			c.of(node.Plugin).first++
		}
	}
}

// printCoverage judges generated cases and prints which plugins they exercise, both ways.
func printCoverage(out io.Writer, seed uint64, first, count int, focus string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	sched, err := newScheduler(ctx, 1, allNodes)
	if err != nil {
		return err
	}
	covered := &coverage{plugins: make(map[string]*pluginCoverage)}
	reasons := make(map[string]int)
	for number := first; number < first+count; number++ {
		covered.cases++
		verdict, err := sched.judgeGenerated(generate(seed, number, focus))
		if err != nil {
			covered.refused++
			reasons[err.Error()]++
			continue
		}
		covered.add(verdict)
	}
	fmt.Fprintf(out, "%d cases: %d refused, %d all nodes feasible, %d some, %d none\n\n",
		covered.cases, covered.refused, covered.allFeasible, covered.someFeasible, covered.noneFeasible)
	fmt.Fprintln(out, "| plugin | cases it ran in | with a failing node | with failing and passing | rejected by PreFilter | nodes failing | first failure |")
	fmt.Fprintln(out, "|---|---|---|---|---|---|---|")
	for _, name := range slices.Sorted(maps.Keys(covered.plugins)) {
		p := covered.plugins[name]
		fmt.Fprintf(out, "| %s | %d | %d | %d | %d | %d | %d |\n", name, p.ran, p.failing, p.both, p.preFilter, p.nodes, p.first)
	}
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		fmt.Fprintf(out, "refused %d: %s\n", reasons[reason], reason)
	}
	return nil
}

// judgeGenerated sends a case through JSON, as it would come from a file.
func (s *schedulerUnderTest) judgeGenerated(generated object) (*Verdict, error) {
	var line bytes.Buffer
	if err := json.NewEncoder(&line).Encode(generated); err != nil {
		return nil, err
	}
	c, _, err := decodeCase(line.Bytes())
	if err != nil {
		return nil, err
	}
	return s.judge(c, options{})
}
