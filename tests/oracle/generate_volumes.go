package main

import (
	"fmt"

	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"
)

const (
	csiDriver   = "csi.example.com"
	ebsDriver   = "ebs.csi.aws.com"
	incomingUID = "uid-incoming"
)

func (g *generator) makeClasses() {
	class := func(name, provisioner, mode string) object {
		return object{"metadata": object{"name": name}, "provisioner": provisioner, "volumeBindingMode": mode}
	}
	topologies := class("topo", csiDriver, "WaitForFirstConsumer")
	topologies["allowedTopologies"] = []object{{"matchLabelExpressions": []object{
		{"key": zoneKey, "values": some(g.dice, 0.5, 1, "z1", "z2", "z3")},
	}}}
	g.classes = []object{
		class("imm", csiDriver, "Immediate"),
		class("wffc", csiDriver, "WaitForFirstConsumer"),
		class("local", "kubernetes.io/no-provisioner", "WaitForFirstConsumer"),
		topologies,
	}
}

// usedClasses are all classes, if there is a claim.
func (g *generator) usedClasses() []object {
	if len(g.pvcs) == 0 {
		return nil
	}
	return g.classes
}

func (g *generator) csiNode(name string) object {
	var drivers []object
	for _, driver := range some(g.dice, 0.8, 0, csiDriver, ebsDriver) {
		topology := object{"name": driver, "nodeID": name + "-" + driver}
		g.setIf(0.85, topology, "allocatable", func() any { return object{"count": g.between(0, 3)} })
		drivers = append(drivers, topology)
	}
	meta := object{"name": name}
	g.setIf(0.6, meta, "annotations", func() any {
		return object{"storage.alpha.kubernetes.io/migrated-plugins": "kubernetes.io/aws-ebs,kubernetes.io/gce-pd"}
	})
	return object{"metadata": meta, "spec": object{"drivers": orEmpty(drivers)}}
}

// addVolumes gives a pod volumes of the kinds that the volume plugins look at.
func (g *generator) addVolumes(pod object, incoming bool) {
	var kinds []func(object, bool) object
	if g.wants(names.VolumeRestrictions) {
		kinds = append(kinds, pick(g.dice, g.inlineDisk, g.inlineDisk, g.sharedClaim))
	}
	if g.wants(names.NodeVolumeLimits) && (incoming || g.chance(0.7)) {
		for range g.between(1, 2) {
			kinds = append(kinds, pick(g.dice, g.csiClaim, g.csiClaim, g.csiClaim, g.inlineDisk))
		}
	}
	if g.wants(names.VolumeZone) && incoming {
		kinds = append(kinds, g.zonalClaim)
	}
	if g.wants(names.VolumeBinding) && (incoming || g.chance(0.2)) {
		for range pick(g.dice, 1, 1, 2) {
			kinds = append(kinds, pick(g.dice,
				g.provisionedClaim, g.provisionedClaim, g.staticClaim, g.staticClaim, g.staticClaim,
				g.boundClaim, g.boundClaim, g.brokenClaim, g.ephemeralClaim))
		}
	}
	var volumes []object
	for i, kind := range kinds {
		volume := kind(pod, incoming)
		volume["name"] = fmt.Sprintf("v%d", i)
		if source, ok := volume["ephemeral"]; ok {
			g.ownClaim(pod, volume["name"].(string), source.(object))
		}
		volumes = append(volumes, volume)
	}
	if volumes != nil {
		pod["spec"].(object)["volumes"] = volumes
	}
}

// inlineDisk conflicts with itself on a node, unless (for some kinds) all mounts are read-only.
func (g *generator) inlineDisk(object, bool) object {
	readOnly := g.chance(0.4)
	id := pick(g.dice, "d1", "d1", "d2")
	switch g.IntN(4) {
	case 0:
		return object{"gcePersistentDisk": object{"pdName": id, "readOnly": readOnly}}
	case 1:
		return object{"awsElasticBlockStore": object{"volumeID": id, "readOnly": readOnly}}
	case 2:
		return object{"iscsi": object{"targetPortal": "10.0.0.9:3260", "iqn": "iqn.2026-01.com.example:" + id, "lun": 0, "readOnly": readOnly}}
	}
	return object{"rbd": object{
		"monitors": some(g.dice, 0.6, 1, "10.0.0.1", "10.0.0.2"), "image": id, "pool": pick(g.dice, "rbd", "rbd", "p"), "readOnly": readOnly,
	}}
}

