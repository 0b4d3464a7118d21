package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"
)

// configurations is the focus on the configuration of the scheduler.
const configurations = "KubeSchedulerConfiguration"

// focuses are the plugins that a case can be about; "mix" is about all of them. Only on request:
// NodeDeclaredFeatures, which old versions do not have, DefaultPreemption and configurations.
var focuses = []string{
	"mix",
	names.NodeName,
	names.NodeUnschedulable,
	names.TaintToleration,
	names.NodeAffinity,
	names.NodePorts,
	names.NodeResourcesFit,
	names.VolumeRestrictions,
	names.NodeVolumeLimits,
	names.VolumeBinding,
	names.VolumeZone,
	names.PodTopologySpread,
	names.InterPodAffinity,
}

// contested are the plugins whose rejections pods of lower priority may be to blame for.
var contested = []string{
	"mix",
	names.NodePorts,
	names.NodeResourcesFit,
	names.VolumeRestrictions,
	names.NodeResourcesFit,
	names.NodeVolumeLimits,
	names.PodTopologySpread,
	names.NodeResourcesFit,
	names.InterPodAffinity,
}

func generateCommand(args []string, out io.Writer) error {
	flags := newFlags("generate")
	seed := flags.Uint64("seed", 1, "the same seed gives the same cases")
	count := flags.Int("count", 1000, "how many cases")
	focus := flags.String("focus", "", "a Filter plugin, or mix; all in turn if empty")
	first := flags.Int("first", 0, "the number of the first case, to make a part of a run again")
	coverage := flags.Bool("coverage", false, "judge the cases and print what they cover, instead of the cases")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if known := append(focuses, names.NodeDeclaredFeatures, names.DefaultPreemption, configurations, admissionFocus); *focus != "" && !slices.Contains(known, *focus) {
		return fmt.Errorf("unknown focus %q; known: %s", *focus, strings.Join(known, ", "))
	}
	if *coverage {
		return printCoverage(out, *seed, *first, *count, *focus)
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for number := *first; number < *first+*count; number++ {
		if err := encoder.Encode(generate(*seed, number, *focus)); err != nil {
			return err
		}
	}
	return nil
}

// generate makes case `number` of a seed. Without a focus the cases take turns.
func generate(seed uint64, number int, focus string) object {
	if focus == admissionFocus {
		return generateAdmission(seed, number)
	}
	preemption := focus == names.DefaultPreemption
	switch {
	case preemption:
		focus = contested[number%len(contested)]
	case focus == "":
		focus = focuses[number%len(focuses)]
	}
	g := &generator{dice: newDice(seed, number), focus: focus}
	g.makeNodes()
	g.makeNamespaces()
	g.makeClasses()
	for i := range g.between(pick(g.dice, 0, 3), pick(g.dice, 4, 10, 24)) {
		g.pods = append(g.pods, g.existingPod(i))
	}
	incoming := g.incomingPod()
	if preemption {
		g.forPreemption(incoming)
	}
	var config object
	if focus == configurations {
		config = g.configure(newDice(seed, configurationOf(number)), incoming)
	}
	cluster := object{"nodes": g.nodes, "pods": orEmpty(g.pods), "namespaces": g.namespaces}
	for kind, objects := range map[string][]object{
		"pvs": g.pvs, "pvcs": g.pvcs, "storageclasses": g.usedClasses(), "csinodes": g.csiNodes, "pdbs": g.pdbs,
		"services": g.services, "replicationcontrollers": g.replicationControllers,
		"replicasets": g.replicaSets, "statefulsets": g.statefulSets,
	} {
		if len(objects) > 0 {
			cluster[kind] = objects
		}
	}
	generated := object{"id": fmt.Sprintf("g%d-%d", seed, number), "focus": focus, "cluster": cluster, "pod": incoming}
	if config != nil {
		generated["config"] = config
	}
	return generated
}

// generator holds what one case has got so far.
type generator struct {
	dice
	focus string

	nodes, pods, namespaces      []object
	pvs, pvcs, classes, csiNodes []object
	pdbs                         []object
	volumes                      int

	services, replicationControllers, replicaSets, statefulSets []object
}

// wants says whether a pod or node gets a feature of a plugin: nearly always when the case is about
// it, sometimes in a mix, rarely else.
func (g *generator) wants(plugin string) bool {
	switch g.focus {
	case plugin:
		return g.chance(0.85)
	case configurations:
		// Scores need nodes that pass.
		if plugin == names.InterPodAffinity {
			return g.chance(0.4)
		}
		return g.chance(0.12)
	case "mix":
		return g.chance(0.25)
	}
	return g.chance(0.07)
}

func orEmpty(objects []object) []object {
	if objects == nil {
		return []object{}
	}
	return objects
}
