import AlertingCore
import Domain
import HTTPTypes
import Hummingbird
import ServiceKit
import Store

/// Alertmanager's API, as far as Prometheus and its tools use it.
struct AlertRoutes: Sendable {
    let desk: AlertDesk
    let figures: AlertingFigures
    let health: Health
    let original: String
    let clock: any WallClock
    let startedAt: Timestamp

    func add(to api: ServiceAPI) {
        api.router.post("/api/v2/alerts") { request, context in try await post(request, context) }
        api.router.get("/api/v2/alerts") { _, _ in try JSONBody.response(desk.firing.map(entry)) }
        api.router.get("/api/v2/status") { _, _ in try JSONBody.response(status) }
        api.router.get("/-/healthy") { _, _ in Response(status: .ok) }
        api.router.get("/-/ready") { _, _ in Response(status: health.ready ? .ok : .serviceUnavailable) }
        api.describe(
            RouteDescription(
                "POST", "/api/v2/alerts", "Takes alerts in, as Prometheus posts them.",
                requestExample: #"[{"labels":{"alertname":"SourceDown","severity":"critical"}}]"#,
                responses: [200: "every alert is kept", 400: "some or all are malformed; the good ones are kept"]))
        api.describe(RouteDescription("GET", "/api/v2/alerts", "The alerts that fire now."))
        api.describe(RouteDescription("GET", "/api/v2/status", "Version and configuration."))
    }

    private func post(_ request: Request, _ context: ServiceRequestContext) async throws -> Response {
        let type = request.headers[.contentType]?.split(separator: ";").first ?? ""
        guard type.lowercased() == "application/json" else {
            throw Problem(.unsupportedMediaType, "the body must be application/json")
        }
        let posted = try PostedAlerts(try await JSONBody.data(of: request, context: context))
        do {
            try await desk.receive(posted.good)
        } catch is AlertDesk.Busy {
            throw Problem.unavailable("too many posts wait")
        } catch is Spool.Failure {
            throw Problem.unavailable("the alerts cannot be kept")
        } catch is StoreError {
            throw Problem.unavailable("the alerts cannot be kept")
        }
        figures.received("prometheus").increment(by: Double(posted.good.count))
        guard posted.faults.isEmpty else {
            let faults = posted.faults.prefix(10).joined(separator: "; ")
            throw Problem.badRequest("\(posted.good.count) taken, \(posted.faults.count) refused: \(faults)")
        }
        return Response(status: .ok)
    }

    private struct Entry: Encodable {
        struct Name: Encodable { let name: String }
        struct State: Encodable {
            let state = "active"
            let silencedBy: [String] = []
            let inhibitedBy: [String] = []
            let mutedBy: [String] = []
        }

        let labels: [String: String]
        let annotations: [String: String]
        let startsAt: String
        let endsAt: String
        let updatedAt: String
        let fingerprint: String
        let generatorURL: String
        let receivers: [Name]
        let status = State()
    }

    private func entry(_ alert: Alert) -> Entry {
        Entry(
            labels: alert.labels.dictionary, annotations: alert.annotations.dictionary,
            startsAt: alert.startsAt.description, endsAt: alert.endsAt.description,
            updatedAt: alert.updatedAt.description,
            fingerprint: alert.fingerprint.description, generatorURL: alert.generatorURL,
            receivers: desk.receivers(of: alert.labels).map(Entry.Name.init))
    }

    private struct Status: Encodable {
        struct Cluster: Encodable {
            let status = "disabled"
            let peers: [String] = []
        }

        let cluster = Cluster()
        let versionInfo: [String: String]
        let config: [String: String]
        let uptime: String
    }

    private var status: Status {
        Status(
            versionInfo: [
                "version": BuildInfo.version, "revision": "", "branch": "", "buildUser": "", "buildDate": "",
                "goVersion": "",
            ],
            config: ["original": original], uptime: startedAt.description)
    }
}