// sharedClaim is a claim that several pods of a namespace use, mostly ReadWriteOncePod.
func (g *generator) sharedClaim(pod object, _ bool) object {
	if g.chance(0.08) {
		return claimed("missing")
	}
	namespace := namespaceOf(pod)
	name := pick(g.dice, "shared-1", "shared-1", "shared-2")
	if !g.hasClaim(namespace, name) {
		mode := pick(g.dice, "ReadWriteOncePod", "ReadWriteOncePod", "ReadWriteOnce")
		g.bind(namespace, name, "wffc", mode, g.csiSource(namespace+name), nil, nil)
	}
	return claimed(name)
}

// csiClaim is bound, to a volume of a CSI driver.
func (g *generator) csiClaim(pod object, incoming bool) object {
	namespace := namespaceOf(pod)
	if g.chance(0.15) {
		name := "lim-shared"
		if !g.hasClaim(namespace, name) {
			g.bind(namespace, name, "imm", "ReadWriteOnce", g.csiSource(namespace+name), nil, nil)
		}
		return claimed(name)
	}
	if incoming && g.chance(0.15) {
		return g.provisionedClaim(pod, incoming)
	}
	name := g.newClaimName()
	source := g.csiSource(name)
	if g.chance(0.15) {
		source = object{"awsElasticBlockStore": object{"volumeID": "vol-" + name}}
	}
	g.bind(namespace, name, "imm", "ReadWriteOnce", source, nil, nil)
	return claimed(name)
}

// zonalClaim is bound to a volume with zone labels.
func (g *generator) zonalClaim(pod object, _ bool) object {
	labels := object{}
	g.setIf(0.8, labels, zoneKey, func() any { return pick(g.dice, "z1", "z2", "z1__z2", "z3") })
	g.setIf(0.2, labels, oldZoneKey, func() any { return pick(g.dice, "z1", "z2__z1") })
	g.setIf(0.3, labels, regionKey, func() any { return pick(g.dice, "r1", "r2") })
	name := g.newClaimName()
	g.bind(namespaceOf(pod), name, pick(g.dice, "imm", "wffc"), "ReadWriteOnce", g.csiSource(name), labels, nil)
	return claimed(name)
}

// boundClaim is bound to a volume with node affinity.
func (g *generator) boundClaim(pod object, _ bool) object {
	name := g.newClaimName()
	g.bind(namespaceOf(pod), name, pick(g.dice, "imm", "wffc", "local"), "ReadWriteOnce", g.csiSource(name), nil, g.volumeAffinity())
	return claimed(name)
}

// provisionedClaim waits for its first consumer; a selected node is possible.
func (g *generator) provisionedClaim(pod object, _ bool) object {
	name := g.newClaimName()
	claim := g.claim(namespaceOf(pod), name, pick(g.dice, "wffc", "topo", "topo"), "ReadWriteOnce")
	if g.chance(0.15) {
		claim["metadata"].(object)["annotations"] = object{"volume.kubernetes.io/selected-node": nodeName(0)}
	}
	g.pvcs = append(g.pvcs, claim)
	return claimed(name)
}

