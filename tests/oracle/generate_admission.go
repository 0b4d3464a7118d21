package main

import "fmt"

// admissionFocus asks for cases of `admit`.
const admissionFocus = "admission"

// generateAdmission makes case `number` of a seed for `admit`: a pod, limit ranges and quotas.
func generateAdmission(seed uint64, number int) object {
	g := &generator{dice: newDice(seed, number), focus: "mix"}
	g.makeNodes()
	g.makeNamespaces()
	g.makeClasses()
	pod := g.pod("incoming", true)
	namespace := pod["metadata"].(object)["namespace"]
	spec := pod["spec"].(object)
	g.setIf(0.3, spec, "priorityClassName", func() any { return pick(g.dice, "high", "low") })
	g.setIf(0.3, spec, "activeDeadlineSeconds", func() any { return 60 })
	if g.chance(0.3) {
		g.evenLimits(spec)
	}
	if _, whole := spec["resources"]; whole {
		// All of it: since 1.37 the server puts other things in the place of what is left out, and
		// later than before.
		spec["resources"] = object{
			"requests": object{"cpu": pick(g.dice, "8", "12"), "memory": "16Gi"},
			"limits":   object{"cpu": "12", "memory": pick(g.dice, "16Gi", "20Gi")},
		}
	}
	var ranges, quotas []object
	for i := range g.between(0, 2) {
		ranges = append(ranges, object{
			"metadata": object{"name": fmt.Sprintf("l%d", i), "namespace": namespace},
			"spec":     object{"limits": g.limits()},
		})
	}
	for i := range g.between(0, 3) {
		quotas = append(quotas, object{
			"metadata": object{"name": fmt.Sprintf("q%d", i), "namespace": namespace},
			"spec":     g.quotaScopes(),
			"status":   g.quotaStatus(),
		})
	}
	return object{
		"id": fmt.Sprintf("a%d-%d", seed, number), "pod": pod,
		"limitranges": orEmpty(ranges), "resourcequotas": orEmpty(quotas),
	}
}

// evenLimits makes a pod that may be Guaranteed.
func (g *generator) evenLimits(spec object) {
	inits, _ := spec["initContainers"].([]object)
	for _, container := range append(append([]object{}, spec["containers"].([]object)...), inits...) {
		if g.chance(0.9) {
			container["resources"] = object{"limits": object{"cpu": "1", "memory": pick(g.dice, "1Gi", "1.5Gi")}}
		}
		if resources, ok := container["resources"].(object); ok && g.chance(0.3) {
			resources["requests"] = object{"cpu": pick(g.dice, "1000m", "500m"), "memory": "1Gi"}
		}
	}
}

func (g *generator) limits() []object {
	var limits []object
	for range g.between(1, 3) {
		limit := object{"type": pick(g.dice, "Container", "Container", "Pod", "PersistentVolumeClaim")}
		for _, field := range []string{"min", "max", "default", "defaultRequest"} {
			if limit["type"] == "Container" || len(field) == 3 {
				g.setIf(0.3, limit, field, func() any { return g.requests(oddCPU, oddMemory) })
			}
		}
		g.setIf(0.2, limit, "maxLimitRequestRatio", func() any { return object{"cpu": pick(g.dice, "1", "2", "1500m")} })
		limits = append(limits, limit)
	}
	return limits
}

func (g *generator) quotaScopes() object {
	spec := object{}
	if g.chance(0.3) {
		spec["scopes"] = []string{pick(g.dice, "Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "CrossNamespacePodAffinity")}
	}
	if g.chance(0.3) {
		operator := pick(g.dice, "In", "NotIn", "Exists", "DoesNotExist")
		scope := object{"scopeName": "PriorityClass", "operator": operator}
		if operator == "In" || operator == "NotIn" {
			scope["values"] = []string{pick(g.dice, "high", "low", "none")}
		}
		spec["scopeSelector"] = object{"matchExpressions": []object{scope}}
	}
	return spec
}

func (g *generator) quotaStatus() object {
	hard, used := object{}, object{}
	names := some(g.dice, 0.2, 1, "cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory",
		"pods", "count/pods", "ephemeral-storage", "requests.ephemeral-storage", "limits.ephemeral-storage",
		"requests."+gpu, gpu, hugepages, "requests."+hugepages, "services", "configmaps", "requests.storage")
	for _, name := range names {
		hard[name] = pick(g.dice, "0", "1", "2", "4", "1500m", "1Gi", "2Gi", "8Gi")
		used[name] = pick(g.dice, "0", "0", "1", "500m", "1Gi", "3")
	}
	return object{"hard": hard, "used": used}
}
