package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	quota "k8s.io/apiserver/pkg/quota/v1"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/pkg/apis/core/v1/helper/qos"
	quotacore "k8s.io/kubernetes/pkg/quota/v1/evaluator/core"
	podregistry "k8s.io/kubernetes/pkg/registry/core/pod"
	"k8s.io/kubernetes/plugin/pkg/admission/limitranger"
	"k8s.io/utils/clock"
)

// AdmissionCase is one line of input of `admit`: a new pod, and what rules its namespace.
type AdmissionCase struct {
	ID             string              `json:"id"`
	Pod            *v1.Pod             `json:"pod"`
	LimitRanges    []*v1.LimitRange    `json:"limitranges"`
	ResourceQuotas []*v1.ResourceQuota `json:"resourcequotas"`
}

// Admission is what LimitRanger and ResourceQuota make of the pod.
type Admission struct {
	ID string `json:"id"`
	// Stored is the pod after LimitRanger.
	Stored *v1.Pod `json:"stored,omitempty"`
	// Refused are the errors of LimitRanger, as KIND RESOURCE TYPE (`minimum cpu Pod`), sorted.
	Refused []string                  `json:"refused"`
	QoS     v1.PodQOSClass            `json:"qos,omitempty"`
	Usage   map[string]string         `json:"usage,omitempty"`
	Quotas  map[string]QuotaAdmission `json:"quotas,omitempty"`
	Error   string                    `json:"error,omitempty"`
}

// QuotaAdmission is what a quota that counts the pod says of it.
type QuotaAdmission struct {
	// Unspecified is set if a container does not say how much it takes of what the quota counts.
	Unspecified string `json:"unspecified,omitempty"`
	// Exceeded are the resources of which there would be too much, sorted.
	Exceeded []string `json:"exceeded"`
}

func admitCommand(args []string, in io.Reader, out io.Writer) error {
	if err := newFlags("admit").Parse(args); err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return eachLine(in, 1, func() (func(int, []byte) Admission, error) {
		return func(_ int, line []byte) Admission {
			var c AdmissionCase
			if err := json.Unmarshal(line, &c); err != nil {
				return Admission{ID: c.ID, Error: err.Error()}
			}
			found, err := admission(&c)
			if err != nil {
				return Admission{ID: c.ID, Error: err.Error()}
			}
			return *found
		}, nil
	}, func(found Admission) error { return encoder.Encode(found) })
}

// admission runs the functions of the admission plugins, limit ranges and quotas as they are given.
func admission(c *AdmissionCase) (*Admission, error) {
	if c.Pod == nil {
		return nil, errors.New("the case has no pod")
	}
	inNamespace(&c.Pod.ObjectMeta)
	legacyscheme.Scheme.Default(c.Pod)
	pod := &core.Pod{}
	if err := legacyscheme.Scheme.Convert(c.Pod, pod, nil); err != nil {
		return nil, err
	}
	found := &Admission{ID: c.ID, Refused: []string{}, Quotas: map[string]QuotaAdmission{}, Stored: &v1.Pod{}}
	for _, limits := range c.LimitRanges {
		legacyscheme.Scheme.Default(limits)
		if err := limitranger.PodMutateLimitFunc(limits, pod); err != nil {
			return nil, err
		}
	}
	// Between the plugins that change a pod and those that check it.
	podregistry.Strategy.PrepareForCreate(genericapirequest.WithNamespace(context.Background(), pod.Namespace), pod)
	for _, limits := range c.LimitRanges {
		refused, err := refusals(limitranger.PodValidateLimitFunc(limits, pod))
		if err != nil {
			return nil, err
		}
		found.Refused = append(found.Refused, refused...)
	}
	slices.Sort(found.Refused)
	if err := legacyscheme.Scheme.Convert(pod, found.Stored, nil); err != nil {
		return nil, err
	}
	found.QoS = qos.ComputePodQOS(found.Stored)
	return found, quotas(c, pod, found)
}

func quotas(c *AdmissionCase, pod runtime.Object, found *Admission) error {
	evaluator := quotacore.NewPodEvaluator(nil, clock.RealClock{})
	usage, err := evaluator.Usage(pod)
	if err != nil {
		return err
	}
	found.Usage = map[string]string{}
	for name, amount := range usage {
		found.Usage[string(name)] = amount.String()
	}
	for _, q := range c.ResourceQuotas {
		matches, err := evaluator.Matches(q, pod)
		if err != nil {
			return err
		}
		if !matches {
			continue
		}
		hard := quota.ResourceNames(q.Status.Hard)
		says := QuotaAdmission{Exceeded: []string{}}
		if err := evaluator.Constraints(evaluator.MatchingResources(hard), pod); err != nil {
			says.Unspecified = err.Error()
		}
		asked := quota.Mask(quota.RemoveZeros(usage), hard)
		after := quota.Mask(quota.Add(q.Status.Used, asked), quota.ResourceNames(asked))
		if _, exceeded := quota.LessThanOrEqual(after, q.Status.Hard); len(exceeded) > 0 {
			for _, name := range exceeded {
				says.Exceeded = append(says.Exceeded, string(name))
			}
		}
		slices.Sort(says.Exceeded)
		found.Quotas[q.Name] = says
	}
	return nil
}

// refusals shortens LimitRanger's errors to what they are about.
func refusals(err error) ([]string, error) {
	var all utilerrors.Aggregate
	if err == nil || !errors.As(err, &all) {
		return nil, err
	}
	var found []string
	for _, one := range all.Errors() {
		words := strings.Fields(one.Error())
		switch {
		case len(words) > 4 && words[1] != "max":
			found = append(found, fmt.Sprintf("%s %s %s", words[0], words[1], words[4]))
		case len(words) > 7:
			found = append(found, fmt.Sprintf("ratio %s %s", words[0], words[7]))
		default:
			return nil, one
		}
	}
	return found, nil
}
