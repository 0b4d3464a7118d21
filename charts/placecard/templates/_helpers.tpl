{{/* The name of the chart, in the labels. */}}
{{- define "placecard.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* What the names of the release's own objects begin with; at most 45 bytes, because more follows. */}}
{{- define "placecard.fullname" -}}
{{- $name := include "placecard.name" . }}
{{- $whole := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) }}
{{- .Values.fullnameOverride | default $whole | trunc 45 | trimSuffix "-" }}
{{- end }}

{{/* Deployment, Service, ClusterRole, and what goes with them. */}}
{{- define "placecard.webhook" -}}
{{ include "placecard.fullname" . }}-webhook
{{- end }}

{{- define "placecard.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (include "placecard.webhook" .) }}
{{- end }}

{{/* What becomes of pods with rules that the webhook did not expand: as the mode has it. */}}
{{- define "placecard.unplaced" -}}
{{ .Values.admissionPolicy.unplaced | default (eq .Values.defaultMode "warn" | ternary "warn" "deny") }}
{{- end }}

{{/* The Secret with the certificate. */}}
{{- define "placecard.secret" -}}
{{ .Values.certificates.secret | default (printf "%s-tls" (include "placecard.webhook" .)) }}
{{- end }}

{{/* By which the pods of this release are known; of a Deployment they cannot change. */}}
{{- define "placecard.selector" -}}
app.kubernetes.io/name: {{ include "placecard.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: webhook
{{- end }}

{{- define "placecard.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
{{ include "placecard.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: placecard
{{- end }}

{{/* The digest decides, where there is one. */}}
{{- define "placecard.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion }}
{{- with .Values.image }}
{{- .digest | empty | ternary (printf "%s:%s" .repository $tag) (printf "%s@%s" .repository .digest) }}
{{- end }}
{{- end }}

{{/* Whom the API server trusts behind the Service. In the other modes of certificates that is written
into the configurations once they are there, by the webhook or by cert-manager, and no upgrade takes
it back. */}}
{{- define "placecard.caBundle" -}}
{{- if eq .Values.certificates.mode "secret" }}
caBundle: {{ .Values.certificates.caBundle }}
{{- end }}
{{- end }}

{{/* Of a configuration of webhooks. */}}
{{- define "placecard.caSource" -}}
{{- if eq .Values.certificates.mode "cert-manager" }}
annotations:
  cert-manager.io/inject-ca-from: {{ .Release.Namespace }}/{{ include "placecard.webhook" . }}
{{- end }}
{{- end }}

{{/* Where the webhook is not asked: a cluster whose webhook is down must still be able to start the
webhook, and itself. */}}
{{- define "placecard.exempt" -}}
[kube-system, {{ .Release.Namespace | quote }}{{ range .Values.exemptNamespaces }}, {{ . | quote }}{{ end }}]
{{- end }}

{{/* Which certificate is served. */}}
{{- define "placecard.certificateFlags" -}}
{{- if eq .Values.certificates.mode "self-managed" -}}
- --cert-secret={{ include "placecard.secret" . }}
- --service={{ include "placecard.webhook" . }}
- --webhook-configurations=placecard{{ if .Values.workloads }},placecard-workloads{{ end }}
{{- else -}}
- --cert-file=/etc/placecard/tls/tls.crt
- --key-file=/etc/placecard/tls/tls.key
{{- end }}
{{- end }}
