package main

import (
	"context"
	"fmt"

	v1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	corevalidation "k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/kubernetes/pkg/apis/storage"
	_ "k8s.io/kubernetes/pkg/apis/storage/install"
	storagevalidation "k8s.io/kubernetes/pkg/apis/storage/validation"
	podregistry "k8s.io/kubernetes/pkg/registry/core/pod"
)

// admit does to all objects of a case what the API server does before it stores them: defaults,
// the merge of matchLabelKeys, validation. Admission plugins are no part of it. The objects are
// changed in place.
func admit(c *Case) error {
	if c.Pod == nil {
		return fmt.Errorf("the case has no pod")
	}
	seen := make(map[string]bool)
	once := func(kind string, meta *metav1.ObjectMeta) error {
		key := kind + " " + meta.Namespace + "/" + meta.Name
		if seen[key] {
			return fmt.Errorf("%s: twice in the cluster", key)
		}
		seen[key] = true
		identify(kind, meta)
		return nil
	}
	for _, namespace := range c.Cluster.Namespaces {
		if err := firstError(once("namespace", &namespace.ObjectMeta), admitNamespace(namespace)); err != nil {
			return err
		}
	}
	for _, node := range c.Cluster.Nodes {
		if err := firstError(once("node", &node.ObjectMeta), admitNode(node)); err != nil {
			return err
		}
	}
	for i, pod := range c.Cluster.Pods {
		inNamespace(&pod.ObjectMeta)
		if err := once("pod", &pod.ObjectMeta); err != nil {
			return err
		}
		admitted, err := admitPod(pod)
		if err != nil {
			return err
		}
		c.Cluster.Pods[i] = admitted
	}
	inNamespace(&c.Pod.ObjectMeta)
	if err := once("pod", &c.Pod.ObjectMeta); err != nil {
		return err
	}
	admitted, err := admitPod(c.Pod)
	if err != nil {
		return err
	}
	c.Pod = admitted
	for _, budget := range c.Cluster.PDBs {
		inNamespace(&budget.ObjectMeta)
		legacyscheme.Scheme.Default(budget)
		if err := firstError(once("poddisruptionbudget", &budget.ObjectMeta), admitBudget(budget)); err != nil {
			return err
		}
	}
	return admitVolumes(&c.Cluster, once)
}

func admitVolumes(cluster *Cluster, once func(string, *metav1.ObjectMeta) error) error {
	for _, service := range cluster.Services {
		inNamespace(&service.ObjectMeta)
		legacyscheme.Scheme.Default(service)
		if err := once("service", &service.ObjectMeta); err != nil {
			return err
		}
	}
	if err := admitControllers(cluster, once); err != nil {
		return err
	}
	for _, pv := range cluster.PVs {
		if err := firstError(once("persistentvolume", &pv.ObjectMeta), admitPV(pv)); err != nil {
			return err
		}
	}
	for _, pvc := range cluster.PVCs {
		inNamespace(&pvc.ObjectMeta)
		if err := firstError(once("persistentvolumeclaim", &pvc.ObjectMeta), admitPVC(pvc)); err != nil {
			return err
		}
	}
	for _, class := range cluster.StorageClasses {
		if err := firstError(once("storageclass", &class.ObjectMeta), admitStorageClass(class)); err != nil {
			return err
		}
	}
	for _, csiNode := range cluster.CSINodes {
		if err := firstError(once("csinode", &csiNode.ObjectMeta), admitCSINode(csiNode)); err != nil {
			return err
		}
	}
	return nil
}

// admitControllers fills the defaults in; what a selector may be is not checked.
func admitControllers(cluster *Cluster, once func(string, *metav1.ObjectMeta) error) error {
	for _, controller := range cluster.ReplicationControllers {
		inNamespace(&controller.ObjectMeta)
		legacyscheme.Scheme.Default(controller)
		if err := once("replicationcontroller", &controller.ObjectMeta); err != nil {
			return err
		}
	}
	for _, set := range cluster.ReplicaSets {
		inNamespace(&set.ObjectMeta)
		legacyscheme.Scheme.Default(set)
		if err := once("replicaset", &set.ObjectMeta); err != nil {
			return err
		}
	}
	for _, set := range cluster.StatefulSets {
		inNamespace(&set.ObjectMeta)
		legacyscheme.Scheme.Default(set)
		if err := once("statefulset", &set.ObjectMeta); err != nil {
			return err
		}
	}
	return nil
}

