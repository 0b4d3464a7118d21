package main

import "k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"

func (g *generator) topologyKey() string {
	return pick(g.dice, hostnameKey, hostnameKey, zoneKey, zoneKey, zoneKey, regionKey, rackKey)
}

// affinity of a pod; absent if nothing came up.
func (g *generator) affinity(incoming bool) object {
	affinity := object{}
	if g.wants(names.NodeAffinity) {
		affinity["nodeAffinity"] = g.nodeAffinity()
	}
	// Existing pods need terms rarely: one is enough to reject.
	if g.wants(names.InterPodAffinity) && (incoming || g.chance(0.3)) {
		for _, kind := range pick(g.dice, []string{"podAffinity"}, []string{"podAntiAffinity"}, []string{"podAntiAffinity"}, []string{"podAffinity", "podAntiAffinity"}) {
			affinity[kind] = g.podAffinity()
		}
	}
	return affinity
}

func (g *generator) nodeAffinity() object {
	affinity := object{}
	if g.chance(0.85) {
		var terms []object
		for range g.between(1, 3) {
			terms = append(terms, g.nodeTerm())
		}
		affinity["requiredDuringSchedulingIgnoredDuringExecution"] = object{"nodeSelectorTerms": terms}
	}
	if g.chance(0.4) {
		var preferred []object
		for range g.between(1, 3) {
			preferred = append(preferred, object{"weight": g.between(1, 100), "preference": g.nodeTerm()})
		}
		affinity["preferredDuringSchedulingIgnoredDuringExecution"] = preferred
	}
	return affinity
}

func (g *generator) nodeTerm() object {
	term := object{}
	if g.chance(0.05) {
		return term
	}
	if g.chance(0.85) {
		var expressions []object
		for range g.between(1, 3) {
			expressions = append(expressions, g.nodeExpression())
		}
		term["matchExpressions"] = expressions
	}
	if len(term) == 0 || g.chance(0.15) {
		var fields []object
		for range pick(g.dice, 1, 1, 1, 2) {
			fields = append(fields, object{
				"key": "metadata.name", "operator": pick(g.dice, "In", "In", "NotIn"),
				"values": []string{pick(g.dice, nodeName(0), nodeName(1), nodeName(2), "no-such-node")},
			})
		}
		term["matchFields"] = fields
	}
	return term
}

var nodeValues = map[string][]string{
	"disk": {"ssd", "hdd"}, "arch": {"amd64", "arm64"}, "gen": {"7", "10", "007", "abc"}, "spot": {"true", ""},
	zoneKey: {"z1", "z2", "z3"}, regionKey: {"r1", "r2"}, rackKey: {"k1", "k2"}, "absent": {"x"}, hostnameKey: {"n0", "n1", "n2"},
}

func (g *generator) nodeExpression() object {
	if g.chance(0.2) {
		return object{
			"key": pick(g.dice, "gen", "gen", "gen", "disk"), "operator": pick(g.dice, "Gt", "Lt"),
			"values": []string{pick(g.dice, "2", "5", "7", "0", "007", "abc", "2.5", "9223372036854775806", "9223372036854775807", "9223372036854775808")},
		}
	}
	key := pick(g.dice, sortedKeys(nodeValues)...)
	expression := object{"key": key, "operator": pick(g.dice, "In", "In", "NotIn", "Exists", "DoesNotExist")}
	if operator := expression["operator"]; operator == "In" || operator == "NotIn" {
		expression["values"] = some(g.dice, 0.55, 1, nodeValues[key]...)
	}
	return expression
}

func (g *generator) nodeSelector() object {
	selector := object{}
	for _, key := range some(g.dice, 0.3, 1, "disk", "arch", zoneKey, "spot") {
		selector[key] = pick(g.dice, nodeValues[key]...)
	}
	return selector
}

func (g *generator) podAffinity() object {
	affinity := object{}
	required, preferred := 0.8, 0.35
	if g.focus == configurations {
		required, preferred = 0.2, 0.8
	}
	if g.chance(required) {
		var terms []object
		for range pick(g.dice, 1, 1, 1, 1, 2, 2, 3) {
			terms = append(terms, g.podTerm())
		}
		affinity["requiredDuringSchedulingIgnoredDuringExecution"] = terms
	}
	if g.chance(preferred) {
		var terms []object
		for range g.between(1, 2) {
			terms = append(terms, object{"weight": g.between(1, 100), "podAffinityTerm": g.podTerm()})
		}
		affinity["preferredDuringSchedulingIgnoredDuringExecution"] = terms
	}
	return affinity
}

func (g *generator) podTerm() object {
	term := object{"topologyKey": g.topologyKey()}
	if selector := g.podSelector(); selector != nil {
		term["labelSelector"] = selector
		g.setIf(0.15, term, "matchLabelKeys", func() any { return some(g.dice, 0.5, 1, "pod-template-hash", "nokey") })
		g.setIf(0.1, term, "mismatchLabelKeys", func() any { return []string{"version"} })
	}
	g.setIf(0.2, term, "namespaces", func() any { return some(g.dice, 0.4, 1, "default", "team-a", "prod", "ghost-ns") })
	g.setIf(0.2, term, "namespaceSelector", func() any { return g.namespaceSelector() })
	return term
}

func (g *generator) spreadConstraints() []object {
	var constraints []object
	seen := make(map[string]bool)
	for range pick(g.dice, 1, 1, 2, 3) {
		constraint := object{
			"topologyKey": g.topologyKey(), "maxSkew": pick(g.dice, 1, 1, 2, 3),
			"whenUnsatisfiable": pick(g.dice, "DoNotSchedule", "DoNotSchedule", "DoNotSchedule", "ScheduleAnyway"),
		}
		hard := constraint["whenUnsatisfiable"] == "DoNotSchedule"
		// The API refuses the same key twice with the same action.
		id := constraint["topologyKey"].(string) + constraint["whenUnsatisfiable"].(string)
		if seen[id] {
			continue
		}
		seen[id] = true
		if selector := g.podSelector(); selector != nil {
			constraint["labelSelector"] = selector
			g.setIf(0.2, constraint, "matchLabelKeys", func() any { return g.labelKeys() })
		}
		if hard {
			g.setIf(0.3, constraint, "minDomains", func() any { return g.between(1, 4) })
		}
		g.setIf(0.3, constraint, "nodeAffinityPolicy", func() any { return pick(g.dice, "Honor", "Ignore") })
		g.setIf(0.4, constraint, "nodeTaintsPolicy", func() any { return pick(g.dice, "Honor", "Ignore") })
		constraints = append(constraints, constraint)
	}
	return constraints
}

func (g *generator) tolerations() []object {
	var tolerations []object
	for _, key := range some(g.dice, 0.35, 1, "dedicated", "spot", "example.com/maintenance", "node.kubernetes.io/not-ready", "node.kubernetes.io/disk-pressure", "node.kubernetes.io/unschedulable", "") {
		toleration := object{"key": key}
		if key == "" || g.chance(0.4) {
			toleration["operator"] = "Exists"
		} else {
			g.setIf(0.5, toleration, "operator", func() any { return "Equal" })
			g.setIf(0.7, toleration, "value", func() any { return pick(g.dice, "ml", "web", "") })
		}
		g.setIf(0.7, toleration, "effect", func() any { return pick(g.dice, "NoSchedule", "NoExecute", "PreferNoSchedule") })
		if toleration["effect"] == "NoExecute" {
			g.setIf(0.3, toleration, "tolerationSeconds", func() any { return pick(g.dice, 0, 300, -1) })
		}
		tolerations = append(tolerations, toleration)
	}
	return tolerations
}
