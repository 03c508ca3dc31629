import Contracts
import Domain
import Logging
import Store
import Synchronization

/// An event of the tests' own: the n-th of a key.
func suiteEvent(_ key: String, _ number: Int, kind: String = "counted") -> Envelope<SuiteEvent> {
    Envelope(
        id: "\(key)-\(number)", source: "test", at: Timestamp(seconds: 1_700_000_000), correlation: "cor-\(number)",
        key: key,
        data: SuiteEvent(kind: kind, severity: "info", summary: "", description: "", labels: ["n": String(number)]))
}

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Collects from handlers that run concurrently.
final class Collected<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])
    func append(_ element: Element) { elements.withLock { $0.append(element) } }
    var all: [Element] { elements.withLock { $0 } }
}

/// Where the tests' effects go: a table of the superuser's making that every role may write.
let effectsTable = """
    CREATE TABLE effects (n bigint GENERATED ALWAYS AS IDENTITY, event_id text, key text, sequence bigint);
    GRANT INSERT, SELECT ON effects TO PUBLIC
    """

func recordEffect(_ event: StoredEvent, _ transaction: Transaction) async throws {
    try await transaction.query(
        "INSERT INTO effects (event_id, key, sequence) VALUES ($1, $2, $3)",
        [event.id, event.key, event.keySequence])
}
