import Dispatch
import Foundation
import Synchronization

/// Records on the local disk while Postgres is away, synced before anybody is told that they are kept.
///
/// A record is a separator, JSON and a line feed (RFC 7464), so that one which a crash cut off or the disk spoiled hides
/// no other. One process has the folder at a time.
final class Spool: Sendable {
    /// The spool cannot keep more, or the disk does not work.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Records that are read and dropped together.
    struct Segment: Sendable {
        let number: Int
        let records: [Record]
    }

    private struct State {
        var segments: [Int: SpoolFile]
        /// New records go there; nil: to a new one.
        var open: Int?
        var next: Int
        /// Bytes that were left when it was last made smaller.
        var compactedBytes = 0
    }

    /// Most bytes that are kept. Posts are refused at nine tenths, so that what became of them still finds room.
    static let bytesMax = 64 << 20
    static let bytesMaxForPosts = bytesMax / 10 * 9
    private static let segmentBytes = 1 << 20
    private static let recordsOfPart = 2000
    /// It is made smaller after so many more bytes at the latest.
    private static let growthMax = 8 << 20

    private let compactsFrom: Int
    private let folder: SpoolFolder
    private let queue = DispatchQueue(label: "alert-spool")
    private let state: Mutex<State>
    private let setAside: @Sendable (_ file: String, _ records: Int) -> Void

    /// Opens the folder, and finds what an earlier run left.
    ///
    /// - Parameters:
    ///   - compactsFrom: it is made smaller when so many bytes have come to what was left the last time, or as many as that.
    ///   - setAside: told of each file of records that could not be used.
    /// - Throws: `Failure` when another process has it, or it cannot be read.
    init(
        folder: URL, compactsFrom: Int = 4 << 20,
        setAside: @escaping @Sendable (_ file: String, _ records: Int) -> Void = { _, _ in }
    ) throws {
        self.compactsFrom = compactsFrom
        self.folder = try SpoolFolder(folder)
        self.setAside = setAside
        let segments = try self.folder.segments()
        state = Mutex(State(segments: segments, next: (segments.keys.max() ?? 0) + 1))
    }

    /// What this instance is known by, over all its runs: nobody else has the folder.
    var instance: String { folder.identity }
    /// Records in all segments.
    var count: Int { state.withLock { $0.segments.values.reduce(0) { $0 + $1.records } } }
    var isEmpty: Bool { state.withLock { $0.segments.isEmpty } }
    /// Bytes in all segments.
    var bytes: Int { state.withLock { bytes(of: $0) } }
    /// Records that could not be used and wait in files beside the spool for somebody to look at them.
    var recordsAside: Int { get throws { try folder.recordsAside() } }

    /// Keeps records; returns when they are on the disk.
    ///
    /// - Throws: `Failure`; none of them counts as kept then.
    func append(_ records: [Record]) async throws {
        try await perform { [self] in
            let data = try SpoolFile.encode(records)
            if state.withLock({
                bytes(of: $0) + data.count > $0.compactedBytes
                    + max(compactsFrom, min($0.compactedBytes, Self.growthMax))
            }) {
                compact()
            }
            guard bytes + data.count <= Self.bytesMax else { throw Failure(description: "the spool is full") }
            var (number, file) = state.withLock { state in
                let number = state.open ?? state.next
                return (number, state.segments[number] ?? SpoolFile())
            }
            do {
                try folder.append(data, to: number, from: file.bytes)
            } catch {
                // What may be half written stays behind; the next records go to a file of their own.
                state.withLock { state in
                    state.open = nil
                    state.next = max(state.next, number + 1)
                }
                throw error
            }
            file.bytes += data.count
            file.records += records.count
            state.withLock { state in
                state.segments[number] = file
                state.next = max(state.next, number + 1)
                state.open = file.bytes < Self.segmentBytes ? number : nil
            }
        }
    }

    /// The oldest segment; from now on new records go to another one. Nil when there is nothing.
    func oldest() async throws -> Segment? {
        try await perform { [self] in
            let number = state.withLock { state in
                let number = state.segments.keys.min()
                if number == state.open { state.open = nil }
                return number
            }
            return try number.map { Segment(number: $0, records: try read($0)) }
        }
    }

    /// All records, oldest first, without taking them away.
    func all() async throws -> [Record] {
        try await perform { [self] in
            let numbers = state.withLock { $0.segments.keys.sorted() }
            return try numbers.flatMap { try read($0) }
        }
    }

    /// Removes a segment whose records are in the books.
    ///
    /// - Parameter refused: those of them that the books will never take; they are set aside.
    func drop(_ segment: Segment, refused: [Record] = []) async throws {
        try await perform { [self] in
            if !refused.isEmpty {
                try put(aside: SpoolFile.encode(refused), refused.count, of: segment.number, because: "refused")
            }
            try folder.remove(segment.number)
            state.withLock { $0.segments[segment.number] = nil }
        }
    }

    private func bytes(of state: State) -> Int { state.segments.values.reduce(0) { $0 + $1.bytes } }

    /// Leaves what later records say anew out of all segments but the oldest, which may be on its way to Postgres: what is
    /// heard of again and again while Postgres is away must not fill the disk. What a crash leaves of it is there twice, which
    /// does no harm.
    private func compact() {
        let old = state.withLock { Array($0.segments.keys.sorted().dropFirst()) }
        do {
            let made = try rewrite(old)
            state.withLock { state in
                state.segments.merge(made) { $1 }
                state.next = max(state.next, (made.keys.max() ?? 0) + 1)
                state.open = nil
            }
            for number in old {
                try folder.remove(number)
                state.withLock { $0.segments[number] = nil }
            }
        } catch {
            // A disk that is full, most likely. All is there still, and after some more bytes this is tried again.
        }
        state.withLock { $0.compactedBytes = bytes(of: $0) }
    }

    private func rewrite(_ old: [Int]) throws -> [Int: SpoolFile] {
        var made: [Int: SpoolFile] = [:]
        var rest = try Record.newest(old.flatMap { try read($0) })[...]
        var next = state.withLock { $0.next }
        do {
            while !rest.isEmpty {
                let part = Array(rest.prefix(Self.recordsOfPart))
                let data = try SpoolFile.encode(part)
                made[next] = SpoolFile(bytes: data.count, records: part.count)
                try folder.append(data, to: next, from: 0)
                rest = rest.dropFirst(part.count)
                next += 1
            }
            return made
        } catch {
            // What cannot be removed either is there twice, which does no harm.
            for number in made.keys { try? folder.remove(number) }
            throw error
        }
    }

    private func read(_ number: Int) throws -> [Record] {
        let content = SpoolFile.decode(try folder.contents(of: number))
        if !content.unreadable.isEmpty {
            let data = Data(content.unreadable.joined(separator: [10])) + [10]
            try put(aside: data, content.unreadable.count, of: number, because: "unreadable")
        }
        return content.records
    }

    private func put(aside data: Data, _ records: Int, of number: Int, because reason: String) throws {
        let name = "aside-\(number)-\(reason).jsonl"
        if try folder.write(data, as: name) { setAside(name, records) }
    }

    /// Off the cooperative pool: syncing blocks.
    private func perform<Answer: Sendable>(_ body: @escaping @Sendable () throws -> Answer) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try body() }) }
        }
    }
}
