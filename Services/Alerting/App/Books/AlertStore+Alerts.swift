import AlertingCore
import Domain
import Store

extension AlertStore {
    /// Alerts with all they say; an older version changes nothing.
    func put(alerts: [Alert], _ transaction: Transaction) async throws {
        try await run(
            """
            INSERT INTO alerts AS a (fingerprint, labels, annotations, starts_at, ends_at, end_is_timeout, kind,
                generator_url, updated_at, flapping, writer)
            SELECT r.*, $2 FROM jsonb_to_recordset($1::jsonb) AS r(
                fingerprint text, labels jsonb, annotations jsonb, starts_at timestamptz, ends_at timestamptz,
                end_is_timeout boolean, kind text, generator_url text, updated_at timestamptz, flapping jsonb)
            ORDER BY fingerprint
            ON CONFLICT (fingerprint) DO UPDATE SET annotations = excluded.annotations, starts_at = excluded.starts_at,
                ends_at = excluded.ends_at, end_is_timeout = excluded.end_is_timeout, kind = excluded.kind,
                generator_url = excluded.generator_url, updated_at = excluded.updated_at, flapping = excluded.flapping, writer = excluded.writer,
                changed = pg_current_xact_id()
            WHERE a.updated_at <= excluded.updated_at
            """, alerts.map(AlertRow.init), transaction, more: [writer])
    }

    /// What was only heard of again: a narrow update. Where a row is not there after all, it is made.
    func put(heard: [Alert], ends: [AlertEnd], _ transaction: Transaction) async throws {
        guard !heard.isEmpty else {
            try await move(ends, transaction)
            return
        }
        let moved = try await move(heard.map(AlertEnd.init), transaction)
        if moved < heard.count { try await put(alerts: heard, transaction) }
        try await move(ends, transaction)
    }

    /// - Returns: how many of the rows are there.
    @discardableResult
    private func move(_ ends: [AlertEnd], _ transaction: Transaction) async throws -> Int {
        try await run(
            """
            UPDATE alerts a SET
                ends_at = CASE WHEN a.updated_at <= r.updated_at THEN r.ends_at ELSE a.ends_at END,
                end_is_timeout = CASE WHEN a.updated_at <= r.updated_at THEN r.end_is_timeout ELSE a.end_is_timeout END,
                updated_at = greatest(a.updated_at, r.updated_at), writer = $2, changed = pg_current_xact_id()
            FROM jsonb_to_recordset($1::jsonb) AS r(
                fingerprint text, ends_at timestamptz, end_is_timeout boolean, updated_at timestamptz)
            WHERE a.fingerprint = r.fingerprint
            """, ends.map(AlertRow.End.init), transaction, more: [writer])
    }

    func put(silences: [Silence], _ transaction: Transaction) async throws {
        try await run(
            """
            INSERT INTO silences AS s (id, matchers, starts_at, ends_at, created_by, comment, annotations, updated_at, writer)
            SELECT r.*, $2 FROM jsonb_to_recordset($1::jsonb) AS r(
                id text, matchers jsonb, starts_at timestamptz, ends_at timestamptz, created_by text, comment text,
                annotations jsonb, updated_at timestamptz)
            ON CONFLICT (id) DO UPDATE SET matchers = excluded.matchers, starts_at = excluded.starts_at,
                ends_at = excluded.ends_at, created_by = excluded.created_by, comment = excluded.comment,
                annotations = excluded.annotations, updated_at = excluded.updated_at, writer = excluded.writer,
                changed = pg_current_xact_id()
            WHERE s.updated_at <= excluded.updated_at
            """, silences.map(SilenceRow.init), transaction, more: [writer])
    }

    func put(acknowledgements: [Acknowledgement], _ transaction: Transaction) async throws {
        try await run(
            """
            INSERT INTO acknowledgements (id, kind, subject, acknowledged, by_whom, through, comment, at, writer)
            SELECT r.*, $2 FROM jsonb_to_recordset($1::jsonb) AS r(
                id text, kind text, subject text, acknowledged boolean, by_whom text, through text, comment text,
                at timestamptz)
            ON CONFLICT (id) DO NOTHING
            """, acknowledgements.map(AcknowledgementRow.init), transaction, more: [writer])
    }