// admitPod runs the pod strategy. That also empties the status, which is put back: a pod of the
// cluster has long got one.
func admitPod(pod *v1.Pod) (*v1.Pod, error) {
	legacyscheme.Scheme.Default(pod)
	internal := &core.Pod{}
	if err := legacyscheme.Scheme.Convert(pod, internal, nil); err != nil {
		return nil, fmt.Errorf("pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	ctx := genericapirequest.WithNamespace(context.Background(), pod.Namespace)
	podregistry.Strategy.PrepareForCreate(ctx, internal)
	if err := refuse("pod", &pod.ObjectMeta, podregistry.Strategy.Validate(ctx, internal)); err != nil {
		return nil, err
	}
	admitted := &v1.Pod{}
	if err := legacyscheme.Scheme.Convert(internal, admitted, nil); err != nil {
		return nil, fmt.Errorf("pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	admitted.Status = pod.Status
	return admitted, nil
}

func admitNode(node *v1.Node) error {
	legacyscheme.Scheme.Default(node)
	internal := &core.Node{}
	if err := legacyscheme.Scheme.Convert(node, internal, nil); err != nil {
		return fmt.Errorf("node %s: %w", node.Name, err)
	}
	return refuse("node", &node.ObjectMeta, corevalidation.ValidateNode(internal))
}

func admitNamespace(namespace *v1.Namespace) error {
	legacyscheme.Scheme.Default(namespace)
	internal := &core.Namespace{}
	if err := legacyscheme.Scheme.Convert(namespace, internal, nil); err != nil {
		return fmt.Errorf("namespace %s: %w", namespace.Name, err)
	}
	return refuse("namespace", &namespace.ObjectMeta, corevalidation.ValidateNamespace(internal))
}

func admitPV(pv *v1.PersistentVolume) error {
	legacyscheme.Scheme.Default(pv)
	internal := &core.PersistentVolume{}
	if err := legacyscheme.Scheme.Convert(pv, internal, nil); err != nil {
		return fmt.Errorf("persistentvolume %s: %w", pv.Name, err)
	}
	opts := corevalidation.ValidationOptionsForPersistentVolume(internal, nil)
	return refuse("persistentvolume", &pv.ObjectMeta, corevalidation.ValidatePersistentVolume(internal, opts))
}

func admitPVC(pvc *v1.PersistentVolumeClaim) error {
	legacyscheme.Scheme.Default(pvc)
	internal := &core.PersistentVolumeClaim{}
	if err := legacyscheme.Scheme.Convert(pvc, internal, nil); err != nil {
		return fmt.Errorf("persistentvolumeclaim %s/%s: %w", pvc.Namespace, pvc.Name, err)
	}
	opts := corevalidation.ValidationOptionsForPersistentVolumeClaim(internal, nil)
	return refuse("persistentvolumeclaim", &pvc.ObjectMeta, corevalidation.ValidatePersistentVolumeClaim(internal, opts))
}

func admitStorageClass(class *storagev1.StorageClass) error {
	legacyscheme.Scheme.Default(class)
	internal := &storage.StorageClass{}
	if err := legacyscheme.Scheme.Convert(class, internal, nil); err != nil {
		return fmt.Errorf("storageclass %s: %w", class.Name, err)
	}
	return refuse("storageclass", &class.ObjectMeta, storagevalidation.ValidateStorageClass(internal))
}

func admitCSINode(csiNode *storagev1.CSINode) error {
	legacyscheme.Scheme.Default(csiNode)
	internal := &storage.CSINode{}
	if err := legacyscheme.Scheme.Convert(csiNode, internal, nil); err != nil {
		return fmt.Errorf("csinode %s: %w", csiNode.Name, err)
	}
	return refuse("csinode", &csiNode.ObjectMeta, storagevalidation.ValidateCSINode(internal))
}

// identify gives an object what the API server gives every object.
func identify(kind string, meta *metav1.ObjectMeta) {
	if meta.UID == "" {
		meta.UID = types.UID("uid-" + kind + "-" + meta.Namespace + "-" + meta.Name)
	}
	if meta.ResourceVersion == "" {
		meta.ResourceVersion = "1"
	}
}

func inNamespace(meta *metav1.ObjectMeta) {
	if meta.Namespace == "" {
		meta.Namespace = metav1.NamespaceDefault
	}
}

func refuse(kind string, meta *metav1.ObjectMeta, errs field.ErrorList) error {
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("%s %s/%s: %w", kind, meta.Namespace, meta.Name, errs.ToAggregate())
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
