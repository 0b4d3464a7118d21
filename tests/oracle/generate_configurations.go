package main

import (
	"fmt"
	"slices"

	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"
)

// sharedConfigurations is how many cases in a row share a configuration: to make a scheduler costs
// more than to judge a case.
const sharedConfigurations = 10

// configurationOf gives the number of the dice of a case's configuration, apart from those of cases.
func configurationOf(number int) int {
	return -1 - number/sharedConfigurations
}

const packer = "packer"

// configure makes the configuration of a case with dice of its own, and lets pods name its profiles
// and belong to services and controllers.
func (g *generator) configure(shared dice, incoming object) object {
	c := &generator{dice: shared, focus: g.focus}
	profiles := []object{c.profile()}
	schedulers := []string{""}
	switch {
	case c.chance(0.3):
		profiles[0]["schedulerName"] = "default-scheduler"
		second := c.profile()
		second["schedulerName"] = packer
		profiles = append(profiles, second)
		schedulers = append(schedulers, packer, "default-scheduler")
	case c.chance(0.2):
		profiles[0]["schedulerName"] = packer
		schedulers = []string{packer}
	}
	for _, pod := range append([]object{incoming}, g.pods...) {
		spec := pod["spec"].(object)
		if scheduler := pick(g.dice, schedulers...); scheduler != "" {
			spec["schedulerName"] = scheduler
		}
	}
	for _, pod := range g.pods {
		g.setIf(0.05, pod["spec"].(object), "schedulerName", func() any { return "of-somebody-else" })
	}
	if g.chance(0.7) {
		g.belong(incoming)
	}
	config := object{
		"apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration", "profiles": profiles,
	}
	c.setIf(0.1, config, "percentageOfNodesToScore", func() any { return pick(c.dice, 0, 5, 100) })
	return config
}

// belong makes services and a controller, mostly ones that the pod belongs to.
func (g *generator) belong(pod object) {
	meta := pod["metadata"].(object)
	namespace := meta["namespace"]
	for i := range g.between(0, 3) {
		selector := g.selectorOf(meta["labels"].(object))
		g.services = append(g.services, object{
			"metadata": object{"name": fmt.Sprintf("s%d", i), "namespace": pick[any](g.dice, namespace, namespace, namespace, "prod")},
			"spec":     object{"selector": selector},
		})
	}
	if g.chance(0.4) {
		return
	}
	kind := pick(g.dice, "ReplicaSet", "ReplicaSet", "StatefulSet", "ReplicationController", "Job")
	version := map[string]string{"ReplicationController": "v1", "Job": "batch/v1"}[kind]
	if version == "" {
		version = pick(g.dice, "apps/v1", "apps/v1", "apps/v1", "apps/v1", "extensions/v1beta1")
	}
	meta["ownerReferences"] = []object{{
		"apiVersion": version, "kind": kind, "name": "owner", "uid": "uid-owner", "controller": g.chance(0.95),
	}}
	name := pick(g.dice, "owner", "owner", "owner", "owner", "other")
	controller := object{"metadata": object{"name": name, "namespace": namespace}}
	selector := object{"matchLabels": g.selectorOf(meta["labels"].(object))}
	if g.chance(0.3) {
		selector["matchExpressions"] = g.labelExpressions(map[string][]string{
			"app": {"web", "db", "cache"}, "tier": {"fe", "be"}, "absent": {"x"},
		})
	}
	switch kind {
	case "ReplicaSet":
		controller["spec"] = object{"selector": selector}
		g.replicaSets = append(g.replicaSets, controller)
	case "StatefulSet":
		controller["spec"] = object{"selector": selector}
		g.statefulSets = append(g.statefulSets, controller)
	case "ReplicationController":
		spec := object{"selector": selector["matchLabels"]}
		if g.chance(0.2) {
			spec = object{"template": object{"metadata": object{"labels": meta["labels"]}}}
		}
		controller["spec"] = spec
		g.replicationControllers = append(g.replicationControllers, controller)
	}
}

// selectorOf are some of the labels, seldom with another value.
func (g *generator) selectorOf(labels object) object {
	selector := object{}
	for _, key := range some(g.dice, 0.5, 0, sortedKeys(labels)...) {
		selector[key] = labels[key]
		g.setIf(0.05, selector, key, func() any { return "other" })
	}
	return selector
}

