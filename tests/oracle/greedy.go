package main

import (
	"errors"
	"fmt"
	"time"

	"k8s.io/kubernetes/pkg/scheduler/framework"
)

// greedyResult is the line of `oracle bench --greedy`: pods placed one after another by SchedulePod,
// and assumed in the cache; no queue, no binding, no API.
type greedyResult struct {
	Kubernetes string `json:"kubernetes"`
	Nodes      int    `json:"nodes"`
	Pods       int    `json:"pods"`
	Mix        string `json:"mix"`
	// Percent of the nodes to score; 0 is adaptive.
	Percent       int     `json:"percent"`
	Arrived       int     `json:"arrived"`
	Placed        int     `json:"placed"`
	Seconds       float64 `json:"seconds"`
	PodsPerSecond float64 `json:"pods_per_second"`
	// CPUUs is the processor time of one arrival in microseconds, of all threads.
	CPUUs float64 `json:"cpu_us"`
}

func (s *schedulerUnderTest) placeGreedily(count int, mix string) (*greedyResult, error) {
	pods, err := greedyPods(count, mix)
	if err != nil {
		return nil, err
	}
	result := &greedyResult{Kubernetes: kubernetesVersion(), Mix: mix, Arrived: count}
	before, start := processorTime(), time.Now()
	for _, pod := range pods {
		if err := s.scheduler.Cache.UpdateSnapshot(s.logger, s.snapshot); err != nil {
			return nil, err
		}
		info, err := framework.NewPodInfo(pod)
		if err != nil {
			return nil, err
		}
		chosen, err := s.scheduler.SchedulePod(s.ctx, s.framework, framework.NewCycleState(), &framework.QueuedPodInfo{PodInfo: info})
		if err != nil {
			var unfit *framework.FitError
			if errors.As(err, &unfit) {
				continue
			}
			return nil, fmt.Errorf("pod %s: %w", pod.Name, err)
		}
		assumed := pod.DeepCopy()
		assumed.Spec.NodeName = chosen.SuggestedHost
		if err := s.scheduler.Cache.AssumePod(s.logger, assumed); err != nil {
			return nil, err
		}
		result.Placed++
	}
	result.Seconds = time.Since(start).Seconds()
	result.PodsPerSecond = float64(count) / result.Seconds
	result.CPUUs = (processorTime() - before).Seconds() * 1e6 / float64(count)
	return result, nil
}
