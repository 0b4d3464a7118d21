package main

import "k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"

const (
	gpu       = "example.com/gpu"
	hugepages = "hugepages-2Mi"
)

var (
	oddCPU    = []string{"100m", "0.5", "1", "1500m", "2e0", "100u", "0", "0.25", "750m", "1.0005", "3", "250m", "1n"}
	oddMemory = []string{"128Mi", "1Gi", "1e8", "129M", "0.5Gi", "123456789123m", "134217728", "1.5Gi", "0", "2Gi", "1G", "1Ki", "1"}
)

func (g *generator) container(name string, podLevel, incoming bool) object {
	container := object{"name": name, "image": pick(g.dice, images...)}
	switch {
	case podLevel:
		// Little, so that what the pod asks for as a whole is more.
		container["resources"] = object{"requests": g.requests([]string{"10m", "50m"}, []string{"16Mi", "32Mi"})}
	case g.focus == names.NodeResourcesFit || g.chance(0.6):
		if resources := g.containerResources(incoming); len(resources) > 0 {
			container["resources"] = resources
		}
	}
	return container
}

func (g *generator) requests(cpu, memory []string) object {
	requests := object{}
	g.setIf(0.7, requests, "cpu", func() any { return pick(g.dice, cpu...) })
	g.setIf(0.7, requests, "memory", func() any { return pick(g.dice, memory...) })
	return requests
}

func (g *generator) containerResources(incoming bool) object {
	requests, limits := g.requests(oddCPU, oddMemory), object{}
	if g.chance(0.25) {
		// Limits become requests.
		requests, limits = object{}, requests
	} else if g.chance(0.2) {
		limits["cpu"], limits["memory"] = "8", "16Gi"
	}
	g.setIf(0.15, requests, "ephemeral-storage", func() any { return pick(g.dice, "1Gi", "10G", "500Mi", "0") })
	if g.chance(0.12) {
		count := pick(g.dice, "1", "2", "4", "0")
		requests[gpu], limits[gpu] = count, count
	}
	if g.chance(0.06) {
		requests["vendor.io/fpga"], limits["vendor.io/fpga"] = "1", "1"
	}
	// Huge pages need cpu or memory beside them.
	if g.chance(0.06) {
		pages := pick(g.dice, "2Mi", "64Mi", "128Mi")
		requests[hugepages], limits[hugepages] = pages, pages
		if requests["cpu"] == nil && requests["memory"] == nil && limits["cpu"] == nil && limits["memory"] == nil {
			requests["cpu"] = "10m"
		}
	}
	if incoming && g.focus == names.NodeResourcesFit && g.chance(0.03) {
		requests["memory"] = "16Ei"
		delete(limits, "memory")
	}
	resources := object{}
	if len(requests) > 0 {
		resources["requests"] = requests
	}
	if len(limits) > 0 {
		resources["limits"] = limits
	}
	return resources
}

func (g *generator) podLevelResources(spec object) {
	resources := object{}
	switch g.IntN(3) {
	case 0:
		resources["requests"] = object{"cpu": pick(g.dice, "300m", "1.5", "2"), "memory": pick(g.dice, "256Mi", "1Gi")}
	case 1:
		resources["requests"] = object{"cpu": pick(g.dice, "300m", "1.5")}
		resources["limits"] = object{"cpu": pick(g.dice, "2", "3")}
	default:
		resources["limits"] = object{"cpu": pick(g.dice, "1", "2"), "memory": pick(g.dice, "512Mi", "1Gi")}
	}
	spec["resources"] = resources
}

// resize gives a running pod the status of an in-place resize, at any stage of it.
func (g *generator) resize(pod, status object) {
	spec := pod["spec"].(object)
	status["containerStatuses"] = g.containerStatuses(spec["containers"].([]object))
	if inits, ok := spec["initContainers"].([]object); ok && g.chance(0.5) {
		status["initContainerStatuses"] = g.containerStatuses(inits)
	}
	if g.chance(0.2) || spec["resources"] != nil && g.chance(0.7) {
		status["resources"] = object{"requests": g.requests([]string{"100m", "1", "3"}, []string{"128Mi", "2Gi"})}
		g.setIf(0.6, status, "allocatedResources", func() any {
			return g.requests([]string{"100m", "1", "3"}, []string{"128Mi", "2Gi"})
		})
	}
	if g.chance(0.4) {
		status["conditions"] = []object{{
			"type": "PodResizePending", "status": "True", "reason": pick(g.dice, "Infeasible", "Deferred"),
		}}
	}
}

func (g *generator) containerStatuses(containers []object) []object {
	statuses := []object{}
	for _, container := range containers {
		if g.chance(0.15) {
			continue
		}
		status := object{
			"name": container["name"], "image": container["image"], "imageID": "",
			"ready": true, "restartCount": 0,
		}
		g.setIf(0.75, status, "resources", func() any {
			resources := object{}
			g.setIf(0.9, resources, "requests", func() any { return g.requests([]string{"100m", "1", "2"}, []string{"128Mi", "1Gi"}) })
			return resources
		})
		g.setIf(0.6, status, "allocatedResources", func() any { return g.requests([]string{"100m", "1", "2"}, []string{"128Mi", "1Gi"}) })
		statuses = append(statuses, status)
	}
	return statuses
}
