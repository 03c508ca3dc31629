import AlertingCore
import Domain

/// What the records of a spool come to.
struct SpooledBooks {
    private(set) var alerts: [Alert] = []
    private(set) var told: [(ToldKey, ToldEntry)] = []
    private(set) var silences: [Silence] = []
    private(set) var acknowledgements: [Acknowledgement] = []
    private(set) var incidents: [Incident] = []
    /// Not told yet, oldest first.
    private(set) var queued: [QueuedNotice] = []

    init(_ records: [Record]) {
        var alerts: [Fingerprint: Alert] = [:]
        var waiting: [String: QueuedNotice] = [:]
        var order: [String] = []
        for record in records {
            switch record {
            case .alert(let alert), .heard(let alert): alerts[alert.fingerprint] = alert
            case .end(let end):
                // Of an alert that the books alone have in full nothing can be told from here.
                alerts[end.fingerprint]?.take(end)
            case .told(let key, let entry): told.append((key, entry))
            case .notice(let notice):
                told.append((notice.notice.key, notice.notice.entry))
                waiting[notice.id] = notice
                order.append(notice.id)
            case .message(let notice):
                waiting[notice.id] = notice
                order.append(notice.id)
            case .begun(let begun):
                waiting[begun.notice]?.attempts = begun.number
                waiting[begun.notice]?.isUnfinished = true
                waiting[begun.notice]?.isInDoubt = true
            case .attempt(let attempt):
                Self.take(attempt, &waiting)
                told += (attempt.takenBack ?? []).map { ($0.key, $0.entry) }
            case .silence(let silence): silences.append(silence)
            case .acknowledgement(let acknowledgement): acknowledgements.append(acknowledgement)
            case .incident(let incident): incidents.append(incident)
            case .groups, .audit: break
            }
        }
        self.alerts = alerts.values.sorted { $0.fingerprint < $1.fingerprint }
        queued = order.compactMap { waiting[$0] }
    }

    private static func take(_ attempt: Attempt, _ waiting: inout [String: QueuedNotice]) {
        guard attempt.result.state == "queued" else {
            waiting[attempt.notice] = nil
            return
        }
        waiting[attempt.notice]?.isUnfinished = false
        waiting[attempt.notice]?.attempts = attempt.number
        waiting[attempt.notice]?.nextAt = attempt.nextAt
        if !attempt.repeated, attempt.result == .retry { waiting[attempt.notice]?.isInDoubt = false }
    }
}
