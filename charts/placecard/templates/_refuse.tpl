{{/* What the API server would take and somebody would regret. values.schema.json has checked each value
alone; here they are looked at together. */}}
{{- define "placecard.refuse" -}}
{{- $one := include "placecard.refused" . | trim }}
{{- if $one }}
{{- fail $one }}
{{- end }}
{{- end }}

{{/* The first that is wrong: what, why, and what to do. */}}
{{- define "placecard.refused" -}}
{{- $mode := .Values.certificates.mode }}
{{- $bundle := .Values.certificates.caBundle }}
{{- if eq .Release.Namespace "default" -}}
the namespace default would be passed by, because the webhook never looks at its own: install with --namespace placecard-system --create-namespace
{{- else if and (eq .Values.failurePolicy "Fail") (eq .Values.defaultMode "warn") -}}
failurePolicy Fail refuses what defaultMode warn promises to admit, whenever no replica answers: use failurePolicy Ignore with defaultMode warn
{{- else if and (eq .Values.failurePolicy "Fail") (lt (int .Values.replicas) 2) -}}
failurePolicy Fail with replicas {{ .Values.replicas }} refuses pods while that one replica is replaced: use at least 2 replicas, or failurePolicy Ignore
{{- else if and (eq .Values.failurePolicy "Fail") (not .Values.podDisruptionBudget.enabled) -}}
failurePolicy Fail without a podDisruptionBudget refuses pods while a drain takes all replicas at once: use podDisruptionBudget.enabled true, or failurePolicy Ignore
{{- else if and .Values.podDisruptionBudget.enabled (gt (int .Values.replicas) 1) (ge (int .Values.podDisruptionBudget.maxUnavailable) (int .Values.replicas)) -}}
podDisruptionBudget.maxUnavailable {{ .Values.podDisruptionBudget.maxUnavailable }} lets a drain take all {{ .Values.replicas }} replicas at once: use less than replicas
{{- else if and (eq .Values.defaultMode "warn") (eq (include "placecard.unplaced" .) "deny") -}}
admissionPolicy.unplaced deny refuses pods while no replica answers, and defaultMode warn promises to refuse none: leave admissionPolicy.unplaced empty, which is warn then
{{- else if and (eq .Values.audit.evict "on") (eq (int .Values.audit.every) 0) -}}
audit.evict on evicts nothing with audit.every 0, for the audit finds the pods: use audit.every 30, or audit.evict off
{{- else if and (eq .Values.coordination.rollouts "on") (eq .Values.coordination.controller "off") -}}
coordination.rollouts on allows to patch StatefulSets, and nobody does with coordination.controller off: use both on, or both off
{{- else if not (or .Values.serviceAccount.create .Values.serviceAccount.name) -}}
serviceAccount.create false without serviceAccount.name would give the permissions of the webhook to an account that is not there: name the account
{{- else if eq .Values.serviceAccount.name "default" -}}
serviceAccount.name default would give the permissions of the webhook to every pod of namespace {{ .Release.Namespace }}: use an account of its own
{{- else if and (eq $mode "secret") (not $bundle) -}}
certificates.mode secret without certificates.caBundle: the API server would not trust the webhook; set it to the CA of the Secret {{ include "placecard.secret" . }}, base64 of PEM
{{- else if and (eq $mode "secret") (not (contains "-----BEGIN CERTIFICATE-----" (b64dec $bundle))) -}}
certificates.caBundle is not the base64 of a PEM certificate: kubectl get secret {{ include "placecard.secret" . }} -o jsonpath='{.data.ca\.crt}' prints one
{{- else if and (ne $mode "secret") $bundle -}}
certificates.caBundle is for certificates.mode secret, and mode {{ $mode }} has its own: leave it empty
{{- end }}
{{- end }}
