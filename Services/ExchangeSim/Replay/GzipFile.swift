import Foundation

/// Reads files that may be compressed, whole, through the system's gzip.
enum GzipFile {
    /// A recording that cannot be read.
    struct Unreadable: Error, CustomStringConvertible {
        let path: String
        let reason: String
        var description: String { "\(path): \(reason)" }
    }

    /// The contents, unpacked when the name ends in `.gz`. Blocks; not for the cooperative pool.
    static func read(_ path: String) throws -> [UInt8] {
        guard FileManager.default.isReadableFile(atPath: path) else {
            throw Unreadable(path: path, reason: "cannot be read")
        }
        guard path.hasSuffix(".gz") else { return Array(try Data(contentsOf: URL(filePath: path))) }
        let process = Process()
        process.executableURL = URL(filePath: "/bin/gzip")
        process.arguments = ["-dc", "--", path]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Unreadable(path: path, reason: "is no gzip file") }
        return Array(data)
    }
}
