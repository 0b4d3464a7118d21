package main

import (
	"fmt"

	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/cache"
)

// load puts an admitted cluster in the place of the last one.
func (s *schedulerUnderTest) load(cluster *Cluster) error {
	if err := s.unload(); err != nil {
		return err
	}
	s.loaded = cluster
	for _, node := range cluster.Nodes {
		s.scheduler.Cache.AddNode(s.logger, node)
	}
	if err := s.index(cluster); err != nil {
		return err
	}
	for _, pod := range cluster.Pods {
		switch {
		case inCache(pod):
			if err := s.scheduler.Cache.AddPod(s.logger, pod); err != nil {
				return fmt.Errorf("pod %s/%s: %w", pod.Namespace, pod.Name, err)
			}
		case s.nominated(pod):
			s.scheduler.SchedulingQueue.Add(s.ctx, pod)
		}
	}
	return s.scheduler.Cache.UpdateSnapshot(s.logger, s.snapshot)
}

func (s *schedulerUnderTest) index(cluster *Cluster) error {
	return firstError(
		fill(s.indexers.namespaces, cluster.Namespaces),
		fill(s.indexers.nodes, cluster.Nodes),
		fill(s.indexers.pods, cluster.Pods),
		fill(s.indexers.services, cluster.Services),
		fill(s.indexers.pvs, cluster.PVs),
		fill(s.indexers.pvcs, cluster.PVCs),
		fill(s.indexers.classes, cluster.StorageClasses),
		fill(s.indexers.csiNodes, cluster.CSINodes),
		fill(s.indexers.replicationControllers, cluster.ReplicationControllers),
		fill(s.indexers.replicaSets, cluster.ReplicaSets),
		fill(s.indexers.statefulSets, cluster.StatefulSets),
	)
}

// unload takes the last cluster away. Errors of the cache only say that something was not there.
// The snapshot must see the empty cache too: it is updated by what changed, and counts on nodes that
// come back being the same ones.
func (s *schedulerUnderTest) unload() error {
	if s.loaded == nil {
		return nil
	}
	for _, pod := range s.loaded.Pods {
		switch {
		case inCache(pod):
			_ = s.scheduler.Cache.RemovePod(s.logger, pod)
		case s.nominated(pod):
			s.scheduler.SchedulingQueue.Delete(s.logger, pod)
		}
	}
	for _, node := range s.loaded.Nodes {
		_ = s.scheduler.Cache.RemoveNode(s.logger, node)
	}
	s.loaded = nil
	if err := s.index(&Cluster{}); err != nil {
		return err
	}
	return s.scheduler.Cache.UpdateSnapshot(s.logger, s.snapshot)
}

// fill replaces what a store holds.
func fill[T any](indexer cache.Indexer, objects []T) error {
	items := make([]any, 0, len(objects))
	for _, object := range objects {
		items = append(items, object)
	}
	return indexer.Replace(items, "1")
}

// inCache says whether the scheduler would have the pod in its cache: bound and not finished. (The
// scheduler's pod informer selects by phase, so it never sees finished pods.)
func inCache(pod *v1.Pod) bool {
	return pod.Spec.NodeName != "" && !finished(pod)
}

// nominated says whether the scheduler would have the pod in its queue with a nomination.
func (s *schedulerUnderTest) nominated(pod *v1.Pod) bool {
	return pod.Spec.NodeName == "" && pod.Status.NominatedNodeName != "" && !finished(pod) &&
		s.scheduler.Profiles[pod.Spec.SchedulerName] != nil
}

func finished(pod *v1.Pod) bool {
	return pod.Status.Phase == v1.PodSucceeded || pod.Status.Phase == v1.PodFailed
}
