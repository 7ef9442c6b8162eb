{{- define "hieravid.labels" -}}
app.kubernetes.io/name: hieravid
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "hieravid.selector" -}}
app.kubernetes.io/name: hieravid
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- /* With it the cluster gives a pod the token of its service account's identity in Azure. */ -}}
{{- define "hieravid.identityLabel" -}}
{{- if .Values.identity.clientId }}
azure.workload.identity/use: "true"
{{- end }}
{{- end }}

{{- define "hieravid.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "hieravid.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- /* What every process of the cluster is told; secrets by reference. */ -}}
{{- define "hieravid.environment" -}}
- {name: HieraVid__Port, value: "5480"}
- {name: HieraVid__SiloPort, value: "11111"}
- {name: HieraVid__GatewayPort, value: "30000"}
- {name: HieraVid__Public, value: "true"}
- {name: HieraVid__LocalFiles, value: "false"}
{{- range $name, $value := .Values.settings }}
- {name: HieraVid__{{ $name }}, value: {{ $value | toString | quote }}}
{{- end }}
- name: HieraVid__Database
  valueFrom: {secretKeyRef: {name: {{ .Values.secret.name }}, key: {{ .Values.secret.database }}}}
- name: HieraVid__BrokerPassword
  valueFrom: {secretKeyRef: {name: {{ .Values.secret.name }}, key: {{ .Values.secret.brokerPassword }}}}
{{- if .Values.identity.blobs }}
- {name: HieraVid__Blobs, value: {{ .Values.identity.blobs | quote }}}
{{- else }}
- name: HieraVid__Blobs
  valueFrom: {secretKeyRef: {name: {{ .Values.secret.name }}, key: {{ .Values.secret.blobs }}}}
{{- end }}
{{- with .Values.collector }}
- {name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ . | quote }}}
{{- end }}
- {name: HOME, value: /cache}
- {name: XDG_CACHE_HOME, value: /cache}
- {name: TMPDIR, value: /cache}
- {name: DOTNET_EnableDiagnostics, value: "0"}
{{- end }}