    /// Incidents as they are now; an older version changes nothing.
    func put(incidents: [Incident], _ transaction: Transaction) async throws {
        try await run(
            """
            INSERT INTO escalations AS e (group_key, incident, changed_at, closed_at, writer)
            SELECT r.*, $2 FROM jsonb_to_recordset($1::jsonb) AS r(
                group_key text, incident jsonb, changed_at timestamptz, closed_at timestamptz)
            ON CONFLICT (group_key) DO UPDATE SET incident = excluded.incident, changed_at = excluded.changed_at,
                closed_at = excluded.closed_at, writer = excluded.writer, changed = pg_current_xact_id()
            WHERE e.changed_at <= excluded.changed_at
            """, incidents.map(IncidentRow.init), transaction, more: [writer])
    }

    func put(audit: [AuditEntry], _ transaction: Transaction) async throws {
        try await run(
            """
            INSERT INTO alerting_audit (at, by_whom, through, action, subject, detail)
            SELECT * FROM jsonb_to_recordset($1::jsonb) AS r(
                at timestamptz, by_whom text, through text, action text, subject text, detail text)
            """, audit.map(AuditRow.init), transaction)
    }
}

/// An alert as its row has it.
struct AlertRow: Encodable {
    struct End: Encodable {
        let fingerprint: String
        let ends_at: String
        let end_is_timeout: Bool
        let updated_at: String

        init(_ end: AlertEnd) {
            fingerprint = end.fingerprint.description
            ends_at = WallTime(end.endsAt).boundText
            end_is_timeout = end.endIsTimeout
            updated_at = WallTime(end.updatedAt).boundText
        }
    }

    let fingerprint: String
    let labels: Labels
    let annotations: Labels
    let starts_at: String
    let ends_at: String
    let end_is_timeout: Bool
    let kind: String
    let generator_url: String
    let updated_at: String
    let flapping: Flapping?

    init(_ alert: Alert) {
        fingerprint = alert.fingerprint.description
        labels = alert.labels
        annotations = alert.annotations
        starts_at = WallTime(alert.startsAt).boundText
        ends_at = WallTime(alert.endsAt).boundText
        end_is_timeout = alert.endIsTimeout
        kind = alert.kind.rawValue
        generator_url = alert.generatorURL
        updated_at = WallTime(alert.updatedAt).boundText
        flapping = alert.flapping
    }
}

private struct SilenceRow: Encodable {
    let id: String
    let matchers: [Matcher]
    let starts_at: String
    let ends_at: String
    let created_by: String
    let comment: String
    let annotations: Labels
    let updated_at: String

    init(_ silence: Silence) {
        id = silence.id
        matchers = silence.matchers
        starts_at = WallTime(silence.startsAt).boundText
        ends_at = WallTime(silence.endsAt).boundText
        created_by = silence.createdBy
        comment = silence.comment
        annotations = silence.annotations
        updated_at = WallTime(silence.updatedAt).boundText
    }
}

private struct AcknowledgementRow: Encodable {
    let id: String
    let kind: String
    let subject: String
    let acknowledged: Bool
    let by_whom: String
    let through: String
    let comment: String
    let at: String

    init(_ acknowledgement: Acknowledgement) {
        id = acknowledgement.id
        kind = acknowledgement.kind.rawValue
        subject = acknowledgement.subject
        acknowledged = acknowledgement.acknowledged
        by_whom = acknowledgement.by
        through = acknowledgement.through
        comment = acknowledgement.comment
        at = WallTime(acknowledgement.at).boundText
    }
}

private struct IncidentRow: Encodable {
    let group_key: String
    let incident: Incident
    let changed_at: String
    let closed_at: String?

    init(_ incident: Incident) {
        group_key = incident.group
        self.incident = incident
        changed_at = WallTime(incident.changedAt).boundText
        closed_at = incident.closedAt.map { WallTime($0).boundText }
    }
}

private struct AuditRow: Encodable {
    let at: String
    let by_whom: String
    let through: String
    let action: String
    let subject: String
    let detail: String

    init(_ entry: AuditEntry) {
        at = WallTime(entry.at).boundText
        by_whom = entry.by
        through = entry.through
        action = entry.action
        subject = entry.subject
        detail = entry.detail
    }
}
