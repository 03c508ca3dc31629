import AlertingCore
import Domain
import Store

/// What the books hold, for an instance that begins to lead.
struct StoredBooks: Sendable {
    var alerts: [Alert] = []
    var told: [(ToldKey, ToldEntry)] = []
    var timers: [GroupTimer] = []
    var silences: [Silence] = []
    var acknowledgements: [Acknowledgement] = []
    var incidents: [Incident] = []
    /// When the last daily test was made; nil: never.
    var testedAt: Timestamp?
    /// Not told yet, oldest first.
    var queued: [QueuedNotice] = []
    var threads: [ToldKey: MessageThread] = [:]
    /// Rows that could not be read, and why.
    var faults: [String] = []

    /// Reads rows; one that cannot be read is noted, and hides no other.
    mutating func read<Value>(_ rows: [Row], _ transform: (Row) throws -> Value) -> [Value] {
        rows.compactMap { row in
            do { return try transform(row) } catch {
                faults.append("\(Value.self): \(error)")
                return nil
            }
        }
    }
}

/// A moment in the history of the database: which transactions were done.
struct Snapshot: Sendable, Equatable {
    let text: String
}

extension AlertStore {
    private static let page = 10_000

    /// What is done up to now.
    func snapshot() async throws -> Snapshot {
        let rows = try await database.query("SELECT pg_current_snapshot()::text AS snapshot")
        guard let row = rows.first else { throw StoreError(.unexpectedResult, "no snapshot") }
        return Snapshot(text: try row.text("snapshot"))
    }

    /// What a destination takes for firing, also after a long time in which nobody told: its end is awaited.
    private static let awaited: SQL = """
        FROM notification_log WHERE firing <> '[]'::jsonb
            AND (expires_at > now() OR told_at > now() - interval '5 days')

        """

    /// All that a leader needs.
    ///
    /// - Parameter longestWait: how far back occurrences may wait to be told.
    func load(longestWait: Timestamp.Span = .seconds(0)) async throws -> StoredBooks {
        var books = StoredBooks()
        try await loadAlerts(&books, longestWait)
        books.told = books.read(try await database.query(Self.toldColumns + Self.awaited), Self.told)
        books.timers = books.read(try await database.query("SELECT timer::text AS timer FROM alert_groups")) {
            try JSONText.read($0.text("timer"))
        }
        books.silences = books.read(
            try await database.query(Self.silenceColumns + "FROM silences WHERE ends_at > now() - interval '5 days'"),
            Self.silence)
        books.acknowledgements = books.read(
            try await database.query(
                Self.acknowledgementColumns
                    + "FROM acknowledgements WHERE at > now() - interval '30 days' ORDER BY at, id"),
            Self.acknowledgement)
        books.incidents = books.read(
            try await database.query(Self.incidentColumns + "FROM escalations WHERE closed_at IS NULL"), Self.incident)
        books.queued = books.read(
            try await database.query(
                Self.noticeColumns
                    + "FROM notifications WHERE state IN ('queued', 'sending') ORDER BY created_at, id LIMIT $1",
                [DestinationQueue.waitingMax * 4]),
            Self.queued)
        books.testedAt = try await database.query(
            "SELECT max(at) AS at FROM alerting_audit WHERE action = 'test' AND through = $1", [AlertDesk.daily]
        ).first.flatMap { try $0.optional("at", as: WallTime.self)?.time }
        try await loadThreads(&books)
        return books
    }

    /// Those that fire, those whose end is still to be told, those that ended a moment ago, and occurrences that may wait.
    private func loadAlerts(_ books: inout StoredBooks, _ longestWait: Timestamp.Span) async throws {
        let wait = Duration.nanoseconds(longestWait.nanoseconds)
        var last = ""
        while true {
            let rows = try await database.query(
                "SELECT fingerprint, " + Self.alertColumns + """
                    FROM alerts WHERE fingerprint > $1 AND (ends_at > now() - interval '30 minutes'
                        OR kind = 'event' AND ends_at > now() - interval '30 minutes' - $3::interval
                        OR fingerprint IN (SELECT jsonb_array_elements_text(firing)

                    """ + Self.awaited + ")) ORDER BY fingerprint LIMIT $2", [last, Self.page, wait])
            books.alerts += books.read(rows, Self.alert)
            guard rows.count == Self.page, let row = rows.last else { return }
            last = try row.text("fingerprint")
        }
    }

    private func loadThreads(_ books: inout StoredBooks) async throws {
        let rows = try await database.query(
            "SELECT group_key, destination, place, message FROM message_threads WHERE at > now() - interval '5 days'")
        for row in rows {
            let key = ToldKey(group: try row.text("group_key"), destination: try row.text("destination"))
            books.threads[key] = MessageThread(place: try row.text("place"), message: try row.text("message"))
        }
    }

    // MARK: - What others write

