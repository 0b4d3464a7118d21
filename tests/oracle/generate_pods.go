package main

import (
	"fmt"

	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"
)

// existingPod is a pod of the cluster in any of the states that matter.
func (g *generator) existingPod(i int) object {
	pod := g.pod(fmt.Sprintf("e%d", i), false)
	meta, spec := pod["metadata"].(object), pod["spec"].(object)
	status := object{"phase": "Running"}
	spec["nodeName"] = nodeName(g.IntN(len(g.nodes)))
	switch state := g.Float64(); {
	case state < 0.06:
		status["phase"] = pick(g.dice, "Succeeded", "Failed")
	case state < 0.11:
		status["phase"] = "Pending"
	case state < 0.19:
		meta["deletionTimestamp"] = "2026-01-01T00:00:00Z"
		meta["deletionGracePeriodSeconds"] = 30
	case state < 0.22:
		spec["nodeName"] = "gone-node"
	case state < 0.30:
		status["phase"] = "Pending"
		status["nominatedNodeName"] = spec["nodeName"]
		delete(spec, "nodeName")
		if g.chance(0.1) {
			status["nominatedNodeName"] = "gone-node"
		}
	case state < 0.34:
		status["phase"] = "Pending"
		delete(spec, "nodeName")
	case g.wants(names.NodeResourcesFit) && g.chance(0.5):
		g.resize(pod, status)
	}
	pod["status"] = status
	return pod
}

func (g *generator) incomingPod() object {
	pod := g.pod("incoming", true)
	pod["metadata"].(object)["uid"] = incomingUID
	spec := pod["spec"].(object)
	if g.wants(names.NodeName) {
		spec["nodeName"] = pick(g.dice, nodeName(0), nodeName(1), nodeName(2), "no-such-node")
	}
	if g.wants(names.TaintToleration) || g.wants(names.NodeUnschedulable) {
		spec["tolerations"] = g.tolerations()
	}
	if g.wants(names.NodeAffinity) && g.chance(0.4) {
		spec["nodeSelector"] = g.nodeSelector()
	}
	if g.focus == names.NodeDeclaredFeatures && g.chance(0.7) {
		// The one thing in a pod that needs a feature of the node and is on by default.
		container := spec["containers"].([]object)[0]
		container["restartPolicy"] = "Never"
		container["restartPolicyRules"] = []object{{
			"action": "RestartAllContainers", "exitCodes": object{"operator": "In", "values": []int{42}},
		}}
	}
	if g.wants(names.PodTopologySpread) {
		spec["topologySpreadConstraints"] = orEmpty(g.spreadConstraints())
	}
	return pod
}

// pod has what existing and incoming pods share.
func (g *generator) pod(name string, incoming bool) object {
	spec := object{}
	pod := object{
		"metadata": object{"name": name, "namespace": g.aNamespace(), "labels": g.podLabels()},
		"spec":     spec,
	}
	podLevel := g.chance(0.1)
	var containers []object
	for i := range pick(g.dice, 1, 1, 2, 3) {
		containers = append(containers, g.container(fmt.Sprintf("c%d", i), podLevel, incoming))
	}
	spec["containers"] = containers
	if g.chance(0.25) {
		var inits []object
		for i := range g.between(1, 3) {
			init := g.container(fmt.Sprintf("i%d", i), podLevel, incoming)
			g.setIf(0.5, init, "restartPolicy", func() any { return "Always" })
			inits = append(inits, init)
		}
		spec["initContainers"] = inits
	}
	if podLevel {
		g.podLevelResources(spec)
	}
	g.setIf(0.1, spec, "overhead", func() any { return object{"cpu": pick(g.dice, "100m", "250m"), "memory": "64Mi"} })
	g.setIf(0.2, spec, "priority", func() any { return pick(g.dice, 0, 0, 10, 100, -5) })
	if g.wants(names.NodePorts) && (incoming || g.chance(0.8)) {
		g.ports(spec)
	}
	if affinity := g.affinity(incoming); len(affinity) > 0 {
		spec["affinity"] = affinity
	}
	g.addVolumes(pod, incoming)
	return pod
}

// ports gives containers distinct host ports: the API refuses the same one twice in a pod.
func (g *generator) ports(spec object) {
	numbers := []int{80, 443, 8080, 9100}
	g.Shuffle(len(numbers), func(i, j int) { numbers[i], numbers[j] = numbers[j], numbers[i] })
	hostNetwork := g.chance(0.15)
	if hostNetwork {
		spec["hostNetwork"] = true
	}
	inits, _ := spec["initContainers"].([]object)
	for _, container := range append(append([]object{}, spec["containers"].([]object)...), inits...) {
		if len(numbers) == 0 || g.chance(0.3) {
			continue
		}
		number := numbers[0]
		numbers = numbers[1:]
		port := object{"containerPort": number}
		if !hostNetwork || g.chance(0.5) {
			g.setIf(0.9, port, "hostPort", func() any { return number })
		}
		g.setIf(0.6, port, "protocol", func() any { return pick(g.dice, "TCP", "TCP", "UDP", "SCTP") })
		g.setIf(0.4, port, "hostIP", func() any { return pick(g.dice, "", "0.0.0.0", "127.0.0.1", "10.0.0.1", "::1", "::") })
		container["ports"] = []object{port}
	}
}
