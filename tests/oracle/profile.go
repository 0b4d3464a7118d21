package main

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"
	configv1 "k8s.io/kube-scheduler/config/v1"
	schedulerapi "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/validation"
)

// defaultConfiguration is that of a scheduler without a file, made as scheduler.New does.
func defaultConfiguration() (*schedulerapi.KubeSchedulerConfiguration, error) {
	var versioned configv1.KubeSchedulerConfiguration
	scheme.Scheme.Default(&versioned)
	config := schedulerapi.KubeSchedulerConfiguration{}
	if err := scheme.Scheme.Convert(&versioned, &config, nil); err != nil {
		return nil, err
	}
	return &config, nil
}

// readConfiguration does what kube-scheduler does with the file of --config.
func readConfiguration(text []byte) (*schedulerapi.KubeSchedulerConfiguration, error) {
	object, kind, err := scheme.Codecs.UniversalDecoder().Decode(text, nil, nil)
	if err != nil {
		return nil, err
	}
	config, ok := object.(*schedulerapi.KubeSchedulerConfiguration)
	if !ok {
		return nil, fmt.Errorf("%s is no KubeSchedulerConfiguration", kind)
	}
	config.APIVersion = kind.GroupVersion().String()
	if errs := validation.ValidateKubeSchedulerConfiguration(config); errs != nil {
		return nil, errs
	}
	// Every node is judged.
	for i := range config.Profiles {
		config.Profiles[i].PercentageOfNodesToScore = nil
	}
	return config, nil
}

func pluginArgs(profile *schedulerapi.KubeSchedulerProfile) map[string]runtime.Object {
	args := make(map[string]runtime.Object)
	for _, plugin := range profile.PluginConfig {
		args[plugin.Name] = plugin.Args
	}
	return args
}

// defaultPluginArgs are the arguments of the default profile's plugins.
func defaultPluginArgs() (map[string]runtime.Object, error) {
	config, err := defaultConfiguration()
	if err != nil {
		return nil, err
	}
	return pluginArgs(&config.Profiles[0]), nil
}

// configuredSchedulers makes schedulers of configurations, and keeps the last ones: cases that
// share a configuration come one after another.
type configuredSchedulers struct {
	ctx   context.Context
	known []configuredScheduler
}

type configuredScheduler struct {
	text   string
	sched  *schedulerUnderTest
	err    error
	cancel context.CancelFunc
}

// keptSchedulers bounds what a worker keeps.
const keptSchedulers = 3

func (c *configuredSchedulers) of(text []byte) (*schedulerUnderTest, error) {
	for _, known := range c.known {
		if known.text == string(text) {
			return known.sched, known.err
		}
	}
	if len(c.known) == keptSchedulers {
		c.known[0].cancel()
		c.known = c.known[1:]
	}
	ctx, cancel := context.WithCancel(c.ctx)
	added := configuredScheduler{text: string(text), cancel: cancel}
	config, err := readConfiguration(text)
	if err == nil {
		added.sched, err = newConfiguredScheduler(ctx, 1, allNodes, config)
	}
	if err != nil {
		added.err = fmt.Errorf("configuration: %w", err)
	}
	c.known = append(c.known, added)
	return added.sched, added.err
}
