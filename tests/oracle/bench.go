package main

import "io"

func benchCommand(args []string, out io.Writer) error { return nil }
