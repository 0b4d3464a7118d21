package main

import (
	"fmt"

	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"
)

const (
	hostnameKey = "kubernetes.io/hostname"
	zoneKey     = "topology.kubernetes.io/zone"
	regionKey   = "topology.kubernetes.io/region"
	rackKey     = "example.com/rack"
	oldZoneKey  = "failure-domain.beta.kubernetes.io/zone"
)

// generations are label values for Gt and Lt: some are no integers, some no 64-bit integers.
var generations = []string{
	"1", "2", "3", "7", "10", "007", "2.5", "abc", "1_0", "", "0",
	"9223372036854775807", "9223372036854775808", "1e3",
}

var images = []string{"nginx:1", "redis:7", "busybox", "busybox:latest", "docker.io/library/redis:7", "registry.example.com:5000/app"}

func (g *generator) makeNodes() {
	for i := range g.between(1, pick(g.dice, 3, 6, 12)) {
		node := g.node(i)
		g.nodes = append(g.nodes, node)
		if g.wants(names.NodeVolumeLimits) {
			g.csiNodes = append(g.csiNodes, g.csiNode(nodeName(i)))
		}
	}
}

func nodeName(i int) string { return fmt.Sprintf("n%d", i) }

func (g *generator) node(i int) object {
	labels := object{}
	if g.chance(0.95) {
		labels[hostnameKey] = nodeName(i)
	}
	if i > 0 && g.chance(0.03) {
		labels[hostnameKey] = nodeName(g.IntN(i))
	}
	g.setIf(0.9, labels, zoneKey, func() any { return pick(g.dice, "z1", "z2", "z3") })
	g.setIf(0.1, labels, oldZoneKey, func() any { return pick(g.dice, "z1", "z2") })
	g.setIf(0.7, labels, regionKey, func() any { return pick(g.dice, "r1", "r2") })
	g.setIf(0.7, labels, rackKey, func() any { return pick(g.dice, "k1", "k2", "k3", "k4") })
	g.setIf(0.7, labels, "disk", func() any { return pick(g.dice, "ssd", "hdd") })
	g.setIf(0.7, labels, "gen", func() any { return pick(g.dice, generations...) })
	g.setIf(0.6, labels, "arch", func() any { return pick(g.dice, "amd64", "arm64") })
	g.setIf(0.2, labels, "spot", func() any { return pick(g.dice, "true", "") })
	spec := object{}
	if g.wants(names.NodeUnschedulable) && g.chance(0.6) {
		spec["unschedulable"] = true
	}
	if taints := g.taints(spec["unschedulable"] == true); len(taints) > 0 {
		spec["taints"] = taints
	}
	return object{
		"metadata": object{"name": nodeName(i), "labels": labels},
		"spec":     spec,
		"status":   g.nodeStatus(),
	}
}

func (g *generator) taints(unschedulable bool) []object {
	var taints []object
	if unschedulable && g.chance(0.7) {
		taints = append(taints, object{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"})
	}
	if !g.wants(names.TaintToleration) || g.chance(0.3) {
		return taints
	}
	for _, key := range some(g.dice, 0.35, 0, "dedicated", "spot", "example.com/maintenance", "node.kubernetes.io/not-ready", "node.kubernetes.io/disk-pressure") {
		taint := object{"key": key, "effect": pick(g.dice, "NoSchedule", "NoExecute", "PreferNoSchedule")}
		g.setIf(0.6, taint, "value", func() any { return pick(g.dice, "ml", "web", "") })
		taints = append(taints, taint)
	}
	return taints
}

func (g *generator) nodeStatus() object {
	resources := object{
		"cpu":    pick(g.dice, "32", "32", "64", "16"),
		"memory": pick(g.dice, "64Gi", "64Gi", "128G", "68719476736"),
		"pods":   "110",
	}
	if g.wants(names.NodeResourcesFit) {
		resources["cpu"] = pick(g.dice, "1", "2", "1500m", "4", "0.5", "3999m", "2e0", "6")
		resources["memory"] = pick(g.dice, "1Gi", "2Gi", "4Gi", "1G", "3500000Ki", "1e9", "8Gi", "16Ei")
		if g.chance(0.3) {
			resources["pods"] = pick(g.dice, "0", "1", "2", "3", "5")
		}
		if g.chance(0.05) {
			delete(resources, pick(g.dice, "pods", "cpu", "memory"))
		}
	}
	g.setIf(0.5, resources, "ephemeral-storage", func() any { return pick(g.dice, "500Gi", "12Gi", "20G") })
	g.setIf(0.4, resources, gpu, func() any { return pick(g.dice, "16", "2", "1", "0") })
	g.setIf(0.2, resources, "vendor.io/fpga", func() any { return pick(g.dice, "16", "3") })
	g.setIf(0.3, resources, hugepages, func() any { return pick(g.dice, "4Gi", "128Mi") })
	status := object{}
	if g.focus == names.NodeDeclaredFeatures && g.chance(0.5) {
		status["declaredFeatures"] = []string{"RestartAllContainersOnContainerExits"}
	}
	switch g.IntN(4) {
	case 0:
		status["capacity"] = resources
	case 1:
		status["capacity"] = object{"cpu": "64", "memory": "256Gi", "pods": "250"}
		status["allocatable"] = resources
	default:
		status["allocatable"] = resources
	}
	if g.chance(0.3) {
		var known []object
		for _, image := range some(g.dice, 0.4, 0, images...) {
			known = append(known, object{"names": []string{image}, "sizeBytes": g.between(10, 900) * 1000000})
		}
		if known != nil {
			status["images"] = known
		}
	}
	return status
}

func (g *generator) makeNamespaces() {
	for _, name := range []string{"default", "team-a", "team-b", "kube-system", "prod"} {
		labels := object{}
		g.setIf(0.6, labels, "team", func() any { return pick(g.dice, "a", "b") })
		g.setIf(0.5, labels, "env", func() any { return pick(g.dice, "prod", "dev", "") })
		meta := object{"name": name}
		if len(labels) > 0 {
			meta["labels"] = labels
		}
		g.namespaces = append(g.namespaces, object{"metadata": meta})
	}
}

// aNamespace is one of the cluster's, mostly the same, or one that the cluster does not list.
func (g *generator) aNamespace() string {
	return pick(g.dice, "default", "default", "default", "default", "team-a", "team-a", "team-b", "kube-system", "prod", "ghost-ns")
}
