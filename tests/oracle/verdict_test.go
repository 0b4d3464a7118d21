package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func testScheduler(t *testing.T) *schedulerUnderTest {
	t.Helper()
	silenceLogs()
	sched, err := newScheduler(t.Context(), 1, allNodes)
	if err != nil {
		t.Fatal(err)
	}
	return sched
}

const (
	anyStatus = `"status":{"allocatable":{"cpu":"4","memory":"8Gi","pods":"10"}}`
	twoZones  = `{"metadata":{"name":"a","labels":{"kubernetes.io/hostname":"a","topology.kubernetes.io/zone":"za"}},` + anyStatus + `},
		{"metadata":{"name":"b","labels":{"kubernetes.io/hostname":"b","topology.kubernetes.io/zone":"zb"}},` + anyStatus + `}`
	anyContainers = `"containers":[{"name":"c","image":"i"}]`
)

// Each case has one fact that a plausible scheduler could get wrong.
func TestKnownVerdicts(t *testing.T) {
	zoneTerm := `{"topologyKey":"topology.kubernetes.io/zone","labelSelector":{"matchLabels":{"app":"x"}}%s}`
	affinity := func(kind, extra string) string {
		return fmt.Sprintf(`"affinity":{"%s":{"requiredDuringSchedulingIgnoredDuringExecution":[%s]}}`, kind, fmt.Sprintf(zoneTerm, extra))
	}
	spread := func(selector string) string {
		return `"topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"topology.kubernetes.io/zone","whenUnsatisfiable":"DoNotSchedule","labelSelector":` + selector + `}]`
	}
	onA := func(meta, spec, status string) string {
		return `{"metadata":{"name":"e","namespace":"default","labels":{"app":"x"}` + meta + `},"spec":{"nodeName":"a",` + spec + `},"status":{"phase":"Running"` + status + `}}`
	}
	tests := []struct {
		name, nodes, pods, volumes, meta, spec string
		feasible                               []string
		// rejected is "node plugin/code: reason".
		rejected []string
	}{
		{name: "nothing asked", feasible: []string{"a", "b"}},
		{
			name: "taint", nodes: `{"metadata":{"name":"t"},"spec":{"taints":[{"key":"k","effect":"NoSchedule"}]},` + anyStatus + `}`,
			rejected: []string{"t TaintToleration/UU: node(s) had untolerated taint(s)"},
		},
		{
			name: "an empty node selector term matches nothing",
			spec: `"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{}]}}}`,
			rejected: []string{
				"a NodeAffinity/UU: node(s) didn't match Pod's node affinity/selector",
				"b NodeAffinity/UU: node(s) didn't match Pod's node affinity/selector",
			},
		},
		{
			name: "affinity to oneself, first pod", meta: `,"labels":{"app":"x"}`, spec: affinity("podAffinity", ""),
			feasible: []string{"a", "b"},
		},
		{
			name: "affinity to oneself, not the first pod", meta: `,"labels":{"app":"x"}`, spec: affinity("podAffinity", ""),
			pods: onA("", anyContainers, ""), feasible: []string{"a"},
			rejected: []string{"b InterPodAffinity/UU: node(s) didn't match pod affinity rules"},
		},
		{
			name: "a terminating pod still repels", spec: affinity("podAntiAffinity", ""),
			pods:     onA(`,"deletionTimestamp":"2026-01-01T00:00:00Z","deletionGracePeriodSeconds":30`, anyContainers, ""),
			feasible: []string{"b"}, rejected: []string{"a InterPodAffinity/U: node(s) didn't match pod anti-affinity rules"},
		},
		{
			name: "a finished pod does not repel", spec: affinity("podAntiAffinity", ""),
			pods:     strings.Replace(onA("", anyContainers, ""), `"Running"`, `"Succeeded"`, 1),
			feasible: []string{"a", "b"},
		},
		{
			name: "matchLabelKeys are merged", meta: `,"labels":{"hash":"new"}`, spec: affinity("podAntiAffinity", `,"matchLabelKeys":["hash"]`),
			pods: onA("", anyContainers, ""), feasible: []string{"a", "b"},
		},
		{
			name: "a namespace selector that matches the empty set is no wildcard (kubernetes#141526)",
			spec: affinity("podAntiAffinity", `,"namespaceSelector":{"matchExpressions":[{"key":"kubernetes.io/metadata.name","operator":"NotIn","values":["default"]}]}`),
			pods: onA("", anyContainers, ""), feasible: []string{"a", "b"},
		},
		{
			name: "an existing pod's anti-affinity", meta: `,"labels":{"app":"x"}`,
			pods:     onA("", anyContainers+`,`+affinity("podAntiAffinity", ""), ""),
			feasible: []string{"b"}, rejected: []string{"a InterPodAffinity/U: node(s) didn't satisfy existing pods anti-affinity rules"},
		},
		{
			name: "spread", meta: `,"labels":{"app":"x"}`, spec: spread(`{"matchLabels":{"app":"x"}}`), pods: onA("", anyContainers, ""),
			feasible: []string{"b"}, rejected: []string{"a PodTopologySpread/U: node(s) didn't match pod topology spread constraints"},
		},
		{
			name: "spread with an empty selector counts nothing", spec: spread(`{}`), pods: onA("", anyContainers, ""),
			feasible: []string{"a", "b"},
		},
		{
			name: "init containers and sidecars", pods: onA("", `"containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"1"}}}],
				"initContainers":[{"name":"s","image":"i","restartPolicy":"Always","resources":{"requests":{"cpu":"500m"}}},{"name":"i","image":"i","resources":{"requests":{"cpu":"3"}}}]`, ""),
			spec: `"containers":[{"name":"c","image":"i","resources":{"limits":{"cpu":"600m"}}}]`, feasible: []string{"b"},
			rejected: []string{"a NodeResourcesFit/U: Insufficient cpu"},
		},
		{
			name: "more than a node has", spec: `"containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"5"}}}]`,
			rejected: []string{"a NodeResourcesFit/UU: Insufficient cpu", "b NodeResourcesFit/UU: Insufficient cpu"},
		},
		{
			name: "host ports", pods: onA("", `"containers":[{"name":"c","image":"i","ports":[{"containerPort":80,"hostPort":80,"hostIP":"10.0.0.1"}]}]`, ""),
			spec:     `"containers":[{"name":"c","image":"i","ports":[{"containerPort":80,"hostPort":80}]}]`,
			feasible: []string{"b"}, rejected: []string{"a NodePorts/U: node(s) didn't have free ports for the requested pod ports"},
		},
		{
			name: "a nominated pod of higher priority", spec: `"containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"2"}}}]`,
			pods: `{"metadata":{"name":"n","namespace":"default"},"spec":{"priority":10,"containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"3"}}}]},
				"status":{"phase":"Pending","nominatedNodeName":"a"}}`,
			feasible: []string{"b"}, rejected: []string{"a NodeResourcesFit/U: Insufficient cpu"},
		},
		{
			name: "a claim that is not there", spec: `"volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"gone"}}]`,
			rejected: []string{
				`a VolumeRestrictions/UU: persistentvolumeclaim "gone" not found`,
				`b VolumeRestrictions/UU: persistentvolumeclaim "gone" not found`,
			},
		},
		{
			name: "the node of a bound volume", spec: `"volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"p"}}]`,
			volumes: `,"pvcs":[{"metadata":{"name":"p","namespace":"default","uid":"u","annotations":{"pv.kubernetes.io/bind-completed":"yes"}},
				"spec":{"volumeName":"v","storageClassName":"","accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}},"status":{"phase":"Bound"}}],
				"pvs":[{"metadata":{"name":"v"},"spec":{"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteOnce"],"local":{"path":"/x"},
				"claimRef":{"namespace":"default","name":"p","uid":"u"},
				"nodeAffinity":{"required":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"kubernetes.io/hostname","operator":"In","values":["b"]}]}]}}}}]`,
			feasible: []string{"b"}, rejected: []string{"a VolumeBinding/UU: node(s) didn't match PersistentVolume's node affinity"},
		},
	}
	sched := testScheduler(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			nodes, spec := test.nodes, test.spec
			if nodes == "" {
				nodes = twoZones
			}
			if !strings.Contains(spec, `"containers"`) {
				spec = strings.TrimPrefix(spec+","+anyContainers, ",")
			}
			line := fmt.Sprintf(`{"id":"t","cluster":{"nodes":[%s],"pods":[%s],"namespaces":[{"metadata":{"name":"default"}}]%s},"pod":{"metadata":{"name":"incoming","namespace":"default"%s},"spec":{%s}}}`,
				nodes, test.pods, test.volumes, test.meta, spec)
			c, _, err := decodeCase([]byte(line))
			if err != nil {
				t.Fatal(err)
			}
			verdict, err := sched.judge(c, options{})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(verdict.Feasible, test.feasible) {
				t.Errorf("feasible: %v, want %v", verdict.Feasible, test.feasible)
			}
			var rejected []string
			for _, name := range sortedKeys(verdict.Nodes) {
				if node := verdict.Nodes[name]; node.Code != "S" {
					rejected = append(rejected, fmt.Sprintf("%s %s/%s: %s", name, node.Plugin, node.Code, strings.Join(node.Reasons, "; ")))
				}
			}
			if !slices.Equal(rejected, test.rejected) {
				t.Errorf("rejected:\n%s\nwant\n%s", strings.Join(rejected, "\n"), strings.Join(test.rejected, "\n"))
			}
		})
	}
}

