package main

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
)

func generated(t *testing.T, seed uint64, number int, focus string) string {
	t.Helper()
	text, err := json.Marshal(generate(seed, number, focus))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheSameSeedGivesTheSameCases(t *testing.T) {
	different := 0
	for number := range 200 {
		one := generated(t, 7, number, "")
		if one != generated(t, 7, number, "") {
			t.Errorf("case %d differs from itself", number)
		}
		if one != generated(t, 8, number, "") {
			different++
		}
	}
	if different < 200 {
		t.Errorf("only %d of 200 cases depend on the seed", different)
	}
}

// All generated cases are valid, and together they make every Filter plugin pass and fail nodes.
func TestGeneratedCasesCoverEveryPlugin(t *testing.T) {
	const cases = 1300
	sched := testScheduler(t)
	covered := &coverage{plugins: make(map[string]*pluginCoverage)}
	for number := range cases {
		verdict, err := sched.judgeGenerated(generate(11, number, ""))
		if err != nil {
			t.Errorf("case %d: %v", number, err)
			continue
		}
		covered.add(verdict)
	}
	for _, plugin := range focuses[1:] {
		c := covered.of(plugin)
		if c.failing < 20 || c.both < 10 || c.first < 20 {
			t.Errorf("%s: %d cases with a failing node, %d with a passing one too, first of %d nodes", plugin, c.failing, c.both, c.first)
		}
	}
	if covered.allFeasible < cases/20 || covered.someFeasible < cases/5 || covered.noneFeasible < cases/20 {
		t.Errorf("lopsided: %d all, %d some, %d none", covered.allFeasible, covered.someFeasible, covered.noneFeasible)
	}
}

// A scheduler that has judged other clusters answers as a new one does.
func TestNothingIsLeftOfTheLastCluster(t *testing.T) {
	used := testScheduler(t)
	opts := options{all: true, scores: true}
	for number := range 130 {
		var verdicts []*Verdict
		for _, sched := range []*schedulerUnderTest{used, testScheduler(t)} {
			c, _, err := decodeCase([]byte(generated(t, 3, number, "")))
			if err != nil {
				t.Fatal(err)
			}
			verdict, err := sched.judge(c, opts)
			if err != nil {
				t.Fatalf("case %d: %v", number, err)
			}
			verdicts = append(verdicts, verdict)
		}
		if !reflect.DeepEqual(verdicts[0], verdicts[1]) {
			one, _ := json.Marshal(verdicts[0])
			other, _ := json.Marshal(verdicts[1])
			t.Errorf("case %d: used %s\nnew %s", number, one, other)
		}
	}
}

// generate | judge, as on the command line.
func TestRoundTrip(t *testing.T) {
	silenceLogs()
	var cases, answers bytes.Buffer
	if err := generateCommand([]string{"--seed", "5", "--count", "300"}, &cases); err != nil {
		t.Fatal(err)
	}
	if err := judgeCommand([]string{"--all", "--scores", "--jobs", "2"}, &cases, &answers); err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(&answers)
	for number := range 300 {
		var answer Answer
		if err := decoder.Decode(&answer); err != nil {
			t.Fatal(err)
		}
		if answer.Error != "" || answer.ID != generate(5, number, "")["id"] {
			t.Errorf("case %d is answered as %s: %s", number, answer.ID, answer.Error)
			continue
		}
		for name, node := range answer.Verdict.Nodes {
			// No plugin, by itself, rejects a feasible node.
			if all := answer.Verdict.All[name]; node.Code == "S" && len(all) > 0 {
				t.Errorf("case %d: node %s is feasible, but %s rejects it", number, name, all[0].Plugin)
			}
		}
	}
	if decoder.More() {
		t.Error("more answers than cases")
	}
}

func TestUnknownFocusIsRefused(t *testing.T) {
	if err := generateCommand([]string{"--focus", "NoSuchPlugin"}, &bytes.Buffer{}); err == nil {
		t.Error("accepted")
	}
}

// Cases with a configuration are valid but for profiles that no pod survives, and most are scored.
func TestGeneratedConfigurationsAreJudged(t *testing.T) {
	const cases = 300
	configured := configuredSchedulers{ctx: t.Context()}
	judged, scored, spread := 0, 0, 0
	for number := range cases {
		c, _, err := decodeCase([]byte(generated(t, 11, number, configurations)))
		if err != nil {
			t.Fatal(err)
		}
		sched, err := configured.of(c.Config)
		if err != nil {
			t.Errorf("case %d: %v", number, err)
			continue
		}
		verdict, err := sched.judge(c, options{scores: true})
		if err != nil {
			continue
		}
		judged++
		if verdict.Scores != nil {
			scored++
		}
		if _, ok := verdict.ByPlugin["PodTopologySpread"]; ok && len(c.Pod.Spec.TopologySpreadConstraints) == 0 {
			spread++
		}
	}
	if judged < cases*9/10 || scored < cases/5 || spread < cases/50 {
		t.Errorf("of %d cases %d are judged, %d scored, %d spread by default", cases, judged, scored, spread)
	}
}

func TestAConfigurationIsReadAsTheSchedulerReadsIt(t *testing.T) {
	for text, ok := range map[string]bool{
		`{"apiVersion":"kubescheduler.config.k8s.io/v1","kind":"KubeSchedulerConfiguration"}`:                    true,
		`{"apiVersion":"kubescheduler.config.k8s.io/v1","kind":"KubeSchedulerConfiguration","profile":[]}`:       false,
		`{"apiVersion":"kubescheduler.config.k8s.io/v1","kind":"KubeSchedulerConfiguration","profiles":[{},{}]}`: false,
		`{"apiVersion":"v1","kind":"ConfigMap"}`:                                                                 false,
	} {
		if _, err := readConfiguration([]byte(text)); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}