func (g *generator) profile() object {
	profile := object{}
	var args []object
	for _, plugin := range []struct {
		name string
		args func() object
	}{
		{names.NodeResourcesFit, g.fitArgs},
		{names.NodeResourcesBalancedAllocation, g.balancedArgs},
		{names.InterPodAffinity, g.interPodAffinityArgs},
		{names.NodeAffinity, g.nodeAffinityArgs},
		{names.PodTopologySpread, g.spreadArgs},
		{names.VolumeBinding, func() object { return object{"shape": g.shape()} }},
	} {
		if g.chance(0.5) {
			made := plugin.args()
			if g.chance(0.3) {
				made["apiVersion"], made["kind"] = "kubescheduler.config.k8s.io/v1", plugin.name+"Args"
			}
			args = append(args, object{"name": plugin.name, "args": made})
		}
	}
	if args != nil {
		profile["pluginConfig"] = args
	}
	g.setIf(0.5, profile, "plugins", func() any { return g.plugins() })
	g.setIf(0.1, profile, "percentageOfNodesToScore", func() any { return g.between(0, 100) })
	return profile
}

func (g *generator) shape() []object {
	var points []object
	for _, utilization := range some(g.dice, 0.4, 1, 0, 10, 25, 33, 50, 70, 90, 100) {
		points = append(points, object{"utilization": utilization, "score": g.between(0, 10)})
	}
	return points
}

func (g *generator) resourceSpecs(weighted bool) []object {
	var specs []object
	for _, name := range some(g.dice, 0.45, 0, "memory", "cpu", "ephemeral-storage", gpu, hugepages, "vendor.io/fpga", "pods", "no.such/resource") {
		spec := object{"name": name}
		if weighted {
			g.setIf(0.7, spec, "weight", func() any { return pick(g.dice, 0, 1, 2, 3, 7, 50, 100) })
		} else {
			g.setIf(0.3, spec, "weight", func() any { return 1 })
		}
		specs = append(specs, spec)
	}
	return orEmpty(specs)
}

func (g *generator) fitArgs() object {
	args := object{}
	if g.chance(0.85) {
		kind := pick(g.dice, "LeastAllocated", "MostAllocated", "RequestedToCapacityRatio", "RequestedToCapacityRatio")
		strategy := object{"type": kind}
		g.setIf(0.8, strategy, "resources", func() any { return g.resourceSpecs(true) })
		if kind == "RequestedToCapacityRatio" {
			strategy["requestedToCapacityRatio"] = object{"shape": g.shape()}
		}
		args["scoringStrategy"] = strategy
	}
	g.setIf(0.3, args, "ignoredResources", func() any { return some(g.dice, 0.5, 1, gpu, "vendor.io/fpga", "cpu") })
	g.setIf(0.3, args, "ignoredResourceGroups", func() any { return some(g.dice, 0.5, 1, "vendor.io", "example.com", "hugepages-2Mi") })
	return args
}

func (g *generator) balancedArgs() object {
	return object{"resources": g.resourceSpecs(false)}
}

func (g *generator) interPodAffinityArgs() object {
	args := object{}
	g.setIf(0.7, args, "hardPodAffinityWeight", func() any { return pick(g.dice, 0, 1, 5, 50, 100) })
	g.setIf(0.5, args, "ignorePreferredTermsOfExistingPods", func() any { return g.chance(0.7) })
	return args
}

func (g *generator) nodeAffinityArgs() object {
	added := object{}
	if g.chance(0.6) {
		var terms []object
		for range g.between(1, 2) {
			terms = append(terms, g.addedTerm())
		}
		added["requiredDuringSchedulingIgnoredDuringExecution"] = object{"nodeSelectorTerms": terms}
	}
	if g.chance(0.6) {
		var preferred []object
		for range g.between(1, 2) {
			preferred = append(preferred, object{"weight": g.between(1, 100), "preference": g.addedTerm()})
		}
		added["preferredDuringSchedulingIgnoredDuringExecution"] = preferred
	}
	return object{"addedAffinity": added}
}

func (g *generator) addedTerm() object {
	if g.chance(0.1) {
		return object{"matchFields": []object{{"key": "metadata.name", "operator": pick(g.dice, "In", "NotIn"), "values": []string{pick(g.dice, "n0", "n1")}}}}
	}
	key := pick(g.dice, zoneKey, zoneKey, "disk", "arch", "spot")
	expression := object{"key": key, "operator": pick(g.dice, "In", "In", "NotIn", "Exists", "DoesNotExist")}
	if operator := expression["operator"]; operator == "In" || operator == "NotIn" {
		expression["values"] = some(g.dice, 0.6, 1, nodeValues[key]...)
	}
	return object{"matchExpressions": []object{expression}}
}

