package main

import (
	"github.com/go-logr/logr"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/klog/v2"
)

// silenceLogs drops what the scheduler logs: the verdict says it better.
func silenceLogs() {
	klog.SetLogger(logr.Discard())
	utilruntime.ErrorHandlers = nil
}