    /// What other instances have written since a snapshot; some of it perhaps again.
    func changes(since snapshot: Snapshot) async throws -> StoredBooks {
        let fresh: SQL = """
            WHERE writer <> $2 AND changed >= pg_snapshot_xmin($1::pg_snapshot)
                AND NOT pg_visible_in_snapshot(changed, $1::pg_snapshot)

            """
        func rows(_ columns: SQL, _ table: SQL, _ end: SQL = "") async throws -> [Row] {
            try await database.query(columns + table + fresh + end, [snapshot.text, writer])
        }
        var books = StoredBooks()
        books.alerts = books.read(try await rows("SELECT " + Self.alertColumns, "FROM alerts "), Self.alert)
        books.told = books.read(try await rows(Self.toldColumns, "FROM notification_log "), Self.told)
        books.silences = books.read(try await rows(Self.silenceColumns, "FROM silences "), Self.silence)
        books.acknowledgements = books.read(
            try await rows(Self.acknowledgementColumns, "FROM acknowledgements ", "ORDER BY at, id"),
            Self.acknowledgement)
        books.incidents = books.read(try await rows(Self.incidentColumns, "FROM escalations "), Self.incident)
        books.queued = books.read(
            try await rows(Self.noticeColumns, "FROM notifications ", "AND state = 'queued' ORDER BY created_at, id"),
            Self.queued)
        return books
    }

    // MARK: - Rows

    private static let alertColumns: SQL = """
        labels::text AS labels, annotations::text AS annotations, starts_at, ends_at, updated_at, end_is_timeout, kind,
            generator_url, flapping::text AS flapping

        """

    private static func alert(_ row: Row) throws -> Alert {
        var alert = Alert(
            labels: try JSONText.read(row.text("labels")), annotations: try JSONText.read(row.text("annotations")),
            startsAt: try row.wallTime("starts_at"), endsAt: try row.wallTime("ends_at"),
            updatedAt: try row.wallTime("updated_at"), endIsTimeout: try row.bool("end_is_timeout"),
            generatorURL: try row.text("generator_url"),
            kind: Alert.Kind(rawValue: try row.text("kind")) ?? .condition)
        alert.flapping = try row.optional("flapping", as: String.self).map { try JSONText.read($0) }
        return alert
    }

    private static let toldColumns: SQL = """
        SELECT group_key, destination, firing::text AS firing, resolved::text AS resolved, told_at, expires_at, is_open

        """

    private static func told(_ row: Row) throws -> (ToldKey, ToldEntry) {
        (
            ToldKey(group: try row.text("group_key"), destination: try row.text("destination")),
            ToldEntry(
                firing: try JSONText.read(row.text("firing")), resolved: try JSONText.read(row.text("resolved")),
                at: try row.wallTime("told_at"), expiresAt: try row.wallTime("expires_at"),
                isOpen: try row.bool("is_open"))
        )
    }

    private static let silenceColumns: SQL = """
        SELECT id, matchers::text AS matchers, starts_at, ends_at, created_by, comment, annotations::text AS annotations,
            updated_at

        """

    private static func silence(_ row: Row) throws -> Silence {
        Silence(
            id: try row.text("id"), matchers: try JSONText.read(row.text("matchers")),
            startsAt: try row.wallTime("starts_at"), endsAt: try row.wallTime("ends_at"),
            updatedAt: try row.wallTime("updated_at"), createdBy: try row.text("created_by"),
            comment: try row.text("comment"), annotations: try JSONText.read(row.text("annotations")))
    }

    private static let acknowledgementColumns: SQL =
        "SELECT id, kind, subject, acknowledged, by_whom, through, comment, at "

    private static func acknowledgement(_ row: Row) throws -> Acknowledgement {
        Acknowledgement(
            id: try row.text("id"), kind: Acknowledgement.Kind(rawValue: try row.text("kind")) ?? .alert,
            subject: try row.text("subject"), acknowledged: try row.bool("acknowledged"), by: try row.text("by_whom"),
            through: try row.text("through"), comment: try row.text("comment"), at: try row.wallTime("at"))
    }

    private static let incidentColumns: SQL = "SELECT incident::text AS incident "

    private static func incident(_ row: Row) throws -> Incident { try JSONText.read(row.text("incident")) }

    private static let noticeColumns: SQL = """
        SELECT id, (body -> 'notice')::text AS notice, channel, resend_of, attempts, next_attempt_at,
            coalesce(expires_at, created_at + interval '6 hours') AS expires_at, state = 'sending' AS unfinished, in_doubt

        """

    static func queued(_ row: Row) throws -> QueuedNotice {
        QueuedNotice(
            id: try row.text("id"), notice: try JSONText.read(row.text("notice")), channel: try row.text("channel"),
            expiresAt: try row.wallTime("expires_at"), resendOf: try row.optional("resend_of"),
            attempts: try row.int("attempts"), nextAt: try row.wallTime("next_attempt_at"),
            isUnfinished: try row.bool("unfinished"),
            isInDoubt: try row.bool("in_doubt") || row.bool("unfinished"))
    }

    /// A notice, whatever became of it.
    func notice(_ id: String) async throws -> QueuedNotice? {
        try await database.query(Self.noticeColumns + "FROM notifications WHERE id = $1", [id]).map(Self.queued).first
    }
}
