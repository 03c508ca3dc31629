import Foundation
import Glibc

/// The files of a spool: `spool-NUMBER.jsonl`, and `aside-….jsonl` for what could not be used.
///
/// Every change is synced, the folder's own entry too. The folder is locked for as long as this lives.
final class SpoolFolder: Sendable {
    /// What this folder is known by, over all runs.
    let identity: String
    private let folder: URL
    private let lock: Int32

    /// - Throws: `Spool.Failure` when another process has the folder.
    init(_ folder: URL) throws {
        self.folder = folder
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        lock = open(folder.appending(path: "lock").path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw Self.failure("the spool's lock cannot be opened") }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw Spool.Failure(
                description: "another process has the spool folder \(folder.path): each instance needs one of its own")
        }
        identity = try Self.identity(in: folder)
    }

    private static func identity(in folder: URL) throws -> String {
        let file = folder.appending(path: "instance")
        if let data = FileManager.default.contents(atPath: file.path), data.count == 36 {
            return String(decoding: data, as: UTF8.self)
        }
        let made = UUID().uuidString.lowercased()
        try Data(made.utf8).write(to: file, options: .atomic)
        return made
    }

    deinit { close(lock) }

    func segments() throws -> [Int: SpoolFile] {
        var found: [Int: SpoolFile] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            guard name.hasPrefix("spool-"), name.hasSuffix(".jsonl"), let number = Int(name.dropFirst(6).dropLast(6))
            else { continue }
            let data = try contents(of: number)
            found[number] = SpoolFile(bytes: data.count, records: SpoolFile.count(data))
        }
        return found
    }

    func recordsAside() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix("aside-") }
            .reduce(0) { $0 + (try Data(contentsOf: folder.appending(path: $1)).count { $0 == 10 }) }
    }

    func contents(of number: Int) throws -> Data { try Data(contentsOf: file(number)) }

    /// Appends, and syncs. What a failure left half written is cut off again.
    ///
    /// - Parameter length: of the file so far; 0 for a new one.
    func append(_ data: Data, to number: Int, from length: Int) throws {
        let descriptor = open(file(number).path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("the spool cannot be opened") }
        defer { close(descriptor) }
        do {
            try Self.write(data, descriptor, at: length)
        } catch {
            // When even this fails the reader finds an unfinished record, and nothing behind it.
            _ = ftruncate(descriptor, off_t(length))
            throw error
        }
        if length == 0 { try sync() }
    }

    /// Writes a file whole.
    ///
    /// - Returns: false when it was there already.
    func write(_ data: Data, as name: String) throws -> Bool {
        let descriptor = open(folder.appending(path: name).path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor < 0, errno == EEXIST { return false }
        guard descriptor >= 0 else { throw Self.failure("\(name) cannot be opened") }
        defer { close(descriptor) }
        try Self.write(data, descriptor, at: 0)
        try sync()
        return true
    }

    func remove(_ number: Int) throws {
        guard unlink(file(number).path) == 0 else { throw Self.failure("a segment cannot be removed") }
        try sync()
    }

    private func file(_ number: Int) -> URL { folder.appending(path: "spool-\(number).jsonl") }

    /// A file is there after a crash only when its folder was synced.
    private func sync() throws {
        let descriptor = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("the spool's folder cannot be opened") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Self.failure("the spool's folder cannot be synced") }
    }

    private static func write(_ data: Data, _ descriptor: Int32, at start: Int) throws {
        var done = 0
        while done < data.count {
            let written = data[done...].withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress, $0.count, off_t(start + done))
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw failure("the spool cannot be written") }
            done += written
        }
        guard fdatasync(descriptor) == 0 else { throw failure("the spool cannot be synced") }
    }

    private static func failure(_ what: String) -> Spool.Failure {
        Spool.Failure(description: "\(what): \(String(cString: strerror(errno)))")
    }
}
