package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"sync"
)

// longestLine bounds a case: a line beyond it ends the run with an error.
const longestLine = 256 << 20

// eachLine calls a worker's function for every line of `in` that is not blank, with `jobs` workers,
// and hands the results to `emit` in the order of the lines.
func eachLine[R any](in io.Reader, jobs int, worker func() (func(number int, line []byte) R, error), emit func(R) error) error {
	type task struct {
		number int
		line   []byte
		result chan R
	}
	functions := make([]func(int, []byte) R, max(jobs, 1))
	for i := range functions {
		function, err := worker()
		if err != nil {
			return err
		}
		functions[i] = function
	}
	tasks := make(chan task)
	pending := make(chan chan R, 4*len(functions))
	var workers sync.WaitGroup
	for _, function := range functions {
		workers.Go(func() {
			for task := range tasks {
				task.result <- function(task.number, task.line)
			}
		})
	}
	var readErr error
	go func() {
		defer close(pending)
		defer close(tasks)
		scanner := bufio.NewScanner(in)
		scanner.Buffer(make([]byte, 1<<20), longestLine)
		for number := 1; scanner.Scan(); number++ {
			line := bytes.TrimSpace(scanner.Bytes())
			if len(line) == 0 {
				continue
			}
			result := make(chan R, 1)
			pending <- result
			tasks <- task{number, bytes.Clone(line), result}
		}
		if err := scanner.Err(); err != nil {
			readErr = fmt.Errorf("reading cases: %w", err)
		}
	}()
	var emitErr error
	for result := range pending {
		if value := <-result; emitErr == nil {
			emitErr = emit(value)
		}
	}
	workers.Wait()
	if emitErr != nil {
		return emitErr
	}
	return readErr
}
