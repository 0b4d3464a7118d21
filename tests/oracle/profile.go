package main

import (
	"k8s.io/apimachinery/pkg/runtime"
	configv1 "k8s.io/kube-scheduler/config/v1"
	schedulerapi "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"
)

// defaultPluginArgs are the arguments of the default profile's plugins, made as scheduler.New does.
func defaultPluginArgs() (map[string]runtime.Object, error) {
	var versioned configv1.KubeSchedulerConfiguration
	scheme.Scheme.Default(&versioned)
	config := schedulerapi.KubeSchedulerConfiguration{}
	if err := scheme.Scheme.Convert(&versioned, &config, nil); err != nil {
		return nil, err
	}
	args := make(map[string]runtime.Object)
	for _, plugin := range config.Profiles[0].PluginConfig {
		args[plugin.Name] = plugin.Args
	}
	return args, nil
}
