import Dispatch
import Foundation
import Glibc

/// Records on the local disk while Postgres is away: lines of JSON, synced before anybody is told that they are kept.
actor Spool {
    /// The spool cannot keep more, or the disk does not work.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Most bytes that are kept.
    static let bytesMax = 64 << 20

    private let folder: URL
    private let queue = DispatchQueue(label: "alert-spool")
    private var bytes = 0
    /// Records in all segments.
    private(set) var count = 0
    private var segment: Int
    private var segmentIsEmpty = true

    /// Opens the folder, and finds what an earlier run left.
    init(folder: URL) throws {
        self.folder = folder
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let numbers = try Self.segments(in: folder)
        segment = (numbers.last ?? 0) + 1
        for number in numbers {
            let data = try Data(contentsOf: Self.file(number, in: folder))
            bytes += data.count
            count += data.count { $0 == 10 }
        }
    }

    var isEmpty: Bool { count == 0 }

    /// Keeps records; returns when they are on the disk.
    func append(_ records: [Record]) async throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var data = Data()
        for record in records { data += try encoder.encode(record) + [10] }
        guard bytes + data.count <= Self.bytesMax else { throw Failure(description: "the spool is full") }
        bytes += data.count
        count += records.count
        segmentIsEmpty = false
        try await write(data, to: Self.file(segment, in: folder))
    }

    /// All records, oldest first; from now on new ones go to another file.
    func take() throws -> [Record] {
        if !segmentIsEmpty {
            segment += 1
            segmentIsEmpty = true
        }
        return try Self.segments(in: folder).filter { $0 < segment }.flatMap { number in
            try Self.records(in: Self.file(number, in: folder))
        }
    }

    /// Removes what `take` gave.
    func drop(_ taken: Int) throws {
        for number in try Self.segments(in: folder) where number < segment {
            let file = Self.file(number, in: folder)
            bytes -= (try FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int) ?? 0
            try FileManager.default.removeItem(at: file)
        }
        count = segmentIsEmpty ? 0 : count - taken
        if segmentIsEmpty { bytes = 0 }
    }

    private static func file(_ number: Int, in folder: URL) -> URL { folder.appending(path: "spool-\(number).jsonl") }

    private static func segments(in folder: URL) throws -> [Int] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).compactMap { name in
            guard name.hasPrefix("spool-"), name.hasSuffix(".jsonl") else { return nil }
            return Int(name.dropFirst(6).dropLast(6))
        }.sorted()
    }

    /// The records of a file. A last line that was cut off by a crash was never acknowledged and is left out.
    private static func records(in file: URL) throws -> [Record] {
        let data = try Data(contentsOf: file)
        let decoder = JSONDecoder()
        return data.split(separator: 10).compactMap { try? decoder.decode(Record.self, from: Data($0)) }
    }

    private func write(_ data: Data, to file: URL) async throws {
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            queue.async { done.resume(with: Result { try Self.append(data, to: file) }) }
        }
    }

    private static func append(_ data: Data, to file: URL) throws {
        let descriptor = open(file.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(description: "the spool cannot be opened") }
        defer { close(descriptor) }
        var left = data[...]
        while !left.isEmpty {
            let written = left.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard written > 0 else { throw Failure(description: "the spool cannot be written") }
            left = left.dropFirst(written)
        }
        guard fdatasync(descriptor) == 0 else { throw Failure(description: "the spool cannot be synced") }
    }
}
