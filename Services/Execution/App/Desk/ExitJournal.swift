import Dispatch
import Domain
import ExecutionCore
import Foundation
import Synchronization

/// What an account's protective orders need while the database is away, in files of execution's own: for each market a snapshot
/// of position and exits, replaced whole, and a log that only grows until it is in the books. Written with fsync.
final class ExitJournal: Sendable {
    /// A market as it was last known.
    struct Snapshot: Codable, Sendable, Equatable {
        var position: String
        var quantity: Quantity
        var cost: Money
        var strategy: String
        var version: Int64
        var exits: [Order]
        /// The ids of those that were at the venue.
        var atVenue: [String]
        /// The ids of those that were sent as market orders; nil in a snapshot of an earlier version.
        var fired: [String]?
        var stop: Price?
        var target: Price?
        /// The version of each exit; nil where all are of `version`.
        var versions: [String: Int64]?
    }

    /// What was done without the books.
    enum Record: Codable, Sendable, Equatable {
        /// A protective order was sent as a market order, its partners given up.
        case fired(order: String, partners: [String])
        case filled(Fill)
        /// What is held since has new protective orders, which are watched here.
        case guarded(Snapshot)
    }

    private let folder: URL
    private let queue: DispatchQueue
    private let last = Mutex<[Symbol: Snapshot]>([:])

    /// - Parameter folder: of this account; made when it is missing.
    init(folder: URL, account: String) throws {
        self.folder = folder
        queue = DispatchQueue(label: "exit-journal.\(account)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// Keeps the newest snapshot of a market, if it changed.
    func remember(_ symbol: Symbol, _ snapshot: Snapshot?) async throws {
        guard last.withLock({ $0[symbol] }) != snapshot || snapshot == nil else { return }
        let target = file(symbol, "json")
        let bytes = try snapshot.map { try Self.encode($0) }
        try await perform { [folder] in
            guard let bytes else {
                if access(target.path, F_OK) == 0 {
                    try FileManager.default.removeItem(at: target)
                    try Self.sync(folder)
                }
                return
            }
            let draft = target.appendingPathExtension("new")
            try Self.write(bytes, to: draft, flags: O_WRONLY | O_CREAT | O_TRUNC)
            guard rename(draft.path, target.path) == 0 else { throw Failure(operation: "rename", number: errno) }
            try Self.sync(folder)
        }
        last.withLock { $0[symbol] = snapshot }
    }

    /// The newest snapshot of a market; nil when nothing was held there.
    ///
    /// - Throws: `Unreadable` when there is one and it says nothing: the position in it is not protected without the books.
    func recall(_ symbol: Symbol) async throws -> Snapshot? {
        let source = file(symbol, "json")
        return try await perform {
            guard access(source.path, F_OK) == 0 else { return nil }
            do { return try JSONDecoder().decode(Snapshot.self, from: Data(contentsOf: source)) } catch {
                throw Unreadable(file: source.lastPathComponent)
            }
        }
    }

    /// The markets of which something is kept: those that need looking after even when nobody else can be asked.
    func symbols() throws -> [Symbol] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        return Set(
            names.filter { $0.hasSuffix(".json") || $0.hasSuffix(".log") }.compactMap { name in
                name.split(separator: ".").first.flatMap { Symbol($0) }
            }
        ).sorted()
    }

    /// Writes down what was done, before anybody relies on it.
    func append(_ records: [Record], _ symbol: Symbol) async throws {
        guard !records.isEmpty else { return }
        // A line that an earlier write left unfinished must not swallow this one.
        var bytes = Data([0x0a])
        for record in records {
            bytes += try Self.encode(record)
            bytes.append(0x0a)
        }
        let target = file(symbol, "log")
        let complete = bytes
        try await perform { [folder] in
            let isNew = access(target.path, F_OK) != 0
            try Self.write(complete, to: target, flags: O_WRONLY | O_CREAT | O_APPEND)
            if isNew { try Self.sync(folder) }
        }
    }

    /// What is not in the books yet, and how many lines say nothing. One that was cut off in mid-write was never relied on; any
    /// other would have been something that was done.
    func records(_ symbol: Symbol) async throws -> (records: [Record], unreadable: Int) {
        let source = file(symbol, "log")
        return try await perform {
            guard access(source.path, F_OK) == 0 else { return ([], 0) }
            let lines = try Data(contentsOf: source).split(separator: 0x0a)
            // What cannot be read is counted, and told by the caller.
            let records = lines.compactMap { try? JSONDecoder().decode(Record.self, from: $0) }
            return (records, lines.count - records.count)
        }
    }

    /// Everything of a market is in the books. With lines that could not be read the file is kept under another name.
    func clear(_ symbol: Symbol, keeping: Bool = false) async throws {
        let target = file(symbol, "log")
        let kept = file(symbol, "unreadable")
        try await perform { [folder] in
            guard access(target.path, F_OK) == 0 else { return }
            if keeping {
                guard rename(target.path, kept.path) == 0 else { throw Failure(operation: "rename", number: errno) }
            } else {
                try FileManager.default.removeItem(at: target)
            }
            try Self.sync(folder)
        }
    }

    /// A file is there and is not what was written.
    struct Unreadable: Error, CustomStringConvertible {
        let file: String
        var description: String { "\(file) of the exit journal cannot be read" }
    }

    /// A file could not be written.
    struct Failure: Error, CustomStringConvertible {
        let operation: String
        let number: Int32
        var description: String { "\(operation): \(String(cString: strerror(number)))" }
    }

    private func file(_ symbol: Symbol, _ kind: String) -> URL { folder.appending(path: "\(symbol).\(kind)") }

    /// Off the cooperative pool: fsync blocks.
    private func perform<Answer: Sendable>(_ body: @escaping @Sendable () throws -> Answer) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try body() }) }
        }
    }

    private static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return try encoder.encode(value)
    }

    /// Without it a file that was made or renamed may be gone after the machine lost its power, whatever was synced of it.
    private static func sync(_ folder: URL) throws {
        let descriptor = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(operation: "open", number: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Failure(operation: "fsync", number: errno) }
    }

    private static func write(_ bytes: Data, to file: URL, flags: Int32) throws {
        let descriptor = open(file.path, flags | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(operation: "open", number: errno) }
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw Failure(operation: "write", number: errno) }
            rest = rest.dropFirst(count)
        }
        guard fsync(descriptor) == 0 else { throw Failure(operation: "fsync", number: errno) }
    }
}
