package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	v1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/defaultpreemption"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/feature"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"
)

// PreemptionVerdict is what the real DefaultPreemption plugin finds for a pod that fits nowhere.
type PreemptionVerdict struct {
	// Refused is why the pod may not preempt; then there is nothing else.
	Refused string `json:"refused,omitempty"`
	// Candidates has the victims by node, most important first.
	Candidates map[string]CandidateVerdict `json:"candidates,omitempty"`
	// Nominated is the node that the plugin takes. Between nodes that are alike it takes any.
	Nominated string `json:"nominated,omitempty"`
}

// CandidateVerdict is a node on which the pod would fit.
type CandidateVerdict struct {
	Victims    []string `json:"victims"`
	Violations int64    `json:"violations"`
}

// newPreemption makes the plugin. It is only asked, never carried out: nothing is deleted.
func newPreemption(ctx context.Context, fw framework.Framework) (*defaultpreemption.DefaultPreemption, error) {
	args, err := defaultPluginArgs()
	if err != nil {
		return nil, err
	}
	features := feature.NewSchedulerFeaturesFromGates(utilfeature.DefaultFeatureGate)
	return defaultpreemption.New(ctx, args[names.DefaultPreemption], fw, features)
}

// preempt does what the plugin's PostFilter does up to the choice of a node: it looks at every node
// that is rejected, though not for good, without the early end of the search in large clusters, and
// with the disruption budgets in the order of their names.
func (s *schedulerUnderTest) preempt(state fwk.CycleState, pod *v1.Pod, statuses map[string]*fwk.Status, budgets []*policyv1.PodDisruptionBudget) (*PreemptionVerdict, error) {
	nodes := framework.NewDefaultNodeToStatus()
	for name, status := range statuses {
		nodes.Set(name, status)
	}
	nominated := nodes.Get(pod.Status.NominatedNodeName)
	if eligible, why := s.preemption.PodEligibleToPreemptOthers(s.ctx, pod, nominated); !eligible {
		return &PreemptionVerdict{Refused: why}, nil
	}
	potential, err := nodes.NodesForStatusCode(s.framework.SnapshotSharedLister().NodeInfos(), fwk.Unschedulable)
	if err != nil || len(potential) == 0 {
		return &PreemptionVerdict{}, err
	}
	budgets = slices.SortedFunc(slices.Values(budgets), func(a, b *policyv1.PodDisruptionBudget) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	evaluator := s.preemption.Evaluator
	// One candidate more than there are nodes is never found, so the search does not end early.
	candidates, _, err := evaluator.DryRunPreemption(s.ctx, state, pod, potential, budgets, 0, int32(len(potential))+1)
	if err != nil && len(candidates) == 0 {
		// As in the plugin, a node that cannot be judged is none. That a pod fits beside all that
		// could go is such an error.
		return &PreemptionVerdict{}, nil
	}
	verdict := &PreemptionVerdict{Candidates: make(map[string]CandidateVerdict, len(candidates))}
	for _, candidate := range candidates {
		victims := []string{}
		for _, victim := range candidate.Victims().Pods {
			victims = append(victims, victim.Namespace+"/"+victim.Name)
		}
		verdict.Candidates[candidate.Name()] = CandidateVerdict{victims, candidate.Victims().NumPDBViolations}
	}
	if best := evaluator.SelectCandidate(s.ctx, candidates); best != nil {
		verdict.Nominated = best.Name()
	}
	return verdict, nil
}

// admitBudget gives a budget what the API server gives it. Its status is taken as it is.
func admitBudget(budget *policyv1.PodDisruptionBudget) error {
	if budget.Spec.MinAvailable != nil && budget.Spec.MaxUnavailable != nil {
		return fmt.Errorf("poddisruptionbudget %s/%s: minAvailable and maxUnavailable", budget.Namespace, budget.Name)
	}
	return nil
}

// forPreemption turns a case into one in which pods could make room: priorities, the times at which
// pods started, all different, and budgets. It changes what the other generators made.
func (g *generator) forPreemption(incoming object) {
	spec := incoming["spec"].(object)
	if g.chance(0.8) {
		// What no preemption could help against.
		spec["tolerations"] = []object{{"operator": "Exists"}}
		delete(spec, "nodeSelector")
		delete(spec, "nodeName")
		if affinity, ok := spec["affinity"].(object); ok {
			delete(affinity, "nodeAffinity")
			if g.chance(0.5) {
				delete(affinity, "podAffinity")
			}
		}
	}
	if g.focus == names.NodeResourcesFit {
		g.crowd(spec)
	}
	spec["priority"] = pick(g.dice, 0, 50, 1000, 1000, 2000, 2000)
	g.setIf(0.05, spec, "preemptionPolicy", func() any { return "Never" })
	started := sets.New[int]()
	for _, pod := range g.pods {
		pod["spec"].(object)["priority"] = pick(g.dice, -10, 0, 0, 10, 10, 20, 100, 100, 1000, 3000)
		status, _ := pod["status"].(object)
		if status == nil || pod["spec"].(object)["nodeName"] == nil {
			continue
		}
		second := g.IntN(86400)
		for started.Has(second) {
			second++
		}
		started.Insert(second)
		status["startTime"] = fmt.Sprintf("2026-01-02T%02d:%02d:%02dZ", second/3600%24, second/60%60, second%60)
		if _, terminating := pod["metadata"].(object)["deletionTimestamp"]; terminating && g.chance(0.5) {
			status["conditions"] = []object{{
				"type": "DisruptionTarget", "status": pick(g.dice, "True", "True", "False"),
				"reason": pick(g.dice, "PreemptionByScheduler", "EvictionByEvictionAPI"),
			}}
		}
	}
	if g.chance(0.25) {
		incoming["status"] = object{"nominatedNodeName": nodeName(g.IntN(len(g.nodes)))}
	}
	for i := range g.between(0, 4) {
		g.pdbs = append(g.pdbs, g.budget(i))
	}
}

// crowd leaves little room on the nodes.
func (g *generator) crowd(incoming object) {
	containers := incoming["containers"].([]object)
	if _, podLevel := incoming["resources"]; !podLevel && g.chance(0.8) {
		requests := object{"cpu": pick(g.dice, "500m", "1", "2", "3"), "memory": pick(g.dice, "512Mi", "1Gi", "3Gi")}
		containers[0]["resources"] = object{"requests": requests}
	}
	for _, node := range g.nodes {
		status := node["status"].(object)
		allocatable, ok := status["allocatable"].(object)
		if !ok {
			continue
		}
		g.setIf(0.5, allocatable, "cpu", func() any { return pick(g.dice, "1", "2", "3", "4") })
		g.setIf(0.4, allocatable, "memory", func() any { return pick(g.dice, "1Gi", "2Gi", "4Gi", "6Gi") })
		g.setIf(0.4, allocatable, "pods", func() any { return pick(g.dice, "1", "2", "3", "4") })
	}
	// Fewer nodes, with more pods each.
	few := g.between(1, 3)
	for _, pod := range g.pods {
		spec := pod["spec"].(object)
		if spec["nodeName"] != nil && spec["nodeName"] != "gone-node" && g.chance(0.7) {
			spec["nodeName"] = nodeName(g.IntN(min(few, len(g.nodes))))
		}
	}
}

// anyPod is the metadata of one of the pods; empty without any.
func (g *generator) anyPod() object {
	if len(g.pods) == 0 {
		return object{}
	}
	return g.pods[g.IntN(len(g.pods))]["metadata"].(object)
}

func (g *generator) budget(i int) object {
	namespace, _ := g.anyPod()["namespace"].(string)
	spec, status := object{}, object{"disruptionsAllowed": pick(g.dice, 0, 0, 1, 2)}
	g.setIf(0.9, spec, "selector", func() any {
		if labels, ok := g.anyPod()["labels"].(object); ok && len(labels) > 0 && g.chance(0.7) {
			key := sortedKeys(labels)[g.IntN(len(labels))]
			return object{"matchLabels": object{key: labels[key]}}
		}
		return g.podSelector()
	})
	g.setIf(0.15, status, "disruptedPods", func() any {
		name, _ := g.anyPod()["name"].(string)
		return object{name: "2026-01-01T00:00:00Z"}
	})
	return object{
		"metadata": object{"name": fmt.Sprintf("b%d", i), "namespace": cmp.Or(namespace, g.aNamespace())},
		"spec":     spec,
		"status":   status,
	}
}
