package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// beProgram makes the test binary behave as the program, which starts itself once per component.
const beProgram = "CONTROLPLANE_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(beProgram) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// program is a started control plane.
type program struct {
	announcement
	command *exec.Cmd
	stdin   io.WriteCloser
	stdout  *bufio.Reader
}

// order gives an order and returns the answer to it.
func (p *program) order(t *testing.T, order string) (answer done) {
	t.Helper()
	_, err := fmt.Fprintln(p.stdin, order)
	must(t, err)
	line, err := p.stdout.ReadBytes('\n')
	must(t, err)
	must(t, json.Unmarshal(line, &answer))
	return answer
}

func command(arguments ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], arguments...)
	c.Env = append(os.Environ(), beProgram+"=1")
	return c
}

func startProgram(t *testing.T, arguments ...string) *program {
	t.Helper()
	c := command(arguments...)
	c.Stderr = os.Stderr
	stdin, err := c.StdinPipe()
	must(t, err)
	stdout, err := c.StdoutPipe()
	must(t, err)
	must(t, c.Start())
	t.Cleanup(func() { _ = c.Process.Kill() })
	reader := bufio.NewReader(stdout)
	line, err := reader.ReadBytes('\n')
	must(t, err)
	p := &program{command: c, stdin: stdin, stdout: reader}
	must(t, json.Unmarshal(line, &p.announcement))
	return p
}

func TestStarts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "plane")
	p := startProgram(t, "--dir", dir, "--remove-dir")
	if !strings.HasPrefix(p.Version, "v1.") {
		t.Errorf("version %q is not that of a Kubernetes 1 release", p.Version)
	}
	config, err := clientcmd.BuildConfigFromFlags("", p.Kubeconfig)
	must(t, err)
	client, err := kubernetes.NewForConfig(config)
	must(t, err)

	t.Run("scheduler binds a pod", func(t *testing.T) { bindsPod(t, client) })
	t.Run("controllers make a Deployment's pods", func(t *testing.T) { runsDeployment(t, client) })
	t.Run("API server calls webhooks by URL", func(t *testing.T) { callsWebhook(t, client) })

	children := childrenOf(t, p.command.Process.Pid)
	if len(children) != len(components) {
		t.Errorf("%d child processes, want %d", len(children), len(components))
	}
	must(t, p.stdin.Close())
	if err := p.command.Wait(); err != nil {
		t.Errorf("after stdin was closed: %v, want exit status 0", err)
	}
	checkGone(t, children, p.Server)
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("--remove-dir left %s", dir)
	}
}

func TestNothingSurvivesASignal(t *testing.T) {
	for _, test := range []struct {
		signal syscall.Signal
		clean  bool
	}{
		{syscall.SIGTERM, true},
		{syscall.SIGINT, true},
		{syscall.SIGKILL, false},
	} {
		t.Run(test.signal.String(), func(t *testing.T) {
			p := startProgram(t, "--dir", t.TempDir())
			children := childrenOf(t, p.command.Process.Pid)
			must(t, p.command.Process.Signal(test.signal))
			if err := p.command.Wait(); (err == nil) != test.clean {
				t.Errorf("ended with %v", err)
			}
			checkGone(t, children, p.Server)
		})
	}
}

func TestComponentEndsUnexpectedly(t *testing.T) {
	p := startProgram(t, "--dir", t.TempDir())
	children := childrenOf(t, p.command.Process.Pid)
	must(t, syscall.Kill(children[0], syscall.SIGKILL))
	if err := p.command.Wait(); err == nil {
		t.Error("exit status 0 after a component was killed")
	}
	checkGone(t, children, p.Server)
}

func TestComponentsAreStartedAgain(t *testing.T) {
	p := startProgram(t, "--dir", t.TempDir())
	config, err := clientcmd.BuildConfigFromFlags("", p.Kubeconfig)
	must(t, err)
	client, err := kubernetes.NewForConfig(config)
	must(t, err)
	here := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "here"}}
	_, err = client.CoreV1().ConfigMaps("default").Create(t.Context(), here, metav1.CreateOptions{})
	must(t, err)
	for _, test := range []struct{ order, says string }{
		{"start apiserver", "runs already"},
		{"stop apiserver", ""},
		{"kill apiserver", "does not run"},
		{"stop etcd", ""},
		{"start etcd", ""},
		{"start apiserver", ""},
		{"kill apiserver", ""},
		{"start apiserver", ""},
		{"pause apiserver", "none of start, stop and kill"},
		{"stop webhook", "no component is named"},
	} {
		answer := p.order(t, test.order)
		if answer.Done != test.order || (answer.Error == "") != (test.says == "") || !strings.Contains(answer.Error, test.says) {
			t.Fatalf("%s: %+v, want an error that contains %q", test.order, answer, test.says)
		}
		_, err := client.CoreV1().ConfigMaps("default").Get(t.Context(), "here", metav1.GetOptions{})
		if away := test.order == "stop apiserver" || strings.Contains(test.order, " etcd") || test.says == "does not run" || test.order == "kill apiserver"; (err != nil) != away {
			t.Fatalf("after %s: %v", test.order, err)
		}
	}
	children := childrenOf(t, p.command.Process.Pid)
	must(t, p.stdin.Close())
	must(t, p.command.Wait())
	checkGone(t, children, p.Server)
}

