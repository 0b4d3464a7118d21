package main

import "io"

func generateCommand(args []string, out io.Writer) error { return nil }
