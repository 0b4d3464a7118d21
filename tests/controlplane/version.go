package main

import (
	"runtime/debug"
	_ "unsafe" // for linkname

	"k8s.io/component-base/version"
)

// Kubernetes' release builds set this variable with the linker's -X; without it an API server
// calls itself v0.0.0-master. Linked by name, a plain `go build` says the truth too.
//
//go:linkname gitVersion k8s.io/component-base/version.gitVersion
var gitVersion string

// init takes the version of the module that was built, so go.mod is the only place that names it.
func init() {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return
	}
	for _, module := range info.Deps {
		if module.Path == "k8s.io/kubernetes" {
			gitVersion = module.Version
			// Cannot fail: it is the default version by now.
			_ = version.SetDynamicVersion(module.Version)
		}
	}
}
