extension TemplateLibrary {
    /// What Alertmanager's files expect to be there, under its names.
    static let standard: TemplateLibrary = {
        var library = TemplateLibrary.none
        do throws(TemplateFault) { try library.add(text) } catch { preconditionFailure("the own templates: \(error)") }
        return library
    }()

    private static let text = """
        {{ define "__alertmanager" }}Plimsoll{{ end }}
        {{ define "__alertmanagerURL" }}{{ .ExternalURL }}/#/alerts?receiver={{ .Receiver | urlquery }}{{ end }}
        {{ define "__subject" -}}
        [{{ .Status | toUpper }}{{ if eq .Status "firing" }}:{{ .Alerts.Firing | len }}{{ end }}] {{ /**/ -}}
        {{ .GroupLabels.SortedPairs.Values | join " " }} {{ /**/ -}}
        {{ if gt (len .CommonLabels) (len .GroupLabels) -}}
        ({{ with .CommonLabels.Remove .GroupLabels.Names }}{{ .Values | join " " }}{{ end }}){{ end }}{{ end }}
        {{ define "__text_alert_list" }}{{ range . }}Labels:
        {{ range .Labels.SortedPairs }} - {{ .Name }} = {{ .Value }}
        {{ end }}Annotations:
        {{ range .Annotations.SortedPairs }} - {{ .Name }} = {{ .Value }}
        {{ end }}Source: {{ .GeneratorURL }}
        {{ end }}{{ end }}
        {{ define "slack.default.title" }}{{ template "__subject" . }}{{ end }}
        {{ define "slack.default.text" }}{{ template "__text_alert_list" .Alerts }}{{ end }}
        {{ define "email.default.subject" }}{{ template "__subject" . }}{{ end }}
        {{ define "email.default.html" }}<html><body><h3>{{ template "__subject" . }}</h3>{{ range .Alerts }}
        <p><b>{{ .Status }}</b>{{ range .Labels.SortedPairs }}<br>{{ .Name }} = {{ .Value }}{{ end }}
        {{ range .Annotations.SortedPairs }}<br>{{ .Name }} = {{ .Value }}{{ end }}</p>{{ end }}</body></html>{{ end }}
        {{ define "telegram.default.message" }}{{ template "__subject" . }}
        {{ template "__text_alert_list" .Alerts }}{{ end }}
        """
}