// A case that the API server would refuse, or that is no case, is answered with an error under its
// id, and the next line is judged all the same.
func TestBadCasesAreAnswered(t *testing.T) {
	silenceLogs()
	in := strings.Join([]string{
		`{"id":"not valid","cluster":{"nodes":[{"metadata":{"name":"a"}}]},"pod":{"metadata":{"name":"p"},"spec":{"containers":[]}}}`,
		`{"id":"no pod","cluster":{"nodes":[]}}`,
		`{"id":"wrong type","cluster":{"nodes":3},"pod":{}}`,
		``,
		`nonsense`,
		`{"id":"twice","cluster":{"nodes":[{"metadata":{"name":"a"}},{"metadata":{"name":"a"}}]},"pod":{"metadata":{"name":"p"},"spec":{` + anyContainers + `}}}`,
		`{"id":"no nodes","cluster":{},"pod":{"metadata":{"name":"p"},"spec":{` + anyContainers + `}}}`,
		`{"id":"fine","cluster":{"nodes":[{"metadata":{"name":"a"},` + anyStatus + `}]},"pod":{"metadata":{"name":"p"},"spec":{` + anyContainers + `}}}`,
	}, "\n")
	var out strings.Builder
	if err := judgeLines(strings.NewReader(in), &out, options{}, 2); err != nil {
		t.Fatal(err)
	}
	wants := []struct{ id, error string }{
		{"not valid", "spec.containers: Required value"},
		{"no pod", "the case has no pod"},
		{"wrong type", "not a case: json: cannot unmarshal number"},
		{"line 5", "not a case: invalid character"},
		{"twice", "node /a: twice in the cluster"},
		{"no nodes", ""},
		{"fine", ""},
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != len(wants) {
		t.Fatalf("%d answers, want %d:\n%s", len(lines), len(wants), out.String())
	}
	for i, want := range wants {
		var answer Answer
		if err := json.Unmarshal([]byte(lines[i]), &answer); err != nil {
			t.Fatal(err)
		}
		if answer.ID != want.id || !strings.Contains(answer.Error, want.error) || (want.error == "") != (answer.Error == "") {
			t.Errorf("answer %d: %s; want id %q and error %q", i, lines[i], want.id, want.error)
		}
	}
}
