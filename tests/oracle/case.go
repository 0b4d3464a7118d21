package main

import (
	"encoding/json"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"
)

// Case is one line of input: a cluster and the pod that arrives, both as they were submitted
// (neither defaulted nor merged).
type Case struct {
	ID      string  `json:"id"`
	Focus   string  `json:"focus,omitempty"`
	Cluster Cluster `json:"cluster"`
	Pod     *v1.Pod `json:"pod"`
	// Config is a KubeSchedulerConfiguration, if the scheduler has one. The profile is the one that
	// the pod names.
	Config json.RawMessage `json:"config,omitempty"`
}

// Cluster has the kinds that the Filter and Score plugins read.
type Cluster struct {
	Nodes          []*v1.Node                      `json:"nodes"`
	Pods           []*v1.Pod                       `json:"pods"`
	Namespaces     []*v1.Namespace                 `json:"namespaces"`
	Services       []*v1.Service                   `json:"services,omitempty"`
	PVs            []*v1.PersistentVolume          `json:"pvs,omitempty"`
	PVCs           []*v1.PersistentVolumeClaim     `json:"pvcs,omitempty"`
	StorageClasses []*storagev1.StorageClass       `json:"storageclasses,omitempty"`
	CSINodes       []*storagev1.CSINode            `json:"csinodes,omitempty"`
	PDBs           []*policyv1.PodDisruptionBudget `json:"pdbs,omitempty"`

	ReplicationControllers []*v1.ReplicationController `json:"replicationcontrollers,omitempty"`
	ReplicaSets            []*appsv1.ReplicaSet        `json:"replicasets,omitempty"`
	StatefulSets           []*appsv1.StatefulSet       `json:"statefulsets,omitempty"`
}

// Verdict is the corpus format: what the real scheduler says of every node.
type Verdict struct {
	Feasible []string               `json:"feasible"`
	Nodes    map[string]NodeVerdict `json:"nodes"`
	// PreFilter is set when a PreFilter plugin rejected the pod for all nodes.
	PreFilter *NodeVerdict `json:"prefilter,omitempty"`
	// PreFilterNodes are the only nodes that PreFilter left, when it left not all.
	PreFilterNodes []string `json:"prefilterNodes,omitempty"`
	// ByPlugin has each Filter plugin run by itself: absent if it skipped the pod, empty if all
	// nodes pass, "*" if its PreFilter rejected, else the codes of the nodes that fail.
	ByPlugin map[string]map[string]string `json:"byPlugin"`
	Skipped  []string                     `json:"skipped,omitempty"`
	// Message is the scheduler's own, when no node is feasible, or when an error of a Score plugin
	// keeps the pod from being placed although some are.
	Message string                      `json:"message,omitempty"`
	Scores  map[string]map[string]int64 `json:"scores,omitempty"`
	// All has, with --all, every plugin that rejects a node, by itself, in the order of the profile.
	All map[string][]NodeVerdict `json:"all,omitempty"`
	// Preemption has, with --preemption, what could be gained by it on the nodes that are rejected,
	// even if another node is feasible.
	Preemption *PreemptionVerdict `json:"preemption,omitempty"`
}

// NodeVerdict is the code of a node (S, U or UU), the plugin that gave it, and its reasons.
type NodeVerdict struct {
	Code    string   `json:"c"`
	Plugin  string   `json:"p,omitempty"`
	Reasons []string `json:"r,omitempty"`
}

// Answer is one line of output.
type Answer struct {
	ID      string   `json:"id"`
	Verdict *Verdict `json:"verdict,omitempty"`
	Error   string   `json:"error,omitempty"`
}

// decodeCase reads a line; the id is returned even if the rest of the line is no case.
func decodeCase(line []byte) (*Case, string, error) {
	var decoded Case
	err := json.Unmarshal(line, &decoded)
	if err == nil {
		return &decoded, decoded.ID, nil
	}
	var named struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(line, &named)
	return nil, named.ID, err
}
