package main

import "runtime/debug"

// kubernetesVersion is the version of the module that was built: go.mod is the only place that
// names it.
func kubernetesVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "k8s.io/kubernetes" {
				return module.Version
			}
		}
	}
	return "unknown"
}
