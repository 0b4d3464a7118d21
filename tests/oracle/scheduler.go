package main

import (
	"context"
	"fmt"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler"
	schedulerapi "k8s.io/kubernetes/pkg/scheduler/apis/config"
	internalcache "k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	frameworkplugins "k8s.io/kubernetes/pkg/scheduler/framework/plugins"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/defaultpreemption"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"
	"k8s.io/kubernetes/pkg/scheduler/profile"
)

// schedulerUnderTest is a real scheduler, made by its own constructor, with the profile in use. Its
// informers never run: their indexers, which all listers read, are filled by hand, and so is the
// cache. So it judges one cluster after another without waiting for anything.
type schedulerUnderTest struct {
	ctx       context.Context
	logger    klog.Logger
	scheduler *scheduler.Scheduler
	// configured says that there is a configuration, so that pods choose their profile.
	configured bool
	// profiles are all profiles by name, profileUnderTest is the one in use.
	profiles map[string]profileUnderTest
	profileUnderTest
	snapshot *internalcache.Snapshot
	indexers indexers
	// loaded is taken away again before the next cluster.
	loaded *Cluster
}

// indexers are the stores of the informers that the plugins' listers read.
type indexers struct {
	namespaces, services, pods, nodes, pvs, pvcs, classes, csiNodes cache.Indexer
	replicationControllers, replicaSets, statefulSets               cache.Indexer
}

// profileUnderTest is a profile of the scheduler.
type profileUnderTest struct {
	framework framework.Framework
	// filters are instances of the Filter plugins of their own, in the order of the profile.
	filters []fwk.FilterPlugin
	// preemption is the plugin that lets pods make room for others, with its default arguments.
	preemption *defaultpreemption.DefaultPreemption
}

// newScheduler makes one without a configuration.
func newScheduler(ctx context.Context, parallelism, percentageOfNodesToScore int32) (*schedulerUnderTest, error) {
	config, err := defaultConfiguration()
	if err != nil {
		return nil, err
	}
	sched, err := newConfiguredScheduler(ctx, parallelism, percentageOfNodesToScore, config)
	if err != nil {
		return nil, err
	}
	sched.configured = false
	return sched, sched.use(v1.DefaultSchedulerName)
}

func newConfiguredScheduler(ctx context.Context, parallelism, percentageOfNodesToScore int32, config *schedulerapi.KubeSchedulerConfiguration) (*schedulerUnderTest, error) {
	logger := klog.FromContext(ctx)
	client := fake.NewSimpleClientset()
	factory := scheduler.NewInformerFactory(client, 0, nil)
	recorders := profile.NewRecorderFactory(events.NewBroadcaster(&events.EventSinkImpl{Interface: client.EventsV1()}))
	snapshot := internalcache.NewEmptySnapshot()
	sched, err := scheduler.New(ctx, client, factory, nil, recorders,
		scheduler.WithPercentageOfNodesToScore(&percentageOfNodesToScore),
		scheduler.WithParallelism(parallelism),
		scheduler.WithComponentConfigVersion(config.APIVersion),
		scheduler.WithProfiles(config.Profiles...),
		scheduler.WithNodeInfoSnapshot(snapshot))
	if err != nil {
		return nil, err
	}
	profiles := make(map[string]profileUnderTest, len(config.Profiles))
	for _, profile := range config.Profiles {
		fw := sched.Profiles[profile.SchedulerName]
		filters, err := filterPlugins(ctx, fw, pluginArgs(&profile))
		if err != nil {
			return nil, err
		}
		preemption, err := newPreemption(ctx, fw)
		if err != nil {
			return nil, err
		}
		profiles[profile.SchedulerName] = profileUnderTest{framework: fw, filters: filters, preemption: preemption}
	}
	return &schedulerUnderTest{
		ctx:        ctx,
		logger:     logger,
		scheduler:  sched,
		configured: true,
		profiles:   profiles,
		snapshot:   snapshot,
		indexers:   indexersOf(factory),
	}, nil
}

// use takes a profile in use.
func (s *schedulerUnderTest) use(name string) error {
	profile, ok := s.profiles[name]
	if !ok {
		return fmt.Errorf("no profile %q", name)
	}
	s.profileUnderTest = profile
	return nil
}

func indexersOf(factory informers.SharedInformerFactory) indexers {
	core, storage, apps := factory.Core().V1(), factory.Storage().V1(), factory.Apps().V1()
	return indexers{
		namespaces: core.Namespaces().Informer().GetIndexer(),
		services:   core.Services().Informer().GetIndexer(),
		pods:       core.Pods().Informer().GetIndexer(),
		nodes:      core.Nodes().Informer().GetIndexer(),
		pvs:        core.PersistentVolumes().Informer().GetIndexer(),
		pvcs:       core.PersistentVolumeClaims().Informer().GetIndexer(),
		classes:    storage.StorageClasses().Informer().GetIndexer(),
		csiNodes:   storage.CSINodes().Informer().GetIndexer(),

		replicationControllers: core.ReplicationControllers().Informer().GetIndexer(),
		replicaSets:            apps.ReplicaSets().Informer().GetIndexer(),
		statefulSets:           apps.StatefulSets().Informer().GetIndexer(),
	}
}

// filterPlugins makes the Filter plugins of the framework's profile once more, so that each can be
// run by itself. DynamicResources cannot be made twice on one set of informers; cases have no
// claims, so it skips all of them.
func filterPlugins(ctx context.Context, fw framework.Framework, args map[string]runtime.Object) ([]fwk.FilterPlugin, error) {
	registry := frameworkplugins.NewInTreeRegistry()
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
