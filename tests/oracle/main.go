// Oracle judges scheduling cases with the real kube-scheduler's plugins, in process; see README.md.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
)

const usage = `usage: oracle <command> [flags]

  judge     [--all] [--scores] [--preemption] [--jobs N]
                                              cases on stdin, one JSON object a line; verdicts on stdout
  admit                                       what LimitRanger and ResourceQuota make of new pods
  compare   [--jobs N] [--show N]             judge recorded cases on stdin and count the differences
  generate  --seed N --count M [--focus P] [--coverage]
                                              random cases on stdout; with --coverage a table instead
  bench     --nodes N --pods P --kind K [--repetitions R] [--greedy N] [--percent P] [--mix M]
                                              time the anchor workload; one JSON object on stdout
  version                                     the version of Kubernetes that judges
`

func main() {
	silenceLogs()
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	out := bufio.NewWriterSize(os.Stdout, 1<<16)
	err := run(os.Args[1], os.Args[2:], os.Stdin, out)
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

func run(command string, args []string, in io.Reader, out io.Writer) error {
	switch command {
	case "judge":
		return judgeCommand(args, in, out)
	case "admit":
		return admitCommand(args, in, out)
	case "compare":
		return compareCommand(args, in, out)
	case "generate":
		return generateCommand(args, out)
	case "bench":
		return benchCommand(args, out)
	case "version":
		_, err := fmt.Fprintln(out, kubernetesVersion())
		return err
	case "help", "--help", "-h":
		_, err := fmt.Fprint(out, usage)
		return err
	}
	return fmt.Errorf("unknown command %q\n%s", command, usage)
}

// newFlags makes a flag set whose mistakes end the process with the usage, as is usual in Go.
func newFlags(command string) *flag.FlagSet {
	return flag.NewFlagSet(command, flag.ExitOnError)
}
