package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

// options say what a verdict has beyond the corpus format.
type options struct {
	// all adds every rejecting plugin of every node.
	all bool
	// scores adds the scores, when at least two nodes are feasible.
	scores bool
	// preemption adds what preemption could do on the nodes that are rejected.
	preemption bool
}

// judge runs a case through admission, the plugins, and, as a check of ourselves, SchedulePod.
func (s *schedulerUnderTest) judge(c *Case, opts options) (*Verdict, error) {
	if err := admit(c); err != nil {
		return nil, err
	}
	if s.configured {
		if err := s.use(c.Pod.Spec.SchedulerName); err != nil {
			return nil, err
		}
	}
	if err := s.load(&c.Cluster); err != nil {
		return nil, err
	}
	nodes, err := s.snapshot.List()
	if err != nil {
		return nil, err
	}
	verdict := &Verdict{
		Feasible: []string{},
		Nodes:    make(map[string]NodeVerdict, len(nodes)),
	}
	state := framework.NewCycleState()
	statuses := make(map[string]*fwk.Status, len(nodes))
	feasible, err := s.filter(verdict, state, c.Pod, nodes, statuses)
	if err != nil {
		return nil, err
	}
	if opts.preemption {
		if verdict.Preemption, err = s.preempt(state, c.Pod, statuses, c.Cluster.PDBs); err != nil {
			return nil, err
		}
	}
	s.eachByItself(verdict, c.Pod, nodes, opts.all)
	if opts.scores && len(feasible) > 1 {
		// An error stops the scheduler: its message, from the check below, says so.
		verdict.Scores, _ = s.score(state, c.Pod, feasible)
	}
	return verdict, s.check(verdict, c.Pod)
}

// filter does what findNodesThatFitPod does, without its early stop, and returns the feasible nodes.
// The status of each node is left in statuses.
func (s *schedulerUnderTest) filter(verdict *Verdict, state fwk.CycleState, pod *v1.Pod, nodes []fwk.NodeInfo, statuses map[string]*fwk.Status) ([]fwk.NodeInfo, error) {
	narrowed, status, narrowing := s.framework.RunPreFilterPlugins(s.ctx, state, pod)
	if !status.IsSuccess() {
		if !status.IsRejected() {
			return nil, fmt.Errorf("scheduling error: %w", status.AsError())
		}
		rejected := nodeVerdict(status)
		verdict.PreFilter = &rejected
		for _, node := range nodes {
			verdict.Nodes[node.Node().Name] = rejected
			statuses[node.Node().Name] = status
		}
		return nil, nil
	}
	verdict.Skipped = sets.List(state.GetSkipFilterPlugins())
	outside := NodeVerdict{}
	if !narrowed.AllNodes() {
		verdict.PreFilterNodes = sets.List(narrowed.NodeNames)
		plugins := sets.List(narrowing)
		outside = NodeVerdict{
			Code:    "UU",
			Plugin:  strings.Join(plugins, ","),
			Reasons: []string{fmt.Sprintf("node(s) didn't satisfy plugin(s) %v", plugins)},
		}
	}
	var feasible []fwk.NodeInfo
	for _, node := range nodes {
		name := node.Node().Name
		if !narrowed.AllNodes() && !narrowed.NodeNames.Has(name) {
			verdict.Nodes[name] = outside
			statuses[name] = fwk.NewStatus(fwk.UnschedulableAndUnresolvable, outside.Reasons...)
			continue
		}
		status := s.framework.RunFilterPluginsWithNominatedPods(s.ctx, state, pod, node)
		if !status.IsSuccess() && !status.IsRejected() {
			return nil, fmt.Errorf("scheduling error: %w", status.AsError())
		}
		verdict.Nodes[name] = nodeVerdict(status)
		statuses[name] = status
		if status.IsSuccess() {
			feasible = append(feasible, node)
			verdict.Feasible = append(verdict.Feasible, name)
		}
	}
	slices.Sort(verdict.Feasible)
	return feasible, nil
}