// staticClaim waits for its first consumer among volumes that exist, some of which fit.
func (g *generator) staticClaim(pod object, _ bool) object {
	name := g.newClaimName()
	mode := pick(g.dice, "ReadWriteOnce", "ReadWriteOnce", "ReadWriteMany")
	claim := g.claim(namespaceOf(pod), name, "local", mode)
	if g.chance(0.2) {
		claim["spec"].(object)["selector"] = object{"matchLabels": object{"tier": pick(g.dice, "fast", "slow")}}
	}
	g.pvcs = append(g.pvcs, claim)
	// Of two volumes that are meant for a claim the scheduler takes any.
	meant := []string{name, "other", "other", "other"}
	for _, claimant := range meant[:g.between(0, 4)] {
		g.volumes++
		volume := g.volume(fmt.Sprintf("pv-%d", g.volumes), "local", pick(g.dice, "ReadWriteOnce", "ReadWriteOnce", mode),
			object{"local": object{"path": "/mnt/disk"}})
		spec := volume["spec"].(object)
		spec["capacity"] = object{"storage": g.volumeSize()}
		spec["nodeAffinity"] = g.volumeAffinity()
		g.setIf(0.4, volume["metadata"].(object), "labels", func() any { return object{"tier": pick(g.dice, "fast", "slow")} })
		if g.chance(0.15) {
			spec["claimRef"] = object{"namespace": namespaceOf(pod), "name": claimant}
		}
		volume["status"] = object{"phase": pick(g.dice, "Available", "Available", "Available", "Released")}
		g.pvs = append(g.pvs, volume)
	}
	return claimed(name)
}

// volumeSize is too little for a claim, or a size that no other volume of the case has: among equal
// ones the scheduler takes whichever its map yields first, and so does not agree with itself.
func (g *generator) volumeSize() string {
	return pick(g.dice, "1Gi", fmt.Sprintf("%dMi", 5120+g.volumes), fmt.Sprintf("%de6", 6000+g.volumes), fmt.Sprintf("%d", 5368709120+g.volumes))
}

// brokenClaim is one that PreFilter or Filter stumbles over.
func (g *generator) brokenClaim(pod object, _ bool) object {
	namespace, name := namespaceOf(pod), g.newClaimName()
	switch g.IntN(6) {
	case 0:
		return claimed("missing")
	case 1: // unbound, immediate
		g.pvcs = append(g.pvcs, g.claim(namespace, name, "imm", "ReadWriteOnce"))
	case 2: // bound to a volume that is not there
		claim := g.claim(namespace, name, "wffc", "ReadWriteOnce")
		claim["spec"].(object)["volumeName"] = "pv-gone"
		claim["metadata"].(object)["annotations"] = object{"pv.kubernetes.io/bind-completed": "yes"}
		g.pvcs = append(g.pvcs, claim)
	case 3: // being deleted
		claim := g.claim(namespace, name, "wffc", "ReadWriteOnce")
		claim["metadata"].(object)["deletionTimestamp"] = "2026-01-01T00:00:00Z"
		g.pvcs = append(g.pvcs, claim)
	case 4: // lost
		claim := g.claim(namespace, name, "wffc", "ReadWriteOnce")
		claim["status"] = object{"phase": "Lost"}
		g.pvcs = append(g.pvcs, claim)
	default: // of a class that is not there, or of none
		g.pvcs = append(g.pvcs, g.claim(namespace, name, pick(g.dice, "no-such-class", ""), "ReadWriteOnce"))
	}
	return claimed(name)
}

func (g *generator) ephemeralClaim(object, bool) object {
	class := pick(g.dice, "wffc", "topo")
	return object{"ephemeral": object{"volumeClaimTemplate": object{"spec": claimSpec(class, "ReadWriteOnce")}}}
}

// ownClaim makes the claim of an ephemeral volume, owned by the pod, or not, or not at all.
func (g *generator) ownClaim(pod object, volume string, source object) {
	meta := pod["metadata"].(object)
	name := meta["name"].(string) + "-" + volume
	class := source["volumeClaimTemplate"].(object)["spec"].(object)["storageClassName"].(string)
	if g.chance(0.2) {
		return
	}
	claim := g.claim(namespaceOf(pod), name, class, "ReadWriteOnce")
	incoming := meta["name"] == "incoming"
	// The claim of an existing pod that is not its own is an error of every cycle.
	if !incoming || g.chance(0.8) {
		uid := incomingUID
		if !incoming {
			uid = "uid-of-" + meta["name"].(string)
			meta["uid"] = uid
		}
		claim["metadata"].(object)["ownerReferences"] = []object{{
			"apiVersion": "v1", "kind": "Pod", "name": meta["name"], "uid": uid, "controller": true,
		}}
	}
	g.pvcs = append(g.pvcs, claim)
}
