package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
)

// allNodes is the percentage of nodes to score that stops nothing early.
const allNodes = 100

func judgeCommand(args []string, in io.Reader, out io.Writer) error {
	flags := newFlags("judge")
	var opts options
	flags.BoolVar(&opts.all, "all", false, "list every plugin that rejects a node, with its reasons")
	flags.BoolVar(&opts.scores, "scores", false, "score the feasible nodes, when there are two or more")
	flags.BoolVar(&opts.preemption, "preemption", false, "say which pods of lower priority could make room")
	jobs := flags.Int("jobs", runtime.GOMAXPROCS(0), "how many cases at a time")
	if err := flags.Parse(args); err != nil {
		return err
	}
	return judgeLines(in, out, opts, *jobs)
}

// judgeLines answers every line of cases with a line.
func judgeLines(in io.Reader, out io.Writer, opts options, jobs int) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return eachLine(in, jobs, func() (func(int, []byte) Answer, error) {
		sched, err := newScheduler(ctx, 1, allNodes)
		if err != nil {
			return nil, err
		}
		configured := configuredSchedulers{ctx: ctx}
		return func(number int, line []byte) Answer {
			c, id, err := decodeCase(line)
			if err != nil {
				if id == "" {
					id = fmt.Sprintf("line %d", number)
				}
				return Answer{ID: id, Error: fmt.Sprintf("not a case: %v", err)}
			}
			if c.Config == nil {
				return sched.answer(c, opts)
			}
			sched, err := configured.of(c.Config)
			if err != nil {
				return Answer{ID: c.ID, Error: err.Error()}
			}
			return sched.answer(c, opts)
		}, nil
	}, func(answer Answer) error { return encoder.Encode(answer) })
}

// answer judges a case; a case that cannot be judged is answered with its error.
func (s *schedulerUnderTest) answer(c *Case, opts options) Answer {
	verdict, err := s.judge(c, opts)
	if err != nil {
		return Answer{ID: c.ID, Error: err.Error()}
	}
	return Answer{ID: c.ID, Verdict: verdict}
}