func (g *generator) spreadArgs() object {
	if g.chance(0.3) {
		return object{"defaultingType": "System"}
	}
	var constraints []object
	seen := make(map[string]bool)
	for range g.between(0, 3) {
		constraint := object{
			"topologyKey": g.topologyKey(), "maxSkew": g.between(1, 3),
			"whenUnsatisfiable": pick(g.dice, "DoNotSchedule", "ScheduleAnyway"),
		}
		id := constraint["topologyKey"].(string) + constraint["whenUnsatisfiable"].(string)
		if seen[id] {
			continue
		}
		seen[id] = true
		g.setIf(0.2, constraint, "minDomains", func() any { return g.between(1, 4) })
		g.setIf(0.3, constraint, "nodeAffinityPolicy", func() any { return pick(g.dice, "Honor", "Ignore") })
		g.setIf(0.3, constraint, "nodeTaintsPolicy", func() any { return pick(g.dice, "Honor", "Ignore") })
		g.setIf(0.1, constraint, "matchLabelKeys", func() any { return g.labelKeys() })
		constraints = append(constraints, constraint)
	}
	return object{"defaultingType": "List", "defaultConstraints": orEmpty(constraints)}
}

var (
	filterNames = []string{
		names.NodeName, names.NodeUnschedulable, names.TaintToleration, names.NodeAffinity, names.NodePorts,
		names.NodeResourcesFit, names.VolumeRestrictions, names.NodeVolumeLimits, names.VolumeBinding,
		names.VolumeZone, names.PodTopologySpread, names.InterPodAffinity,
	}
	scoreNames = []string{
		names.TaintToleration, names.NodeAffinity, names.NodeResourcesFit, names.PodTopologySpread,
		names.InterPodAffinity, names.NodeResourcesBalancedAllocation, names.ImageLocality, names.VolumeBinding,
	}
)

// plugins turns plugins off, on and round. Mostly both halves of a plugin go together: without its
// first half many a second one fails for every pod.
func (g *generator) plugins() object {
	plugins := object{}
	all := slices.Concat(filterNames, []string{names.NodeResourcesBalancedAllocation, names.ImageLocality})
	switch g.IntN(6) {
	case 0, 1:
		plugins["multiPoint"] = object{"disabled": named(some(g.dice, 0.15, 1, all...))}
	case 2:
		again := append([]string{names.PrioritySort, names.DefaultBinder}, some(g.dice, 0.7, 1, all...)...)
		g.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		plugins["multiPoint"] = object{"disabled": named([]string{"*"}), "enabled": g.weighted(again)}
	case 3:
		plugins["multiPoint"] = object{"enabled": g.weighted(some(g.dice, 0.3, 1, all...))}
	case 4:
		both := some(g.dice, 0.2, 1, filterNames...)
		plugins["filter"] = object{"disabled": named(both)}
		g.setIf(0.7, plugins, "preFilter", func() any {
			return object{"disabled": named(slices.DeleteFunc(slices.Clone(both), func(name string) bool { return name == names.NodeUnschedulable }))}
		})
	}
	if g.chance(0.2) {
		order := slices.Clone(filterNames)
		g.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		plugins["filter"] = object{"enabled": named(order[:g.between(1, len(order))])}
		g.setIf(0.2, plugins["filter"].(object), "disabled", func() any { return named([]string{"*"}) })
	}
	if g.chance(0.5) {
		score := object{"enabled": g.weighted(some(g.dice, 0.3, 0, scoreNames...))}
		g.setIf(0.5, score, "disabled", func() any {
			return pick(g.dice, named([]string{"*"}), named(some(g.dice, 0.2, 1, scoreNames...)))
		})
		plugins["score"] = score
	}
	if g.chance(0.08) {
		plugins["preScore"] = object{"disabled": named(some(g.dice, 0.2, 1, scoreNames...))}
	}
	if g.chance(0.05) {
		plugins["preFilter"] = object{"disabled": named(some(g.dice, 0.2, 1, names.NodeAffinity, names.VolumeZone, names.NodeVolumeLimits, names.NodePorts))}
	}
	return plugins
}

func named(list []string) []object {
	plugins := []object{}
	for _, name := range list {
		plugins = append(plugins, object{"name": name})
	}
	return plugins
}

func (g *generator) weighted(list []string) []object {
	plugins := named(list)
	for _, plugin := range plugins {
		g.setIf(0.7, plugin, "weight", func() any { return pick(g.dice, 0, 1, 2, 5, 100) })
	}
	return plugins
}
