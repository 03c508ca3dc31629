import ServiceKit

/// What the OpenAPI document says of the routes.
enum APIDescriptions {
    static func add(to api: ServiceAPI) { for route in routes { api.describe(route) } }

    private static let refused = "a matcher or the receiver cannot be read"

    private static let routes = [
        RouteDescription(
            "POST", "/api/v2/alerts", "Takes alerts in, as Prometheus posts them.",
            requestExample: #"[{"labels":{"alertname":"SourceDown","severity":"critical"}}]"#,
            responses: [
                200: "every alert is kept", 400: "some or all are malformed; the good ones are kept",
                415: "the body is no JSON", 422: "something is missing",
                503: "they cannot be kept now; post them again",
            ]),
        RouteDescription(
            "GET", "/api/v2/alerts",
            "The alerts that fire now; filter, receiver, active, silenced and inhibited choose among them.",
            responses: [200: "by fingerprint", 400: refused]),
        RouteDescription(
            "GET", "/api/v2/alerts/groups", "The same in the groups in which they are told; muted chooses too.",
            responses: [200: "by labels and receiver", 400: refused]),
        RouteDescription(
            "POST", "/api/v2/silences", "Makes a silence, or changes the one with the given id.",
            requestExample: """
                {"matchers":[{"name":"alertname","value":"SourceDown","isRegex":false}],"startsAt":"2026-01-01T00:00:00Z",\
                "endsAt":"2036-01-01T00:00:00Z","createdBy":"owner","comment":"maintenance"}
                """,
            responses: [
                200: "its id", 400: "it is over already, or mutes nothing", 404: "no silence has this id",
                422: "something is missing",
            ]),
        RouteDescription(
            "GET", "/api/v2/silences", "Active silences, then pending, then expired ones; filter chooses by matchers.",
            responses: [200: "all that are known", 400: refused]),
        RouteDescription(
            "GET", "/api/v2/silence/{silenceID}", "One silence.",
            responses: [200: "as it is", 404: "no silence has this id", 422: "not a UUID"]),
        RouteDescription(
            "DELETE", "/api/v2/silence/{silenceID}", "Ends a silence now.",
            responses: [200: "it is ended", 404: "no silence has this id", 422: "not a UUID"]),
        RouteDescription("GET", "/api/v2/receivers", "The names of the receivers."),
        RouteDescription("GET", "/api/v2/status", "Version, start and configuration, without secrets."),
        RouteDescription(
            "POST", "/api/v1/webhook/alertmanager", "Takes what another Alertmanager posts to a webhook (version 4).",
            requestExample: #"{"version":"4","alerts":[{"status":"firing","labels":{"alertname":"SourceDown"}}]}"#,
            responses: [200: "every alert is kept", 400: "some have no labels; the good ones are kept"]),
        RouteDescription(
            "POST", "/api/v1/webhook/grafana", "Takes what Grafana posts to a webhook.",
            requestExample: #"{"orgId":1,"alerts":[{"status":"firing","labels":{"alertname":"SourceDown"}}]}"#,
            responses: [200: "every alert is kept", 400: "some have no labels; the good ones are kept"]),
        RouteDescription(
            "POST", "/-/reload", "Reads the configuration again.",
            responses: [200: "it is in force", 500: "why not; the old one is kept"]),
        RouteDescription("GET", "/-/healthy", "200 while the process answers."),
        RouteDescription("GET", "/-/ready", "200 when alerts can be taken in and told."),
    ]
}
