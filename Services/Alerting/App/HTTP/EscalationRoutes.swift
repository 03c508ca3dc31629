import AlertingCore
import Domain
import Hummingbird
import ServiceKit

/// What escalates, and who is told next, over HTTP.
struct EscalationRoutes: Sendable {
    let desk: AlertDesk

    func add(to api: ServiceAPI) {
        api.router.get("/api/escalations") { _, _ in
            try JSONBody.response(await desk.openEscalations().map(Entry.init))
        }
        api.describe(
            RouteDescription(
                "GET", "/api/escalations",
                "The incidents that are open: which step comes next, when, to whom and why, or who has acknowledged them.",
                responses: [200: "the oldest first"]))
    }

    private struct Entry: Encodable {
        struct Alert: Encodable {
            let fingerprint: String
            let labels: [String: String]
            /// The label's, or what a rule raises it to.
            let severity: String
            let reasons: [String]
        }
        struct Next: Encodable {
            let chain: String
            let step: Int
            let at: String
            let receivers: [String]
            let because: String
        }
        struct Acknowledged: Encodable {
            let by: String
            let at: String
            let until: String?
        }

        let id: String
        let group: String
        let labels: [String: String]
        let openedAt: String
        let stepsTaken: Int
        let told: [String]
        let alerts: [Alert]
        /// `waiting`, `muted`, `acknowledged`, `finished`, or `ended`.
        let state: String
        var next: Next?
        var acknowledged: Acknowledged?

        init(_ escalation: AlertDesk.Escalation) {
            let incident = escalation.incident
            id = incident.id
            group = incident.group
            labels = incident.groupLabels.dictionary
            openedAt = incident.openedAt.description
            stepsTaken = incident.stepsTaken
            told = incident.places.map(\.destination)
            alerts = escalation.alerts.map { alert, urgency in
                Alert(
                    fingerprint: alert.fingerprint.description, labels: alert.labels.dictionary,
                    severity: urgency.severity, reasons: urgency.reasons)
            }
            switch escalation.outlook {
            case .next(let step):
                state = "waiting"
                next = Self.next(step)
            case .muted(let step):
                state = "muted"
                next = Self.next(step)
            case .acknowledged(let by, let at, let until):
                state = "acknowledged"
                acknowledged = Acknowledged(by: by, at: at.description, until: until?.description)
            case .finished: state = "finished"
            case nil: state = "ended"
            }
        }

        private static func next(_ step: EscalationStep) -> Next {
            Next(
                chain: step.chain, step: step.number, at: step.at.description, receivers: step.receivers,
                because: step.because)
        }
    }
}
