//! The table.

use super::{CustomKind, Form, Given, Pods};
use crate::kinds::ROLLOUTS_POD_TEMPLATE_HASH;

/// All of a pod spec.
const SPEC: &[(&str, &str)] = &[("spec", "")];
/// Native fields of a pod spec, beside fields of the operator's own.
const PLACEMENT: &[(&str, &str)] = &[
    ("spec/affinity", "affinity"),
    ("spec/tolerations", "tolerations"),
    ("spec/nodeSelector", "nodeSelector"),
];
/// The same with native topology spread constraints.
const PLACEMENT_AND_SPREAD: &[(&str, &str)] = &[
    ("spec/affinity", "affinity"),
    ("spec/tolerations", "tolerations"),
    ("spec/nodeSelector", "nodeSelector"),
    ("spec/topologySpreadConstraints", "topologySpreadConstraints"),
];
/// The pod of Strimzi's templates, which has a pod's metadata and no `spec`.
const STRIMZI: &[(&str, &str)] = &[
    ("metadata", "metadata"),
    ("spec/affinity", "affinity"),
    ("spec/tolerations", "tolerations"),
    ("spec/topologySpreadConstraints", "topologySpreadConstraints"),
    ("spec/schedulerName", "schedulerName"),
];
/// CloudNativePG's `affinity` is a schema of its own, with native parts.
const CLOUD_NATIVE_PG: &[(&str, &str)] = &[
    ("metadata", "inheritedMetadata"),
    ("spec/affinity/nodeAffinity", "affinity/nodeAffinity"),
    ("spec/tolerations", "affinity/tolerations"),
    ("spec/nodeSelector", "affinity/nodeSelector"),
    ("spec/topologySpreadConstraints", "topologySpreadConstraints"),
    ("spec/schedulerName", "schedulerName"),
];
/// Zalando's operator has the node affinity by itself.
const ZALANDO: &[(&str, &str)] = &[
    ("metadata/annotations", "podAnnotations"),
    ("spec/affinity/nodeAffinity", "nodeAffinity"),
    ("spec/tolerations", "tolerations"),
    ("spec/schedulerName", "schedulerName"),
];
/// Percona's `affinity` has the native one inside.
const PERCONA: &[(&str, &str)] = &[
    ("metadata/labels", "labels"),
    ("metadata/annotations", "annotations"),
    ("spec/affinity", "affinity/advanced"),
    ("spec/tolerations", "tolerations"),
    ("spec/nodeSelector", "nodeSelector"),
    ("spec/topologySpreadConstraints", "topologySpreadConstraints"),
];
/// Rook's placement has the parts of the affinity side by side.
const ROOK: &[(&str, &str)] = &[
    ("spec/affinity/nodeAffinity", "nodeAffinity"),
    ("spec/affinity/podAffinity", "podAffinity"),
    ("spec/affinity/podAntiAffinity", "podAntiAffinity"),
    ("spec/tolerations", "tolerations"),
    ("spec/topologySpreadConstraints", "topologySpreadConstraints"),
];
/// Prometheus Operator completes the selectors of topology spread constraints, so those are left out.
const PROMETHEUS: &[(&str, &str)] = &[
    ("metadata", "podMetadata"),
    ("spec/affinity", "affinity"),
    ("spec/tolerations", "tolerations"),
    ("spec/nodeSelector", "nodeSelector"),
    ("spec/schedulerName", "schedulerName"),
];

const fn template(at: &'static str) -> Pods {
    Pods { at, form: Form::Template }
}

const fn fields(at: &'static str, list: &'static [(&'static str, &'static str)]) -> Pods {
    Pods { at, form: Form::Fields(list) }
}

const fn row(
    group: &'static str,
    kind: &'static str,
    pods: &'static [Pods],
    labels: &'static [(&'static str, Given)],
) -> CustomKind {
    CustomKind { group, kind, pods, selector: false, revision_label: None, labels }
}

