package main

import (
	"fmt"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
)

// kinds are the incoming pods of the anchor workload.
var kinds = []string{"plain", "nodeaffinity", "antiaffinity", "spread", "podaffinity", "everything"}

// anyImage is there because the API demands one; the rules name none, and no node has any.
const anyImage = "registry.example.com/img:1"

// workloadCluster is the anchor cluster: `nodes` nodes with `podsPerNode` pods each. No random
// numbers: whoever follows the same rules gets the same objects.
func workloadCluster(nodes, podsPerNode int) object {
	namespaces := make([]object, 0, 20)
	for i := range 20 {
		namespaces = append(namespaces, object{"metadata": object{"name": fmt.Sprintf("ns-%d", i)}})
	}
	nodeList := make([]object, 0, nodes)
	pods := make([]object, 0, nodes*podsPerNode)
	for i := range nodes {
		nodeList = append(nodeList, workloadNode(i))
		for k := range podsPerNode {
			pods = append(pods, workloadPod(i, i*podsPerNode+k))
		}
	}
	return object{"namespaces": namespaces, "nodes": nodeList, "pods": pods}
}

func workloadNode(i int) object {
	name := fmt.Sprintf("node-%05d", i)
	arch, disk := "amd64", "hdd"
	if i%10 == 9 {
		arch = "arm64"
	}
	if i%4 < 2 {
		disk = "ssd"
	}
	cpu := []int{16, 32, 64}[(i/3)%3]
	spec := object{}
	if i%20 == 0 {
		spec["taints"] = []object{{"key": "dedicated", "value": "infra", "effect": "NoSchedule"}}
	}
	return object{
		"metadata": object{"name": name, "labels": object{
			hostnameKey:                        name,
			zoneKey:                            fmt.Sprintf("zone-%d", i%3),
			regionKey:                          "region-0",
			"kubernetes.io/arch":               arch,
			"kubernetes.io/os":                 "linux",
			"disktype":                         disk,
			"node.kubernetes.io/instance-type": fmt.Sprintf("type-%d", i%5),
			"pool":                             fmt.Sprintf("pool-%d", i%8),
			"rack":                             fmt.Sprintf("rack-%d", i/40),
		}},
		"spec": spec,
		"status": object{"allocatable": object{
			"cpu": fmt.Sprint(cpu), "memory": fmt.Sprintf("%dGi", 4*cpu), "ephemeral-storage": "200Gi", "pods": "110",
		}},
	}
}

func workloadPod(node, g int) object {
	a := g % 200
	app := fmt.Sprintf("app-%d", a)
	container := object{"name": "c", "image": anyImage, "resources": object{"requests": object{
		"cpu":    []string{"50m", "100m", "250m", "500m"}[(g*7)%4],
		"memory": []string{"64Mi", "128Mi", "256Mi", "512Mi"}[(g*3)%4],
	}}}
	spec := object{"nodeName": fmt.Sprintf("node-%05d", node), "containers": []object{container}}
	switch {
	case a%10 == 0:
		spec["affinity"] = object{"podAntiAffinity": required(appTerm(app, hostnameKey))}
	case a%10 == 3:
		spec["affinity"] = object{"podAffinity": object{"preferredDuringSchedulingIgnoredDuringExecution": []object{
			{"weight": 50, "podAffinityTerm": appTerm(fmt.Sprintf("app-%d", (a+1)%200), zoneKey)},
		}}}
	case a%10 == 7:
		spec["topologySpreadConstraints"] = []object{zoneSpread(app)}
	}
	if a == 11 {
		container["ports"] = []object{{"containerPort": 9100, "hostPort": 9100}}
	}
	return object{
		"metadata": object{
			"name": fmt.Sprintf("pod-%06d", g), "namespace": fmt.Sprintf("ns-%d", a%20),
			"labels": object{
				"app": app, "tier": []string{"web", "api", "db", "cache"}[a%4],
				"version": fmt.Sprintf("v%d", g%3), "pod-template-hash": fmt.Sprintf("h%d", a),
			},
		},
		"spec":   spec,
		"status": object{"phase": "Running"},
	}
}

// workloadIncoming is the incoming pod of a kind, of the application that the rules name for it.
func workloadIncoming(kind string) (object, error) {
	app := map[string]int{"plain": 2, "nodeaffinity": 2, "antiaffinity": 20, "spread": 27, "podaffinity": 24, "everything": 40}
	a, known := app[kind]
	if !known {
		return nil, fmt.Errorf("unknown kind %q; known: %s", kind, strings.Join(kinds, ", "))
	}
	return workloadArrival("incoming-"+kind, kind, fmt.Sprintf("app-%d", a), fmt.Sprintf("ns-%d", a%20)), nil
}

