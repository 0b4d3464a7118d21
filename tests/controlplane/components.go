package main

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

var componentOrder = []string{"etcd", "apiserver", "scheduler", "controller-manager"}

// components are the programs this binary can be. The last three are Kubernetes' own commands,
// configured by their own flags, as on a real cluster.
var components = map[string]func(arguments []string) int{
	"etcd":               runEtcd,
	"apiserver":          kubernetesCommand(func() *cobra.Command { return apiserver.NewAPIServerCommand() }),
	"scheduler":          kubernetesCommand(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
	"controller-manager": kubernetesCommand(controllermanager.NewControllerManagerCommand),
}

func kubernetesCommand(command func() *cobra.Command) func([]string) int {
	return func(arguments []string) int {
		c := command()
		c.SetArgs(arguments)
		return cli.Run(c)
	}
}

func verbosityArguments(component string, verbosity int) []string {
	if component == "etcd" {
		return nil
	}
	return []string{"--v=" + strconv.Itoa(verbosity)}
}

// featureArguments are what differs from the defaults of Kubernetes.
func featureArguments(component string, o options) []string {
	var arguments []string
	if o.features != "" && component != "etcd" {
		arguments = append(arguments, "--feature-gates="+o.features)
	}
	if o.apis != "" && component == "apiserver" {
		arguments = append(arguments, "--runtime-config="+o.apis)
	}
	if o.audit && component == "apiserver" {
		arguments = append(arguments,
			"--audit-policy-file="+filepath.Join(o.dir, auditPolicyFile),
			"--audit-log-path="+filepath.Join(o.dir, "audit.log"))
	}
	return arguments
}

func etcdArguments(dir, clientURL, peerURL string) []string {
	return []string{
		"--data-dir=" + filepath.Join(dir, "etcd"),
		"--client-url=" + clientURL,
		"--peer-url=" + peerURL,
	}
}

// runEtcd runs an embedded etcd of one member that never waits for the disk: the data are worth
// nothing once the test is over.
func runEtcd(arguments []string) int {
	flags := flag.NewFlagSet("etcd", flag.ExitOnError)
	dataDir := flags.String("data-dir", "", "")
	clientURL := flags.String("client-url", "", "")
	peerURL := flags.String("peer-url", "", "")
	_ = flags.Parse(arguments) // exits on error

	client, err := url.Parse(*clientURL)
	if err != nil {
		return report(err)
	}
	peer, err := url.Parse(*peerURL)
	if err != nil {
		return report(err)
	}
	config := embed.NewConfig()
	config.Dir = *dataDir
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{*client}, []url.URL{*client}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{*peer}, []url.URL{*peer}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.SocketOpts.ReusePort = true // see reservePorts
	config.UnsafeNoFsync = true
	config.LogLevel = "warn"
	config.LogOutputs = []string{"stderr"}

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return report(err)
	}
	defer etcd.Close()
	select {
	case <-stop:
		return 0
	case err := <-etcd.Err():
		return report(err)
	}
}

func report(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// The admission plugins that a webhook meets. All but the two last are on by default too; they are
// named so that a change of the defaults cannot switch them off unseen.
var (
	admissionOn = []string{
		"DefaultTolerationSeconds", "LimitRanger", "Priority", "ResourceQuota",
		"MutatingAdmissionWebhook", "ValidatingAdmissionWebhook", "ValidatingAdmissionPolicy",
	}
	// They need a kubelet: one would taint every new node as not ready, the other mounts tokens.
	admissionOff = []string{"ServiceAccount", "TaintNodesByCondition"}
)

func apiserverArguments(dir, etcdURL string, port int) []string {
	return append(servingArguments(dir, port),
		"--advertise-address=127.0.0.1",
		"--endpoint-reconciler-type=none", // a loopback address is no valid endpoint
		"--etcd-servers="+etcdURL,
		"--service-cluster-ip-range=10.0.0.0/16",
		"--authorization-mode=RBAC",
		"--client-ca-file="+filepath.Join(dir, caFile),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+filepath.Join(dir, serviceAccountPublic),
		"--service-account-signing-key-file="+filepath.Join(dir, serviceAccountKey),
		"--enable-admission-plugins="+strings.Join(admissionOn, ","),
		"--disable-admission-plugins="+strings.Join(admissionOff, ","),
		"--allow-privileged=true",
		"--profiling=false",
	)
}

const auditPolicyFile = "audit-policy.yaml"

// Who asked for what, and the annotations of admission.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
`

func schedulerArguments(dir, config string, port int) []string {
	return append(servingArguments(dir, port),
		"--config="+config,
		"--authentication-skip-lookup=true",
	)
}

// The default profile. A pod that did not fit is tried again after one second, not up to ten.
const schedulerConfig = `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
leaderElection:
  leaderElect: false
clientConnection:
  kubeconfig: %q
  qps: 1000
  burst: 2000
podInitialBackoffSeconds: 1
podMaxBackoffSeconds: 1
enableProfiling: false
`

func writeSchedulerConfig(dir string) (string, error) {
	file := filepath.Join(dir, "scheduler.yaml")
	text := fmt.Sprintf(schedulerConfig, filepath.Join(dir, "scheduler.kubeconfig"))
	return file, os.WriteFile(file, []byte(text), 0o600)
}

// What tests need, and what else would leave a finaliser on a claim or a volume for ever. Not
// among them: whatever judges nodes by their heartbeats, for nothing here sends any.
var controllers = []string{
	"clusterrole-aggregation-controller",
	"cronjob-controller",
	"daemonset-controller",
	"deployment-controller",
	"disruption-controller",
	"endpointslice-controller",
	"garbage-collector-controller",
	"horizontal-pod-autoscaler-controller",
	"job-controller",
	"namespace-controller",
	"persistentvolume-binder-controller",
	"persistentvolume-protection-controller",
	"persistentvolumeclaim-protection-controller",
	"pod-garbage-collector-controller",
	"podgroup-protection-controller",
	"replicaset-controller",
	"resourcequota-controller",
	"serviceaccount-controller",
	"statefulset-controller",
	"validatingadmissionpolicy-status-controller",
}

func controllerManagerArguments(dir string, port int) []string {
	return append(servingArguments(dir, port),
		"--kubeconfig="+filepath.Join(dir, "controller-manager.kubeconfig"),
		"--authentication-skip-lookup=true",
		"--leader-elect=false",
		"--controllers="+strings.Join(controllers, ","),
		// Each controller is its own user, so webhooks see the same user names as on a real cluster.
		"--use-service-account-credentials=true",
		"--kube-api-qps=1000",
		"--kube-api-burst=2000",
		"--horizontal-pod-autoscaler-sync-period=1s",
		"--pvclaimbinder-sync-period=1s",
		"--resource-quota-sync-period=5s",
		"--profiling=false",
	)
}

func servingArguments(dir string, port int) []string {
	return []string{
		"--bind-address=127.0.0.1",
		"--secure-port=" + strconv.Itoa(port),
		"--permit-port-sharing=true", // see reservePorts
		"--tls-cert-file=" + filepath.Join(dir, servingCertificate),
		"--tls-private-key-file=" + filepath.Join(dir, servingKey),
		"--cert-dir=" + dir,
	}
}