/// The custom resources, by group and kind; a line each. Of groups that a coordination refers to by
/// their labels (LeaderWorkerSet, JobSet, RoleBasedGroup) no labels are given: their pods are its
/// members, and not their templates.
#[rustfmt::skip]
pub static CUSTOM_KINDS: &[CustomKind] = &[
    row("", "PodTemplate", &[template("/template")], &[]),
    row("acid.zalan.do", "postgresql", &[fields("/spec", ZALANDO)], &[("cluster-name", Given::Name), ("application", Given::Value("spilo"))]),
    row("agent.k8s.elastic.co", "Agent", &[template("/spec/daemonSet/podTemplate"), template("/spec/deployment/podTemplate"), template("/spec/statefulSet/podTemplate")], &[("agent.k8s.elastic.co/name", Given::Name), ("common.k8s.elastic.co/type", Given::Value("agent"))]),
    row("agents.x-k8s.io", "Sandbox", &[template("/spec/podTemplate")], &[]),
    row("apm.k8s.elastic.co", "ApmServer", &[template("/spec/podTemplate")], &[("apm.k8s.elastic.co/name", Given::Name), ("common.k8s.elastic.co/type", Given::Value("apm-server"))]),
    row("apps.kruise.io", "AdvancedCronJob", &[template("/spec/template/broadcastJobTemplate/spec/template"), template("/spec/template/jobTemplate/spec/template")], &[]),
    row("apps.kruise.io", "BroadcastJob", &[template("/spec/template")], &[]),
    CustomKind { selector: true, ..row("apps.kruise.io", "CloneSet", &[template("/spec/template")], &[]) },
    CustomKind { selector: true, ..row("apps.kruise.io", "DaemonSet", &[template("/spec/template")], &[]) },
    CustomKind { selector: true, ..row("apps.kruise.io", "StatefulSet", &[template("/spec/template")], &[]) },
    row("apps.kruise.io", "UnitedDeployment", &[template("/spec/template/statefulSetTemplate/spec/template"), template("/spec/template/advancedStatefulSetTemplate/spec/template"), template("/spec/template/cloneSetTemplate/spec/template"), template("/spec/template/deploymentTemplate/spec/template")], &[]),
    row("apps.openshift.io", "DeploymentConfig", &[template("/spec/template")], &[]),
    row("argoproj.io", "AnalysisRun", &[template("/spec/metrics/*/provider/job/spec/template")], &[]),
    row("argoproj.io", "AnalysisTemplate", &[template("/spec/metrics/*/provider/job/spec/template")], &[]),
    row("argoproj.io", "ClusterAnalysisTemplate", &[template("/spec/metrics/*/provider/job/spec/template")], &[]),
    row("argoproj.io", "ClusterWorkflowTemplate", &[fields("/spec", PLACEMENT), fields("/spec/templates/*", PLACEMENT)], &[]),
    row("argoproj.io", "CronWorkflow", &[fields("/spec/workflowSpec", PLACEMENT), fields("/spec/workflowSpec/templates/*", PLACEMENT)], &[]),
    row("argoproj.io", "Experiment", &[template("/spec/templates/*/template")], &[]),
    CustomKind { selector: true, revision_label: Some(ROLLOUTS_POD_TEMPLATE_HASH), ..row("argoproj.io", "Rollout", &[template("/spec/template")], &[]) },
    row("argoproj.io", "Workflow", &[fields("/spec", PLACEMENT), fields("/spec/templates/*", PLACEMENT)], &[("workflows.argoproj.io/workflow", Given::Name)]),
    row("argoproj.io", "WorkflowTemplate", &[fields("/spec", PLACEMENT), fields("/spec/templates/*", PLACEMENT)], &[]),
    row("batch.volcano.sh", "CronJob", &[template("/spec/jobTemplate/spec/tasks/*/template")], &[]),
    row("batch.volcano.sh", "Job", &[template("/spec/tasks/*/template")], &[("volcano.sh/job-name", Given::Name)]),
    row("beat.k8s.elastic.co", "Beat", &[template("/spec/daemonSet/podTemplate"), template("/spec/deployment/podTemplate")], &[("beat.k8s.elastic.co/name", Given::Name), ("common.k8s.elastic.co/type", Given::Value("beat"))]),
    row("ceph.rook.io", "CephCluster", &[fields("/spec/placement/*", ROOK), fields("/spec/storage/storageClassDeviceSets/*/placement", ROOK), fields("/spec/storage/storageClassDeviceSets/*/preparePlacement", ROOK)], &[]),
    row("ceph.rook.io", "CephFilesystem", &[fields("/spec/metadataServer/placement", ROOK)], &[("app", Given::Value("rook-ceph-mds")), ("rook_file_system", Given::Name)]),
    row("ceph.rook.io", "CephFilesystemMirror", &[fields("/spec/placement", ROOK)], &[]),
    row("ceph.rook.io", "CephNFS", &[fields("/spec/server/placement", ROOK)], &[]),
    row("ceph.rook.io", "CephObjectStore", &[fields("/spec/gateway/placement", ROOK)], &[("app", Given::Value("rook-ceph-rgw")), ("rook_object_store", Given::Name)]),
    row("ceph.rook.io", "CephRBDMirror", &[fields("/spec/placement", ROOK)], &[]),
    row("clickhouse-keeper.altinity.com", "ClickHouseKeeperInstallation", &[template("/spec/templates/podTemplates/*")], &[("clickhouse-keeper.altinity.com/chk", Given::Name)]),
    row("clickhouse.altinity.com", "ClickHouseInstallation", &[template("/spec/templates/podTemplates/*")], &[("clickhouse.altinity.com/chi", Given::Name)]),
    row("clickhouse.altinity.com", "ClickHouseInstallationTemplate", &[template("/spec/templates/podTemplates/*")], &[]),
    row("core.pingcap.com", "PDGroup", &[template("/spec/template/spec/overlay/pod")], &[]),
    row("core.pingcap.com", "TiCDCGroup", &[template("/spec/template/spec/overlay/pod")], &[]),
    row("core.strimzi.io", "StrimziPodSet", &[template("/spec/pods/*")], &[]),
    row("crdb.cockroachlabs.com", "CrdbCluster", &[fields("/spec", PLACEMENT_AND_SPREAD)], &[("app.kubernetes.io/instance", Given::Name)]),
    row("databases.spotahome.com", "RedisFailover", &[fields("/spec/redis", PLACEMENT_AND_SPREAD), fields("/spec/sentinel", PLACEMENT_AND_SPREAD)], &[("redisfailovers.databases.spotahome.com/name", Given::Name)]),
    row("disaggregatedset.x-k8s.io", "DisaggregatedSet", &[template("/spec/roles/*/spec/leaderWorkerTemplate/leaderTemplate"), template("/spec/roles/*/spec/leaderWorkerTemplate/workerTemplate")], &[]),
    row("elasticsearch.k8s.elastic.co", "Elasticsearch", &[template("/spec/nodeSets/*/podTemplate")], &[("elasticsearch.k8s.elastic.co/cluster-name", Given::Name), ("common.k8s.elastic.co/type", Given::Value("elasticsearch"))]),
    row("enterprisesearch.k8s.elastic.co", "EnterpriseSearch", &[template("/spec/podTemplate")], &[("enterprisesearch.k8s.elastic.co/name", Given::Name)]),
    row("extensions.agents.x-k8s.io", "SandboxTemplate", &[template("/spec/podTemplate")], &[]),
    row("flink.apache.org", "FlinkDeployment", &[template("/spec/podTemplate"), template("/spec/jobManager/podTemplate"), template("/spec/taskManager/podTemplate")], &[("app", Given::Name), ("type", Given::Value("flink-native-kubernetes"))]),
    row("flow.volcano.sh", "JobTemplate", &[template("/spec/tasks/*/template")], &[]),
    row("grafana.integreatly.org", "Grafana", &[template("/spec/deployment/spec/template")], &[]),
    row("jobset.x-k8s.io", "JobSet", &[template("/spec/replicatedJobs/*/template/spec/template")], &[]),
    row("kafka.strimzi.io", "Kafka", &[fields("/spec/kafka/template/pod", STRIMZI), fields("/spec/zookeeper/template/pod", STRIMZI), fields("/spec/entityOperator/template/pod", STRIMZI), fields("/spec/kafkaExporter/template/pod", STRIMZI), fields("/spec/cruiseControl/template/pod", STRIMZI)], &[("strimzi.io/cluster", Given::Name), ("strimzi.io/kind", Given::Value("Kafka"))]),
    row("kafka.strimzi.io", "KafkaBridge", &[fields("/spec/template/pod", STRIMZI)], &[("strimzi.io/cluster", Given::Name), ("strimzi.io/kind", Given::Value("KafkaBridge"))]),
    row("kafka.strimzi.io", "KafkaConnect", &[fields("/spec/template/pod", STRIMZI)], &[("strimzi.io/cluster", Given::Name), ("strimzi.io/kind", Given::Value("KafkaConnect"))]),
    row("kafka.strimzi.io", "KafkaMirrorMaker2", &[fields("/spec/template/pod", STRIMZI)], &[("strimzi.io/cluster", Given::Name), ("strimzi.io/kind", Given::Value("KafkaMirrorMaker2"))]),
    row("kafka.strimzi.io", "KafkaNodePool", &[fields("/spec/template/pod", STRIMZI)], &[("strimzi.io/pool-name", Given::Name), ("strimzi.io/kind", Given::Value("Kafka"))]),
    row("keda.sh", "ScaledJob", &[template("/spec/jobTargetRef/template")], &[]),
    row("kibana.k8s.elastic.co", "Kibana", &[template("/spec/podTemplate")], &[("kibana.k8s.elastic.co/name", Given::Name), ("common.k8s.elastic.co/type", Given::Value("kibana"))]),
    row("kubeflow.org", "JAXJob", &[template("/spec/jaxReplicaSpecs/*/template")], &[("training.kubeflow.org/job-name", Given::Name)]),
    row("kubeflow.org", "MPIJob", &[template("/spec/mpiReplicaSpecs/*/template")], &[("training.kubeflow.org/job-name", Given::Name)]),
    row("kubeflow.org", "MXJob", &[template("/spec/mxReplicaSpecs/*/template")], &[("training.kubeflow.org/job-name", Given::Name)]),
    row("kubeflow.org", "Notebook", &[template("/spec/template")], &[("notebook-name", Given::Name)]),
    row("kubeflow.org", "PaddleJob", &[template("/spec/paddleReplicaSpecs/*/template")], &[("training.kubeflow.org/job-name", Given::Name)]),
    row("kubeflow.org", "PyTorchJob", &[template("/spec/pytorchReplicaSpecs/*/template")], &[("training.kubeflow.org/job-name", Given::Name)]),
    row("kubeflow.org", "TFJob", &[template("/spec/tfReplicaSpecs/*/template")], &[("training.kubeflow.org/job-name", Given::Name)]),
    row("kubeflow.org", "XGBoostJob", &[template("/spec/xgbReplicaSpecs/*/template")], &[("training.kubeflow.org/job-name", Given::Name)]),
    row("leaderworkerset.x-k8s.io", "LeaderWorkerSet", &[template("/spec/leaderWorkerTemplate/leaderTemplate"), template("/spec/leaderWorkerTemplate/workerTemplate")], &[]),
    row("logstash.k8s.elastic.co", "Logstash", &[template("/spec/podTemplate")], &[("logstash.k8s.elastic.co/name", Given::Name), ("common.k8s.elastic.co/type", Given::Value("logstash"))]),
    row("machinelearning.seldon.io", "SeldonDeployment", &[template("/spec/predictors/*/componentSpecs/*")], &[]),
    row("minio.min.io", "Tenant", &[fields("/spec/pools/*", PLACEMENT_AND_SPREAD)], &[("v1.min.io/tenant", Given::Name)]),
    row("mlops.seldon.io", "Server", &[fields("/spec/podSpec", SPEC)], &[]),
    row("monitoring.coreos.com", "Alertmanager", &[fields("/spec", PROMETHEUS)], &[("app.kubernetes.io/instance", Given::Name), ("app.kubernetes.io/managed-by", Given::Value("prometheus-operator")), ("app.kubernetes.io/name", Given::Value("alertmanager"))]),
    row("monitoring.coreos.com", "Prometheus", &[fields("/spec", PROMETHEUS)], &[("app.kubernetes.io/instance", Given::Name), ("app.kubernetes.io/managed-by", Given::Value("prometheus-operator")), ("app.kubernetes.io/name", Given::Value("prometheus"))]),
    row("monitoring.coreos.com", "PrometheusAgent", &[fields("/spec", PROMETHEUS)], &[("app.kubernetes.io/instance", Given::Name), ("app.kubernetes.io/managed-by", Given::Value("prometheus-operator")), ("app.kubernetes.io/name", Given::Value("prometheus-agent"))]),
    row("monitoring.coreos.com", "ThanosRuler", &[fields("/spec", PROMETHEUS)], &[("app.kubernetes.io/instance", Given::Name), ("app.kubernetes.io/managed-by", Given::Value("prometheus-operator")), ("app.kubernetes.io/name", Given::Value("thanos-ruler"))]),
    row("opentelemetry.io", "OpenTelemetryCollector", &[fields("/spec", PLACEMENT_AND_SPREAD), fields("/spec/targetAllocator", PLACEMENT_AND_SPREAD)], &[("app.kubernetes.io/managed-by", Given::Value("opentelemetry-operator"))]),
    row("opentelemetry.io", "TargetAllocator", &[fields("/spec", PLACEMENT_AND_SPREAD)], &[]),
    row("operator.victoriametrics.com", "VMAgent", &[fields("/spec", PLACEMENT_AND_SPREAD)], &[("app.kubernetes.io/instance", Given::Name), ("managed-by", Given::Value("vm-operator"))]),
    row("operator.victoriametrics.com", "VMAlert", &[fields("/spec", PLACEMENT_AND_SPREAD)], &[("app.kubernetes.io/instance", Given::Name), ("managed-by", Given::Value("vm-operator"))]),
    row("operator.victoriametrics.com", "VMAlertmanager", &[fields("/spec", PLACEMENT_AND_SPREAD)], &[("app.kubernetes.io/instance", Given::Name), ("managed-by", Given::Value("vm-operator"))]),
    row("operator.victoriametrics.com", "VMCluster", &[fields("/spec/vmstorage", PLACEMENT_AND_SPREAD), fields("/spec/vmselect", PLACEMENT_AND_SPREAD), fields("/spec/vminsert", PLACEMENT_AND_SPREAD)], &[("app.kubernetes.io/instance", Given::Name), ("managed-by", Given::Value("vm-operator"))]),
    row("operator.victoriametrics.com", "VMSingle", &[fields("/spec", PLACEMENT_AND_SPREAD)], &[("app.kubernetes.io/instance", Given::Name), ("managed-by", Given::Value("vm-operator"))]),
    row("operators.coreos.com", "ClusterServiceVersion", &[template("/spec/install/spec/deployments/*/spec/template")], &[]),
    row("pingcap.com", "TidbCluster", &[fields("/spec/pd", PLACEMENT_AND_SPREAD), fields("/spec/tikv", PLACEMENT_AND_SPREAD), fields("/spec/tidb", PLACEMENT_AND_SPREAD), fields("/spec/tiflash", PLACEMENT_AND_SPREAD), fields("/spec/ticdc", PLACEMENT_AND_SPREAD)], &[("app.kubernetes.io/instance", Given::Name)]),
    row("pkg.crossplane.io", "DeploymentRuntimeConfig", &[template("/spec/deploymentTemplate/spec/template")], &[]),
    row("platform.confluent.io", "Connect", &[fields("/spec/podTemplate", PLACEMENT_AND_SPREAD)], &[]),
    row("platform.confluent.io", "ControlCenter", &[fields("/spec/podTemplate", PLACEMENT_AND_SPREAD)], &[]),
    row("platform.confluent.io", "KRaftController", &[fields("/spec/podTemplate", PLACEMENT_AND_SPREAD)], &[]),
    row("platform.confluent.io", "Kafka", &[fields("/spec/podTemplate", PLACEMENT_AND_SPREAD)], &[]),
    row("platform.confluent.io", "KafkaRestProxy", &[fields("/spec/podTemplate", PLACEMENT_AND_SPREAD)], &[]),
    row("platform.confluent.io", "KsqlDB", &[fields("/spec/podTemplate", PLACEMENT_AND_SPREAD)], &[]),
    row("platform.confluent.io", "SchemaRegistry", &[fields("/spec/podTemplate", PLACEMENT_AND_SPREAD)], &[]),
    row("platform.confluent.io", "Zookeeper", &[fields("/spec/podTemplate", PLACEMENT_AND_SPREAD)], &[]),
    row("postgres-operator.crunchydata.com", "PostgresCluster", &[fields("/spec/instances/*", PLACEMENT_AND_SPREAD), fields("/spec/backups/pgbackrest/repoHost", PLACEMENT_AND_SPREAD), fields("/spec/proxy/pgBouncer", PLACEMENT_AND_SPREAD)], &[("postgres-operator.crunchydata.com/cluster", Given::Name)]),
    row("postgresql.cnpg.io", "Cluster", &[fields("/spec", CLOUD_NATIVE_PG)], &[("cnpg.io/cluster", Given::Name)]),
    row("postgresql.cnpg.io", "Pooler", &[template("/spec/template")], &[("cnpg.io/poolerName", Given::Name)]),
    row("psmdb.percona.com", "PerconaServerMongoDB", &[fields("/spec/replsets/*", PERCONA), fields("/spec/replsets/*/arbiter", PERCONA), fields("/spec/replsets/*/nonvoting", PERCONA), fields("/spec/replsets/*/hidden", PERCONA), fields("/spec/sharding/mongos", PERCONA), fields("/spec/sharding/configsvrReplSet", PERCONA)], &[("app.kubernetes.io/instance", Given::Name)]),
    row("pxc.percona.com", "PerconaXtraDBCluster", &[fields("/spec/pxc", PERCONA), fields("/spec/haproxy", PERCONA), fields("/spec/proxysql", PERCONA)], &[("app.kubernetes.io/instance", Given::Name)]),
    row("rabbitmq.com", "RabbitmqCluster", &[fields("/spec", PLACEMENT), template("/spec/override/statefulSet/spec/template")], &[("app.kubernetes.io/name", Given::Name), ("app.kubernetes.io/component", Given::Value("rabbitmq"))]),
    row("ray.io", "RayCluster", &[template("/spec/headGroupSpec/template"), template("/spec/workerGroupSpecs/*/template")], &[("ray.io/cluster", Given::Name)]),
    row("ray.io", "RayCronJob", &[template("/spec/jobTemplate/rayClusterSpec/headGroupSpec/template"), template("/spec/jobTemplate/rayClusterSpec/workerGroupSpecs/*/template")], &[]),
    row("ray.io", "RayJob", &[template("/spec/rayClusterSpec/headGroupSpec/template"), template("/spec/rayClusterSpec/workerGroupSpecs/*/template"), template("/spec/submitterPodTemplate")], &[]),
    row("ray.io", "RayService", &[template("/spec/rayClusterConfig/headGroupSpec/template"), template("/spec/rayClusterConfig/workerGroupSpecs/*/template")], &[]),
    row("redis.redis.opstreelabs.in", "Redis", &[fields("/spec", PLACEMENT_AND_SPREAD)], &[]),
    row("redis.redis.opstreelabs.in", "RedisCluster", &[fields("/spec/redisLeader", PLACEMENT_AND_SPREAD), fields("/spec/redisFollower", PLACEMENT_AND_SPREAD)], &[]),
    row("redis.redis.opstreelabs.in", "RedisReplication", &[fields("/spec", PLACEMENT_AND_SPREAD)], &[]),
    row("redis.redis.opstreelabs.in", "RedisSentinel", &[fields("/spec", PLACEMENT_AND_SPREAD)], &[]),
    row("serving.knative.dev", "Configuration", &[template("/spec/template")], &[("serving.knative.dev/configuration", Given::Name)]),
    row("serving.knative.dev", "Service", &[template("/spec/template")], &[("serving.knative.dev/service", Given::Name)]),
    row("serving.kserve.io", "ClusterServingRuntime", &[fields("/spec", PLACEMENT)], &[]),
    row("serving.kserve.io", "InferenceService", &[fields("/spec/predictor", SPEC), fields("/spec/transformer", SPEC), fields("/spec/explainer", SPEC)], &[("serving.kserve.io/inferenceservice", Given::Name)]),
    row("serving.kserve.io", "LLMInferenceService", &[fields("/spec/template", SPEC), fields("/spec/worker", SPEC), fields("/spec/prefill/template", SPEC), fields("/spec/prefill/worker", SPEC)], &[]),
    row("serving.kserve.io", "LLMInferenceServiceConfig", &[fields("/spec/template", SPEC), fields("/spec/worker", SPEC), fields("/spec/prefill/template", SPEC), fields("/spec/prefill/worker", SPEC)], &[]),
    row("serving.kserve.io", "ServingRuntime", &[fields("/spec", PLACEMENT)], &[]),
    row("sparkoperator.k8s.io", "ScheduledSparkApplication", &[template("/spec/template/driver/template"), template("/spec/template/executor/template"), fields("/spec/template/driver", PLACEMENT), fields("/spec/template/executor", PLACEMENT)], &[]),
    row("sparkoperator.k8s.io", "SparkApplication", &[template("/spec/driver/template"), template("/spec/executor/template"), fields("/spec/driver", PLACEMENT), fields("/spec/executor", PLACEMENT)], &[]),
    row("tekton.dev", "PipelineRun", &[fields("/spec/podTemplate", PLACEMENT_AND_SPREAD), fields("/spec/taskRunTemplate/podTemplate", PLACEMENT_AND_SPREAD)], &[("tekton.dev/pipelineRun", Given::Name)]),
    row("tekton.dev", "TaskRun", &[fields("/spec/podTemplate", PLACEMENT_AND_SPREAD)], &[("tekton.dev/taskRun", Given::Name)]),
    row("trainer.kubeflow.org", "ClusterTrainingRuntime", &[template("/spec/template/spec/replicatedJobs/*/template/spec/template")], &[]),
    row("trainer.kubeflow.org", "TrainingRuntime", &[template("/spec/template/spec/replicatedJobs/*/template/spec/template")], &[]),
    row("workloads.x-k8s.io", "Instance", &[template("/spec/components/*/template")], &[]),
    row("workloads.x-k8s.io", "InstanceSet", &[template("/spec/instanceTemplate/components/*/template")], &[]),
    row("workloads.x-k8s.io", "RoleBasedGroup", &[template("/spec/roleTemplates/*/template"), template("/spec/roles/*/template"), template("/spec/roles/*/standalonePattern/template"), template("/spec/roles/*/leaderWorkerPattern/template"), template("/spec/roles/*/customComponentsPattern/components/*/template")], &[]),
    row("workloads.x-k8s.io", "RoleBasedGroupSet", &[template("/spec/template/roles/*/template"), template("/spec/groupTemplate/spec/roles/*/template"), template("/spec/groupTemplate/spec/roles/*/standalonePattern/template")], &[]),
];
