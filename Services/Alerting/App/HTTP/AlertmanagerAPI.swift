import AlertingCore
import Domain
import HTTPTypes
import Hummingbird
import ServiceKit
import Store

import struct Foundation.UUID

/// Alertmanager's v2 API, its management addresses, and the addresses that take webhooks of Alertmanager and Grafana.
struct AlertmanagerAPI: Sendable {
    let desk: AlertDesk
    let figures: AlertingFigures
    let health: Health
    let reloader: ConfigurationReloader
    let clock: any WallClock
    let startedAt: Timestamp

    func add(to api: ServiceAPI) {
        for path in ["/api/v2/alerts", "/api/v1/webhook/alertmanager", "/api/v1/webhook/grafana"] {
            api.allow(bytes: APIRoutes.bodyMax, at: path)
        }
        let routes = APIRoutes(api: api)
        routes.add(
            "/api/v2/alerts",
            [
                (.post, { request, _ in try await postAlerts(request) }),
                (.get, { request, _ in try await alerts(request) }),
            ])
        routes.add("/api/v2/alerts/groups", [(.get, { request, _ in try await groups(request) })])
        routes.add(
            "/api/v2/silences",
            [
                (.post, { request, _ in try await postSilence(request) }),
                (.get, { request, _ in try await silences(request) }),
            ])
        routes.add(
            "/api/v2/silence/{silenceID}",
            [
                (.get, { _, context in try await silence(context) }),
                (.delete, { _, context in try await expireSilence(context) }),
            ])
        routes.add("/api/v2/receivers", [(.get, { request, _ in try receivers(request) })])
        routes.add("/api/v2/status", [(.get, { _, _ in try APIAnswer.json(status) })])
        routes.addNotFound(below: "/api/v2")
        for source in ["alertmanager", "grafana"] {
            routes.add("/api/v1/webhook/\(source)", [(.post, { request, _ in try await webhook(request, source) })])
        }
        addManagement(to: api)
        APIDescriptions.add(to: api)
    }

    private func addManagement(to api: ServiceAPI) {
        for method in [HTTPRequest.Method.get, .head] {
            api.router.on("/-/healthy", method: method) { _, _ in Self.word("OK") }
            api.router.on("/-/ready", method: method) { _, _ in
                health.ready ? Self.word("OK") : Self.word("not ready", .serviceUnavailable)
            }
        }
        api.router.on("/-/reload", method: .post) { _, _ in
            do throws(ConfigurationError) {
                try await reloader.reload()
                return Response(status: .ok)
            } catch {
                return Self.word("failed to reload config: \(error)\n", .internalServerError)
            }
        }
        api.router.on("/-/reload", method: .get) { _, _ in
            var response = Self.word("Method Not Allowed\n", .methodNotAllowed)
            response.headers[.location] = nil
            return response
        }
    }