// workloadArrival is a pod of a kind that selects by its own application.
func workloadArrival(name, kind, app, namespace string) object {
	container := object{"name": "c", "image": anyImage, "resources": object{"requests": object{"cpu": "500m", "memory": "512Mi"}}}
	spec := object{"containers": []object{container}}
	switch kind {
	case "nodeaffinity":
		spec["nodeSelector"] = object{"kubernetes.io/os": "linux"}
		spec["affinity"] = object{"nodeAffinity": workloadNodeAffinity()}
	case "antiaffinity":
		spec["affinity"] = object{"podAntiAffinity": required(appTerm(app, hostnameKey))}
	case "spread":
		spec["topologySpreadConstraints"] = []object{zoneSpread(app)}
	case "podaffinity":
		spec["affinity"] = object{"podAffinity": required(appTerm(app, zoneKey))}
	case "everything":
		spec["nodeSelector"] = object{"kubernetes.io/os": "linux"}
		spec["tolerations"] = []object{{"key": "dedicated", "operator": "Equal", "value": "infra", "effect": "NoSchedule"}}
		spec["affinity"] = object{
			"nodeAffinity":    workloadNodeAffinity(),
			"podAntiAffinity": required(appTerm(app, hostnameKey)),
			"podAffinity":     required(appTerm(app, regionKey)),
		}
		spec["topologySpreadConstraints"] = []object{zoneSpread(app)}
		container["ports"] = []object{{"containerPort": 9100, "hostPort": 9100}}
	}
	return object{
		"metadata": object{"name": name, "namespace": namespace, "labels": object{
			"app": app, "tier": "web", "version": "v1", "pod-template-hash": "h-" + app,
		}},
		"spec": spec,
	}
}

func workloadNodeAffinity() object {
	expression := func(key, operator string, values ...string) object {
		made := object{"key": key, "operator": operator}
		if len(values) > 0 {
			made["values"] = values
		}
		return made
	}
	return object{"requiredDuringSchedulingIgnoredDuringExecution": object{"nodeSelectorTerms": []object{
		{"matchExpressions": []object{
			expression("kubernetes.io/arch", "In", "amd64"),
			expression("disktype", "In", "ssd"),
			expression("node.kubernetes.io/instance-type", "In", "type-0", "type-1", "type-2"),
		}},
		{"matchExpressions": []object{
			expression("pool", "NotIn", "pool-7"),
			expression(zoneKey, "Exists"),
			expression("rack", "NotIn", "rack-0"),
		}},
	}}}
}

func required(term object) object {
	return object{"requiredDuringSchedulingIgnoredDuringExecution": []object{term}}
}

func appTerm(app, topologyKey string) object {
	return object{"labelSelector": object{"matchLabels": object{"app": app}}, "topologyKey": topologyKey}
}

func zoneSpread(app string) object {
	return object{
		"maxSkew": 1, "topologyKey": zoneKey, "whenUnsatisfiable": "DoNotSchedule",
		"labelSelector": object{"matchLabels": object{"app": app}},
	}
}

// greedyPods are the arrivals of a greedy run: Deployments of 50 replicas, of the mix.
func greedyPods(count int, mix string) ([]*v1.Pod, error) {
	cycle := []string{mix}
	if mix == "mixed" {
		cycle = []string{"plain", "plain", "plain", "plain", "plain", "nodeaffinity", "antiaffinity", "spread", "podaffinity", "everything"}
	} else if !slices.Contains(kinds, mix) {
		return nil, fmt.Errorf("unknown mix %q; known: mixed, %s", mix, strings.Join(kinds, ", "))
	}
	pods := make([]*v1.Pod, 0, count)
	for j := range count {
		g := j / 50
		kind := cycle[g%len(cycle)]
		raw := workloadArrival(fmt.Sprintf("new-%05d", j), kind, fmt.Sprintf("g-%s-%d", kind, g), fmt.Sprintf("ns-%d", g%20))
		pod := &v1.Pod{}
		if err := throughJSON(raw, pod); err != nil {
			return nil, err
		}
		identify("pod", &pod.ObjectMeta)
		admitted, err := admitPod(pod)
		if err != nil {
			return nil, err
		}
		pods = append(pods, admitted)
	}
	return pods, nil
}
