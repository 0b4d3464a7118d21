package main

import (
	"context"
	"fmt"

	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler"
	internalcache "k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	frameworkplugins "k8s.io/kubernetes/pkg/scheduler/framework/plugins"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/defaultpreemption"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"
	"k8s.io/kubernetes/pkg/scheduler/profile"
)

// schedulerUnderTest is a real scheduler with its default profile, made by its own constructor. Its
// informers never run: their indexers, which all listers read, are filled by hand, and so is the
// cache. So it judges one cluster after another without waiting for anything.
type schedulerUnderTest struct {
	ctx       context.Context
	logger    klog.Logger
	scheduler *scheduler.Scheduler
	framework framework.Framework
	snapshot  *internalcache.Snapshot
	indexers  indexers
	// filters are instances of the Filter plugins of their own, in the order of the profile.
	filters []fwk.FilterPlugin
	// preemption is the plugin that lets pods make room for others.
	preemption *defaultpreemption.DefaultPreemption
	// loaded is taken away again before the next cluster.
	loaded *Cluster
}

// indexers are the stores of the informers that the plugins' listers read.
type indexers struct {
	namespaces, services, pods, nodes, pvs, pvcs, classes, csiNodes cache.Indexer
}

func newScheduler(ctx context.Context, parallelism, percentageOfNodesToScore int32) (*schedulerUnderTest, error) {
	logger := klog.FromContext(ctx)
	client := fake.NewSimpleClientset()
	factory := scheduler.NewInformerFactory(client, 0, nil)
	recorders := profile.NewRecorderFactory(events.NewBroadcaster(&events.EventSinkImpl{Interface: client.EventsV1()}))
	snapshot := internalcache.NewEmptySnapshot()
	sched, err := scheduler.New(ctx, client, factory, nil, recorders,
		scheduler.WithPercentageOfNodesToScore(&percentageOfNodesToScore),
		scheduler.WithParallelism(parallelism),
		scheduler.WithNodeInfoSnapshot(snapshot))
	if err != nil {
		return nil, err
	}
	fw, ok := sched.Profiles[v1.DefaultSchedulerName]
	if !ok {
		return nil, fmt.Errorf("no profile %q", v1.DefaultSchedulerName)
	}
	filters, err := filterPlugins(ctx, fw)
	if err != nil {
		return nil, err
	}
	preemption, err := newPreemption(ctx, fw)
	if err != nil {
		return nil, err
	}
	return &schedulerUnderTest{
		ctx:        ctx,
		logger:     logger,
		scheduler:  sched,
		framework:  fw,
		snapshot:   snapshot,
		indexers:   indexersOf(factory),
		filters:    filters,
		preemption: preemption,
	}, nil
}

func indexersOf(factory informers.SharedInformerFactory) indexers {
	core, storage := factory.Core().V1(), factory.Storage().V1()
	return indexers{
		namespaces: core.Namespaces().Informer().GetIndexer(),
		services:   core.Services().Informer().GetIndexer(),
		pods:       core.Pods().Informer().GetIndexer(),
		nodes:      core.Nodes().Informer().GetIndexer(),
		pvs:        core.PersistentVolumes().Informer().GetIndexer(),
		pvcs:       core.PersistentVolumeClaims().Informer().GetIndexer(),
		classes:    storage.StorageClasses().Informer().GetIndexer(),
		csiNodes:   storage.CSINodes().Informer().GetIndexer(),
	}
}

// filterPlugins makes the Filter plugins of the framework's profile once more, so that each can be
// run by itself. DynamicResources cannot be made twice on one set of informers; cases have no
// claims, so it skips all of them.
func filterPlugins(ctx context.Context, fw framework.Framework) ([]fwk.FilterPlugin, error) {
	registry := frameworkplugins.NewInTreeRegistry()
	args, err := defaultPluginArgs()
	if err != nil {
		return nil, err
	}
	var filters []fwk.FilterPlugin
	for _, enabled := range fw.ListPlugins().Filter.Enabled {
		if enabled.Name == names.DynamicResources {
			continue
		}
		plugin, err := registry[enabled.Name](ctx, args[enabled.Name], fw)
		if err != nil {
			return nil, fmt.Errorf("plugin %s: %w", enabled.Name, err)
		}
		filter, ok := plugin.(fwk.FilterPlugin)
		if !ok {
			return nil, fmt.Errorf("plugin %s is no Filter plugin", enabled.Name)
		}
		filters = append(filters, filter)
	}
	return filters, nil
}