    private static func word(_ text: String, _ status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "text/plain; charset=utf-8"],
            body: ResponseBody(byteBuffer: .init(string: text)))
    }

    // MARK: - Alerts

    private func postAlerts(_ request: Request) async throws -> Response {
        let latest = clock.now() + reloader.current.book.resolveTimeout
        let posted = try PostedAlerts(try await APIRoutes.body(request), latest: latest)
        try await take(posted.good, from: "prometheus")
        guard posted.faults.isEmpty else { throw APIAnswer.Fault.badRequest(posted.faults.joined(separator: "\n")) }
        return APIAnswer.empty()
    }

    private func webhook(_ request: Request, _ source: String) async throws -> Response {
        let query = QueryParameters(request.uri.query)
        var expiry = WebhookInput.expiry
        if let text = query.last("expiry") {
            guard let given = SettingsReader.duration(text), given > .zero, given <= .seconds(31_536_000) else {
                throw APIAnswer.Fault.badRequest("expiry must be a duration such as 12h, at most a year")
            }
            expiry = given
        }
        let input = try WebhookInput(try await APIRoutes.body(request), expiry: expiry, at: clock.now())
        try await take(input.good, from: source)
        guard input.faults.isEmpty else { throw APIAnswer.Fault.badRequest(input.faults.joined(separator: "\n")) }
        return APIAnswer.empty()
    }

    private func take(_ alerts: [PostedAlert], from source: String) async throws {
        try await kept { try await desk.receive(alerts) }
        figures.received(source).increment(by: Double(alerts.count))
    }

    /// Whoever posts hears when it could not be kept: it will come again.
    private func kept<Value: Sendable>(_ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch is AlertDesk.Busy {
            throw Problem.unavailable("too many posts wait")
        } catch is Spool.Failure {
            throw Problem.unavailable("it cannot be kept")
        } catch is StoreError {
            throw Problem.unavailable("it cannot be kept")
        }
    }

    private func alerts(_ request: Request) async throws -> Response {
        let query = try AlertQuery(QueryParameters(request.uri.query))
        let views = await desk.book().alertViews(at: clock.now(), where: query.wants)
        return try APIAnswer.json(
            views.filter { query.wants($0.status) && $0.receivers.contains(where: query.wantsReceiver) }
                .map { ListedAlert($0) })
    }

    private func groups(_ request: Request) async throws -> Response {
        let query = try AlertQuery(QueryParameters(request.uri.query))
        let views = await desk.book().groupViews(at: clock.now(), receiver: query.wantsReceiver, where: query.wants)
        return try APIAnswer.json(views.compactMap { ListedGroup($0, query) })
    }

    // MARK: - Silences

    private func postSilence(_ request: Request) async throws -> Response {
        let posted = try PostedSilence(try await APIRoutes.body(request))
        try posted.checkTimes(at: clock.now())
        do {
            if !posted.id.isEmpty, await desk.book().silences[posted.id] == nil {
                throw SilenceError.unknown(posted.id)
            }
            let draft = try posted.draft()
            let id = try await kept { try await desk.setSilence(draft) }
            return try APIAnswer.json(["silenceID": id])
        } catch let error as SilenceError {
            throw Self.fault(error)
        }
    }

    private func silences(_ request: Request) async throws -> Response {
        let query = QueryParameters(request.uri.query)
        let matchers = try AlertQuery.filter(query)
        let now = clock.now()
        let wanted = Set([Silence.State.active, .pending, .expired].filter { query.flag($0.rawValue) })
        let found = await desk.book().silences.all(at: now).filter { silence in
            wanted.contains(silence.state(at: now)) && matchers.allSatisfy { silence.matchers.contains($0) }
        }
        return try APIAnswer.json(found.map { ListedSilence($0, at: now) })
    }

    private func silence(_ context: ServiceRequestContext) async throws -> Response {
        let id = try Self.silenceID(context)
        guard let silence = await desk.book().silences[id] else { return APIAnswer.empty(.notFound) }
        return try APIAnswer.json(ListedSilence(silence, at: clock.now()))
    }

    private func expireSilence(_ context: ServiceRequestContext) async throws -> Response {
        let id = try Self.silenceID(context)
        do {
            try await kept { try await desk.expireSilence(id) }
        } catch is SilenceError {
            return APIAnswer.empty(.notFound)
        }
        return APIAnswer.empty()
    }

    private static func silenceID(_ context: ServiceRequestContext) throws -> String {
        let text = context.parameters.get("silenceID") ?? ""
        let digits = text.utf8.filter { $0 != UInt8(ascii: "-") }
        let isID = digits.count == 32 && digits.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
        guard isID, text.utf8.count == 32 || UUID(uuidString: text) != nil else {
            throw APIAnswer.FrameworkFault.wrongType("silenceID", in: "path", "uuid", text)
        }
        return text
    }

    private static func fault(_ error: SilenceError) -> APIAnswer.Fault {
        switch error {
        case .unknown: APIAnswer.Fault(status: .notFound, message: error.description)
        case .invalid: .badRequest(error.description)
        }
    }

    // MARK: - Receivers and status

    private struct ListedReceiver: Encodable {
        let name: String
        let labels: [String: String] = [:]
    }

    private func receivers(_ request: Request) throws -> Response {
        let matchers = try AlertQuery.receiverMatchers(QueryParameters(request.uri.query))
        let names = matchers.match(.none) ? reloader.current.receivers : []
        return try APIAnswer.json(names.map { ListedReceiver(name: $0) })
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
            config: ["original": reloader.current.original], uptime: startedAt.description)
    }
}