// eachByItself runs every Filter plugin alone, with a state of its own and without nominated pods.
func (s *schedulerUnderTest) eachByItself(verdict *Verdict, pod *v1.Pod, nodes []fwk.NodeInfo, all bool) {
	verdict.ByPlugin = make(map[string]map[string]string)
	if all {
		verdict.All = make(map[string][]NodeVerdict)
	}
	for _, plugin := range s.filters {
		state := framework.NewCycleState()
		codes := make(map[string]string)
		if pre, ok := plugin.(fwk.PreFilterPlugin); ok {
			_, status := pre.PreFilter(s.ctx, state, pod, nodes)
			if status.IsSkip() {
				continue
			}
			if !status.IsSuccess() {
				rejected := nodeVerdict(status)
				rejected.Plugin = plugin.Name()
				codes["*"] = rejected.Code
				verdict.ByPlugin[plugin.Name()] = codes
				verdict.reject(rejected, nodes...)
				continue
			}
		}
		for _, node := range nodes {
			if status := plugin.Filter(s.ctx, state, pod, node); !status.IsSuccess() {
				rejected := nodeVerdict(status)
				rejected.Plugin = plugin.Name()
				codes[node.Node().Name] = rejected.Code
				verdict.reject(rejected, node)
			}
		}
		verdict.ByPlugin[plugin.Name()] = codes
	}
}

func (v *Verdict) reject(rejected NodeVerdict, nodes ...fwk.NodeInfo) {
	if v.All == nil {
		return
	}
	for _, node := range nodes {
		name := node.Node().Name
		v.All[name] = append(v.All[name], rejected)
	}
}

func (s *schedulerUnderTest) score(state fwk.CycleState, pod *v1.Pod, feasible []fwk.NodeInfo) (map[string]map[string]int64, error) {
	if status := s.framework.RunPreScorePlugins(s.ctx, state, pod, feasible); !status.IsSuccess() {
		return nil, fmt.Errorf("scoring error: %w", status.AsError())
	}
	scored, status := s.framework.RunScorePlugins(s.ctx, state, pod, feasible)
	if !status.IsSuccess() {
		return nil, fmt.Errorf("scoring error: %w", status.AsError())
	}
	scores := make(map[string]map[string]int64, len(scored))
	for _, node := range scored {
		plugins := map[string]int64{"total": node.TotalScore}
		for _, plugin := range node.Scores {
			plugins[plugin.Name] = plugin.Score
		}
		scores[node.Name] = plugins
	}
	return scores, nil
}

// check holds the verdict against SchedulePod's, which runs the same plugins by its own way, and
// takes its message. A disagreement is a mistake of this program.
func (s *schedulerUnderTest) check(verdict *Verdict, pod *v1.Pod) error {
	info, err := framework.NewPodInfo(pod)
	if err != nil {
		return fmt.Errorf("scheduling error: %w", err)
	}
	queued := &framework.QueuedPodInfo{PodInfo: info}
	result, err := s.scheduler.SchedulePod(s.ctx, s.framework, framework.NewCycleState(), queued)
	if err == nil {
		// With a nominated node that passes, or without scores, SchedulePod looks no further.
		if s.framework.HasScorePlugins() && pod.Status.NominatedNodeName == "" && result.FeasibleNodes != len(verdict.Feasible) {
			return fmt.Errorf("self-check: SchedulePod finds %d feasible nodes, we %d", result.FeasibleNodes, len(verdict.Feasible))
		}
		return nil
	}
	var unfit *framework.FitError
	if !errors.As(err, &unfit) {
		// Scoring failed, or there are no nodes at all.
		verdict.Message = err.Error()
		return nil
	}
	if len(verdict.Feasible) > 0 {
		return fmt.Errorf("self-check: %d feasible nodes, but SchedulePod says: %w", len(verdict.Feasible), err)
	}
	verdict.Message = unfit.Error()
	for name, node := range verdict.Nodes {
		if status := unfit.Diagnosis.NodeToStatus.Get(name); code(status) != node.Code {
			return fmt.Errorf("self-check: SchedulePod gives node %s %s, we %s", name, code(status), node.Code)
		}
	}
	return nil
}

func nodeVerdict(status *fwk.Status) NodeVerdict {
	if status.IsSuccess() {
		return NodeVerdict{Code: code(status)}
	}
	reasons := slices.Clone(status.Reasons())
	slices.Sort(reasons)
	return NodeVerdict{Code: code(status), Plugin: status.Plugin(), Reasons: reasons}
}

// code shortens a status code to the corpus' letters.
func code(status *fwk.Status) string {
	switch status.Code() {
	case fwk.Success:
		return "S"
	case fwk.Unschedulable:
		return "U"
	case fwk.UnschedulableAndUnresolvable:
		return "UU"
	}
	return status.Code().String()
}
