import AlertingCore
import Domain
import Foundation
import Store

/// The books of alerting in Postgres. One statement for each kind of record, however many there are.
struct AlertStore: Sendable {
    let database: Database
    /// Of this instance: it need not read again what it wrote.
    let writer: String

    /// Carries records out in one transaction.
    ///
    /// - Parameter fenced: only while the lease is ours; else they are left out, and the others are kept all the same.
    /// - Returns: whether the lease is ours.
    func apply(_ records: [Record], fenced: [Record], under lease: Lease?) async throws -> Bool {
        let free = RecordBatch(records)
        let bound = RecordBatch(records + fenced)
        return try await database.transaction(attempts: 3) { transaction in
            let isOurs = try await holds(lease, transaction)
            try await put(isOurs ? bound : free, transaction)
            return isOurs
        }
    }

    /// Asks Postgres to change nothing, as it would be asked to keep something: one that takes no changes refuses.
    func tryToWrite() async throws {
        try await database.execute("UPDATE alerts SET ends_at = ends_at WHERE fingerprint = ''")
    }

    private func holds(_ lease: Lease?, _ transaction: Transaction) async throws -> Bool {
        guard let lease else { return true }
        do {
            try await transaction.require(lease)
            return true
        } catch let error as StoreError where error.code == .leaseLost {
            return false
        }
    }

    private func put(_ batch: RecordBatch, _ transaction: Transaction) async throws {
        try await put(alerts: batch.alerts, transaction)
        try await put(heard: batch.heard, ends: batch.ends, transaction)
        try await put(silences: batch.silences, transaction)
        try await put(acknowledgements: batch.acknowledgements, transaction)
        try await put(incidents: batch.incidents, transaction)
        try await put(told: batch.told, transaction)
        try await put(notices: batch.notices, transaction)
        try await put(begun: batch.begun, transaction)
        try await put(attempts: batch.attempts, transaction)
        try await put(timers: batch.timers, gone: batch.gone, transaction)
        try await put(audit: batch.audit, transaction)
    }

    /// Runs a statement over rows that it takes as one JSON array.
    ///
    /// - Returns: how many rows it changed.
    @discardableResult
    func run(
        _ sql: SQL, _ rows: [some Encodable], _ transaction: Transaction, more: [any Bindable] = []
    ) async throws -> Int {
        guard !rows.isEmpty else { return 0 }
        return try await transaction.execute(sql, [try JSONText.write(rows)] + more)
    }
}

/// Records sorted by kind, of each thing the newest only: a statement may touch a row once.
struct RecordBatch {
    private(set) var alerts: [Alert] = []
    private(set) var heard: [Alert] = []
    private(set) var ends: [AlertEnd] = []
    private(set) var told: [(ToldKey, ToldEntry)] = []
    private(set) var notices: [QueuedNotice] = []
    private(set) var begun: [Begun] = []
    private(set) var attempts: [Attempt] = []
    private(set) var timers: [GroupTimer] = []
    private(set) var gone: [GroupName] = []
    private(set) var silences: [Silence] = []
    private(set) var acknowledgements: [Acknowledgement] = []
    private(set) var incidents: [Incident] = []
    private(set) var audit: [AuditEntry] = []

    init(_ records: [Record]) {
        var alerts: [Fingerprint: Alert] = [:]
        var heard: [Fingerprint: Alert] = [:]
        var ends: [Fingerprint: AlertEnd] = [:]
        var told: [ToldKey: ToldEntry] = [:]
        var timers: [GroupName: GroupTimer?] = [:]
        var silences: [String: Silence] = [:]
        var incidents: [String: Incident] = [:]
        func note(_ key: ToldKey, _ entry: ToldEntry) {
            if (told[key]?.at ?? .zero) <= entry.at { told[key] = entry }
        }
        for record in records {
            switch record {
            case .alert(let alert):
                if (alerts[alert.fingerprint]?.updatedAt ?? .zero) <= alert.updatedAt {
                    alerts[alert.fingerprint] = alert
                }
            case .heard(let alert):
                if (heard[alert.fingerprint]?.updatedAt ?? .zero) <= alert.updatedAt {
                    heard[alert.fingerprint] = alert
                }
            case .end(let end):
                if (ends[end.fingerprint]?.updatedAt ?? .zero) <= end.updatedAt { ends[end.fingerprint] = end }
            case .told(let key, let entry): note(key, entry)
            case .notice(let queued):
                note(queued.notice.key, queued.notice.entry)
                notices.append(queued)
            case .message(let queued): notices.append(queued)
            case .begun(let begun): self.begun.append(begun)
            case .attempt(let attempt):
                attempts.append(attempt)
                for back in attempt.takenBack ?? [] { note(back.key, back.entry) }
            case .groups(let changed, let gone):
                for timer in changed { timers[timer.name] = .some(timer) }
                for name in gone { timers[name] = .some(nil) }
            case .silence(let silence):
                if (silences[silence.id]?.updatedAt ?? .zero) <= silence.updatedAt { silences[silence.id] = silence }
            case .incident(let incident):
                if (incidents[incident.group]?.changedAt ?? .zero) <= incident.changedAt {
                    incidents[incident.group] = incident
                }
            case .acknowledgement(let acknowledgement): acknowledgements.append(acknowledgement)
            case .audit(let entry): audit.append(entry)
            }
        }
        // In one order everywhere, so that two instances do not wait for each other.
        self.alerts = alerts.values.sorted { $0.fingerprint < $1.fingerprint }
        self.heard = heard.values.sorted { $0.fingerprint < $1.fingerprint }
        self.ends = ends.values.sorted { $0.fingerprint < $1.fingerprint }
        self.told = told.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        self.timers = timers.values.compactMap(\.self).sorted { $0.name.text < $1.name.text }
        gone = timers.filter { $0.value == nil }.map(\.key).sorted { $0.text < $1.text }
        self.silences = silences.values.sorted { $0.id < $1.id }
        self.incidents = incidents.values.sorted { $0.group < $1.group }
    }
}

extension GroupName {
    /// The name in one word, as the books keep it.
    var text: String { BoundedKey.make("\(route):\(labels):\(kind.rawValue)") }
}

/// JSON as Postgres takes it.
enum JSONText {
    static func write(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(value), as: UTF8.self)
        // Postgres keeps every character but this one.
        return text.contains("\\u0000") ? text.replacing("\\u0000", with: "\\ufffd") : text
    }

    static func read<Value: Decodable>(_ text: String) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    }
}
