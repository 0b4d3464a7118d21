package main

import (
	"fmt"
	"strings"
)

func claimed(name string) object {
	return object{"persistentVolumeClaim": object{"claimName": name}}
}

func namespaceOf(pod object) string {
	return pod["metadata"].(object)["namespace"].(string)
}

func (g *generator) newClaimName() string {
	g.volumes++
	return fmt.Sprintf("claim-%d", g.volumes)
}

func (g *generator) hasClaim(namespace, name string) bool {
	for _, claim := range g.pvcs {
		meta := claim["metadata"].(object)
		if meta["namespace"] == namespace && meta["name"] == name {
			return true
		}
	}
	return false
}

func claimSpec(class, mode string) object {
	return object{
		"storageClassName": class, "accessModes": []string{mode},
		"resources": object{"requests": object{"storage": "5Gi"}},
	}
}

func (g *generator) claim(namespace, name, class, mode string) object {
	return object{
		"metadata": object{"name": name, "namespace": namespace, "uid": "uid-" + namespace + "-" + name},
		"spec":     claimSpec(class, mode),
		"status":   object{"phase": "Pending"},
	}
}

func (g *generator) volume(name, class, mode string, source object) object {
	spec := object{
		"capacity": object{"storage": "10Gi"}, "accessModes": []string{mode},
		"storageClassName": class, "persistentVolumeReclaimPolicy": "Retain",
	}
	for kind, value := range source {
		spec[kind] = value
	}
	return object{"metadata": object{"name": name}, "spec": spec}
}

// bind makes a claim and the volume that it is bound to.
func (g *generator) bind(namespace, name, class, mode string, source, labels, affinity object) {
	g.volumes++
	claim := g.claim(namespace, name, class, mode)
	volume := g.volume(fmt.Sprintf("pv-%d", g.volumes), class, mode, source)
	claim["spec"].(object)["volumeName"] = volume["metadata"].(object)["name"]
	claim["status"] = object{"phase": "Bound"}
	if g.chance(0.95) {
		claim["metadata"].(object)["annotations"] = object{"pv.kubernetes.io/bind-completed": "yes"}
	}
	spec := volume["spec"].(object)
	spec["claimRef"] = object{
		"kind": "PersistentVolumeClaim", "apiVersion": "v1",
		"namespace": namespace, "name": name, "uid": claim["metadata"].(object)["uid"],
	}
	if labels != nil {
		volume["metadata"].(object)["labels"] = labels
	}
	if affinity != nil {
		spec["nodeAffinity"] = affinity
	}
	volume["status"] = object{"phase": "Bound"}
	g.pvcs = append(g.pvcs, claim)
	g.pvs = append(g.pvs, volume)
}

func (g *generator) csiSource(handle string) object {
	return object{"csi": object{
		"driver": pick(g.dice, csiDriver, csiDriver, csiDriver, ebsDriver), "volumeHandle": "h-" + strings.ReplaceAll(handle, "/", "-"),
	}}
}

func (g *generator) volumeAffinity() object {
	var terms []object
	for range pick(g.dice, 1, 1, 2) {
		expression := object{"key": zoneKey, "operator": "In", "values": some(g.dice, 0.5, 1, "z1", "z2", "z3")}
		switch g.IntN(4) {
		case 0:
			expression = object{"key": hostnameKey, "operator": "In", "values": some(g.dice, 0.5, 1, "n0", "n1", "n2")}
		case 1:
			expression = object{"key": "spot", "operator": pick(g.dice, "Exists", "DoesNotExist")}
		}
		terms = append(terms, object{"matchExpressions": []object{expression}})
	}
	return object{"required": object{"nodeSelectorTerms": terms}}
}
