import Crypto
package import Foundation

/// A numbered SQL file, applied once and never changed after.
package struct MigrationFile: Sendable, Equatable {
    /// The number at the start of its name.
    package let version: Int
    /// The file's name.
    package let name: String
    package let sql: String
    /// SHA-256 of the bytes, in hexadecimal.
    package let checksum: String
    /// Older releases of the services may not run once this is applied: `-- minimum-release: 2` on a line of its own.
    package let minimumRelease: Int

    /// Where migrations are in a checkout and, beside the working directory, in an image.
    package static let defaultFolder = URL(filePath: "Shared/Store/Migrations")

    /// Reads all `NNNN_name.sql` of a folder, by number.
    ///
    /// - Throws: `StoreError.migration` when there are none, a name has another form, or two have one number.
    package static func load(from folder: URL) throws(StoreError) -> [MigrationFile] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        } catch {
            throw StoreError(.migration, "cannot read the folder of migrations \(folder.path): give its path")
        }
        var files: [MigrationFile] = []
        for name in names.sorted() where name.hasSuffix(".sql") {
            files.append(try read(folder.appending(path: name)))
        }
        guard !files.isEmpty else { throw StoreError(.migration, "no migrations in \(folder.path)") }
        for (earlier, later) in zip(files, files.dropFirst()) where earlier.version >= later.version {
            throw StoreError(.migration, "\(earlier.name) and \(later.name) have the same number")
        }
        return files
    }

    private static func read(_ file: URL) throws(StoreError) -> MigrationFile {
        let name = file.lastPathComponent
        guard let version = Int(name.prefix(4)), name.dropFirst(4).hasPrefix("_") else {
            throw StoreError(.migration, "\(name) is not named NNNN_name.sql")
        }
        guard let data = try? Data(contentsOf: file), let sql = String(data: data, encoding: .utf8) else {
            throw StoreError(.migration, "\(name) cannot be read as UTF-8")
        }
        let checksum = SHA256.hash(data: data).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
        return MigrationFile(
            version: version, name: name, sql: sql, checksum: checksum, minimumRelease: minimumRelease(in: sql))
    }

    private static func minimumRelease(in sql: String) -> Int {
        let mark = "-- minimum-release:"
        let lines = sql.split(separator: "\n").filter { $0.hasPrefix(mark) }
        return lines.compactMap { Int($0.dropFirst(mark.count).trimmingCharacters(in: .whitespaces)) }.max() ?? 0
    }
}