func TestRefusals(t *testing.T) {
	occupied := t.TempDir()
	must(t, os.WriteFile(filepath.Join(occupied, "mine"), nil, 0o600))
	for _, test := range []struct {
		name      string
		arguments []string
		code      int
		says      string
	}{
		{"no folder", nil, 2, "--dir is required"},
		{"stray argument", []string{"--dir", "x", "y"}, 2, `unexpected argument "y"`},
		{"occupied folder", []string{"--dir", occupied, "--remove-dir"}, 1, "is not empty"},
		{"deadline", []string{"--dir", t.TempDir(), "--timeout", "1s"}, 1, "not ready after 1s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := command(test.arguments...)
			stdin, err := c.StdinPipe() // open until the program ends
			must(t, err)
			defer stdin.Close()
			var stderr bytes.Buffer
			c.Stderr = &stderr
			must(t, c.Start())
			_ = c.Wait()
			if got := c.ProcessState.ExitCode(); got != test.code {
				t.Errorf("exit code %d, want %d", got, test.code)
			}
			if !strings.Contains(stderr.String(), test.says) {
				t.Errorf("says %q, want it to contain %q", stderr.String(), test.says)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(occupied, "mine")); err != nil {
		t.Error(err)
	}
}

func bindsPod(t *testing.T, client kubernetes.Interface) {
	ctx := t.Context()
	capacity := corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("4"),
		corev1.ResourceMemory: resource.MustParse("8Gi"),
		corev1.ResourcePods:   resource.MustParse("110"),
	}
	_, err := client.CoreV1().Nodes().Create(ctx, &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: "node-1"},
		Status:     corev1.NodeStatus{Capacity: capacity, Allocatable: capacity},
	}, metav1.CreateOptions{})
	must(t, err)
	_, err = client.CoreV1().Pods("default").Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "single"},
		Spec:       podSpec(),
	}, metav1.CreateOptions{})
	must(t, err)
	eventually(t, "the pod is bound to node-1", func() bool {
		pod, err := client.CoreV1().Pods("default").Get(ctx, "single", metav1.GetOptions{})
		return err == nil && pod.Spec.NodeName == "node-1"
	})
}

func runsDeployment(t *testing.T, client kubernetes.Interface) {
	ctx := t.Context()
	replicas := int32(3)
	labels := map[string]string{"app": "web"}
	_, err := client.AppsV1().Deployments("default").Create(ctx, &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: podSpec()},
		},
	}, metav1.CreateOptions{})
	must(t, err)
	eventually(t, "three pods are bound to node-1", func() bool {
		pods, err := client.CoreV1().Pods("default").List(ctx, metav1.ListOptions{LabelSelector: "app=web"})
		if err != nil || len(pods.Items) != int(replicas) {
			return false
		}
		for _, pod := range pods.Items {
			if pod.Spec.NodeName != "node-1" {
				return false
			}
		}
		return true
	})
}

func callsWebhook(t *testing.T, client kubernetes.Interface) {
	ctx := t.Context()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var review admissionv1.AdmissionReview
		_ = json.NewDecoder(r.Body).Decode(&review)
		review.Response = &admissionv1.AdmissionResponse{
			UID:    review.Request.UID,
			Result: &metav1.Status{Message: "refused by the test"},
		}
		_ = json.NewEncoder(w).Encode(review)
	}))
	defer server.Close()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	none := admissionregistrationv1.SideEffectClassNone
	hooks := client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	_, err := hooks.Create(ctx, &admissionregistrationv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "test"},
		Webhooks: []admissionregistrationv1.ValidatingWebhook{{
			Name:                    "refuse.example.com",
			ClientConfig:            admissionregistrationv1.WebhookClientConfig{URL: &server.URL, CABundle: ca},
			SideEffects:             &none,
			AdmissionReviewVersions: []string{"v1"},
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
				Rule: admissionregistrationv1.Rule{
					APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"configmaps"},
				},
			}},
		}},
	}, metav1.CreateOptions{})
	must(t, err)
	defer func() { _ = hooks.Delete(ctx, "test", metav1.DeleteOptions{}) }()
	eventually(t, "the webhook refuses a ConfigMap", func() bool {
		_, err := client.CoreV1().ConfigMaps("default").Create(ctx,
			&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "c-"}}, metav1.CreateOptions{})
		return err != nil && strings.Contains(err.Error(), "refused by the test")
	})
}

func podSpec() corev1.PodSpec {
	return corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "registry.invalid/none"}}}
}

// childrenOf lists the child processes.
func childrenOf(t *testing.T, parent int) []int {
	t.Helper()
	out, err := exec.Command("ps", "-A", "-o", "pid=,ppid=").Output()
	must(t, err)
	var children []int
	for line := range strings.Lines(string(out)) {
		var pid, ppid int
		if _, err := fmt.Sscan(line, &pid, &ppid); err == nil && ppid == parent {
			children = append(children, pid)
		}
	}
	if len(children) == 0 {
		t.Fatal("no child processes")
	}
	return children
}

// checkGone waits until no component runs and nobody listens on the API server's port.
func checkGone(t *testing.T, components []int, server string) {
	t.Helper()
	for _, pid := range components {
		eventually(t, fmt.Sprintf("process %d ends", pid), func() bool {
			return syscall.Kill(pid, 0) == syscall.ESRCH
		})
	}
	address, err := url.Parse(server)
	must(t, err)
	if connection, err := net.Dial("tcp", address.Host); err == nil {
		_ = connection.Close()
		t.Errorf("somebody still listens on %s", address.Host)
	}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
