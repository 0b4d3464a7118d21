package main

import (
	"runtime/debug"
	_ "unsafe" // for linkname

	"k8s.io/component-base/version"
)

// Kubernetes' release builds set this variable with the linker's -X; without it a component calls
// itself v0.0.0-master, and the plugins that ask for their version would judge as an older one.
//
//go:linkname gitVersion k8s.io/component-base/version.gitVersion
var gitVersion string

func init() {
	gitVersion = kubernetesVersion()
	// Cannot fail: it is the default version by now.
	_ = version.SetDynamicVersion(gitVersion)
}

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
